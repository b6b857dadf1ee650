//! Decides how it is reported that an expression does not fit the types of its values.
//! It never decides which types fit.

use thiserror::Error;

/// What does not fit; types are named as Go names them (source: checker/checker.go).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::expr) enum TypeFault {
    #[error("unknown name {0}")]
    UnknownName(String),
    #[error("invalid operation: {op} (mismatched types {left} and {right})")]
    Operands { op: &'static str, left: &'static str, right: &'static str },
    #[error("invalid operation: {op} (mismatched type {found})")]
    Operand { op: &'static str, found: &'static str },
    /// What the optimiser meets while it computes literals (source: optimizer/fold.go).
    #[error("integer divide by zero")]
    DivideByZero,
    #[error("cannot use {found} as type {wanted} in map key")]
    InMap { found: &'static str, wanted: &'static str },
    #[error("cannot use {found} as type {wanted} in array")]
    InArray { found: &'static str, wanted: &'static str },
    #[error("type nil has no field {0}")]
    FieldOfNil(String),
    #[error("type {of} has no {what} {name}")]
    NoMember { of: &'static str, what: &'static str, name: String },
    #[error("type {of}[{by}] is undefined")]
    NoElement { of: &'static str, by: &'static str },
    #[error("cannot use {key} to get an element from {of}")]
    Key { key: &'static str, of: &'static str },
    #[error("array elements can only be selected using an integer (got {0})")]
    Index(&'static str),
    #[error("type {0} does not support indexing")]
    NoIndexing(&'static str),
    #[error("cannot slice {0}")]
    NotSliceable(&'static str),
    #[error("non-integer slice index {0}")]
    Bound(&'static str),
    #[error("cannot use pointer accessor outside predicate")]
    PointerOutside,
    #[error("unknown pointer #{0}")]
    UnknownPointer(String),
    #[error("cannot redeclare {0}")]
    NameTaken(String),
    #[error("cannot redeclare builtin {0}")]
    BuiltinTaken(String),
    #[error("cannot redeclare variable {0}")]
    VariableTaken(String),
    #[error("non-bool expression (type {0}) used as condition")]
    Condition(&'static str),
    #[error("{0} is not callable")]
    NotCallable(&'static str),
    #[error("{0} is nil; cannot call nil as function")]
    NilCalled(String),
    #[error("no matching overload for {0}")]
    NoOverload(String),
    #[error("too many arguments to call {0}")]
    TooMany(String),
    #[error("cannot use nil as argument (type {wanted}) to call {called}")]
    NilArgument { wanted: &'static str, called: String },
    #[error("cannot use {found} as argument (type {wanted}) to call {called} ")]
    Argument { found: &'static str, wanted: &'static str, called: String },
    #[error("builtin {builtin} takes only array (got {found})")]
    NotAList { builtin: String, found: &'static str },
    #[error("sortBy order argument must be a string (got {0})")]
    SortByOrder(&'static str),
    /// `one` or `two`.
    #[error("predicate should has {0} input and one output param")]
    PredicateGivesNil(&'static str),
    #[error("predicate should return boolean (got {0})")]
    PredicateGives(&'static str),
}
