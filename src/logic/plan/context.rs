//! Decides what all changes of one commit have in common. It never decides a change.

use crate::api::key::Key;
use crate::logic::plan::size::Scaler;
use std::collections::{BTreeMap, BTreeSet};

/// What every change of one delivery has in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlanContext {
    /// Name of the inventory.
    pub(crate) source: String,
    /// The commit that is applied.
    pub(crate) commit: String,
    /// Its subject and author, for people.
    pub(crate) subject: String,
    /// Workloads whose size is not Git's to say, with who says it.
    pub(crate) scaled: BTreeMap<Key, Scaler>,
    /// Objects of which it is not certain what was applied last.
    pub(crate) uncertain: BTreeSet<Key>,
    /// Whether lists are replaced whole rather than merged, because what the merge makes of them is refused.
    pub(crate) whole_lists: bool,
    /// Whether objects that leave Git stay in the cluster.
    pub(crate) keeps: bool,
    /// Objects that the commit may prune at once, however many there are.
    pub(crate) may_prune: usize,
}
