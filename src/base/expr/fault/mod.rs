//! Decides what can be wrong with an expression: one enum with a code for each text, grouped by where it is found.
//! It never decides where in the text the fault stands, nor how that place is shown.
//!
//! - [`read`]: what is no expression
//! - [`types`]: what does not fit the types of the values
//! - [`argument`]: what a built-in function refuses, before or while it is called
//! - [`run`]: what happens only while evaluating
//! - [`moment`]: texts that are no date, no duration or no time zone
//! - [`pattern`]: texts that are no regular expression
//! - [`limit`]: too much work or memory

pub(super) mod argument;
pub(super) mod limit;
pub(super) mod moment;
pub(super) mod pattern;
pub(super) mod read;
pub(super) mod run;
pub(super) mod types;

use crate::go_text::BadNumber;
use thiserror::Error;

/// What is wrong with an expression. Each text is expr-lang's, Argo's or Go's own, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(transparent)]
pub(super) enum Fault {
    Read(#[from] read::ReadFault),
    Types(#[from] types::TypeFault),
    Argument(#[from] argument::ArgumentFault),
    Run(#[from] run::RunFault),
    Moment(#[from] moment::MomentFault),
    Pattern(#[from] pattern::PatternFault),
    Limit(#[from] limit::Limit),
    Number(#[from] BadNumber),
}

/// A fault that still lacks the source text: what, and at which character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FaultAt {
    pub(super) fault: Fault,
    pub(super) at: usize,
}

impl FaultAt {
    /// `fault` at character `at`.
    pub(super) fn new(at: usize, fault: impl Into<Fault>) -> Self {
        Self { fault: fault.into(), at }
    }
}
