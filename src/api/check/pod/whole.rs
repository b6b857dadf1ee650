//! Decides what the parts of a pod are looked at with: what they name beside themselves, and whose rules hold.
//! It never holds a rule.

use super::super::at::At;
use super::rules::Rules;
use super::volumes::Volumes;
use std::collections::BTreeSet;

/// What containers are looked at with.
#[derive(Debug)]
pub(super) struct Pod<'p, 'v> {
    /// The pod they are of.
    pub(super) spec: &'p At<'v>,
    /// Its volumes that are well formed.
    pub(super) volumes: &'p Volumes<'v>,
    /// The names of its claims.
    pub(super) claims: &'p BTreeSet<&'v str>,
    /// Whose rules hold.
    pub(super) rules: Rules,
}
