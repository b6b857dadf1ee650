//! Decides how it is reported what a built-in function refuses, in the words that the checker and the function share.
//! It never decides what a function takes.

use thiserror::Error;

/// What a built-in function refuses (source: builtin/builtin.go, builtin/lib.go).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::expr) enum ArgumentFault {
    #[error("invalid argument for {function} (type {found})")]
    Unfit { function: String, found: &'static str },
    /// `reverse`, `uniq`, `concat` or `flatten` of what is no list.
    #[error("cannot {verb} {found}")]
    NotAList { verb: &'static str, found: &'static str },
    /// `keys`, `values`, `first element` or `last element`.
    #[error("cannot get {what} from {found}")]
    NothingToGet { what: &'static str, found: &'static str },
    #[error("cannot take from {0}")]
    TakeFrom(&'static str),
    #[error("cannot take {0} elements")]
    TakeCount(&'static str),
    #[error("cannot transform {0} to pairs")]
    ToPairs(&'static str),
    /// The type before, the value itself while evaluating.
    #[error("cannot transform {0} from pairs")]
    FromPairs(String),
    #[error("invalid number of arguments (expected {expected}, got {got})")]
    Count { expected: &'static str, got: usize },
    #[error("not enough arguments to call {0}")]
    TooFew(String),
    #[error("unknown builtin {0}")]
    UnknownBuiltin(String),
}
