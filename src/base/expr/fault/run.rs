//! Decides how it is reported what went wrong while an expression was evaluated.
//! It never evaluates one.

use thiserror::Error;

/// What went wrong; types are named as Go names them (source: vm/vm.go, vm/runtime, builtin/lib.go, Go's `reflect`).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::expr) enum RunFault {
    /// The whole expression gives another type than asked for (source: Argo's evaluate.go, `EvalCondition`).
    #[error("expected bool, but got {0}")]
    NotTheAnswer(&'static str),
    #[error("interface conversion: interface {{}} is {found}, not {wanted}")]
    NotA { found: &'static str, wanted: &'static str },
    #[error("invalid operation: {left} {op} {right}")]
    Operands { op: &'static str, left: &'static str, right: &'static str },
    #[error("invalid operation: - {0}")]
    Negated(&'static str),
    #[error("runtime error: integer divide by zero")]
    DivideByZero,
    /// A type, or the text itself.
    #[error("invalid operation: int({0})")]
    NoInt(String),
    /// A type, or the text itself.
    #[error("invalid operation: float({0})")]
    NoFloat(String),
    #[error("invalid operation: cannot call nil")]
    NilCalled,
    #[error("invalid operation: cannot call non-function of type {0}")]
    NotCallable(&'static str),
    #[error("invalid operation: negative shift count {0} (type int)")]
    NegativeShift(i64),
    #[error("cannot use {found} as argument (type int) to call {function}")]
    NotAnInt { found: &'static str, function: String },
    #[error("{function}() not supported on {found} {shown}")]
    NotSupported { function: &'static str, found: &'static str, shown: String },
    #[error("operator \"in\" not defined on {0}")]
    NoIn(&'static str),
    #[error("hash of unhashable type: {0}")]
    Unhashable(&'static str),
    #[error("reflect.Value.MapIndex: value of type {0} is not assignable to type string")]
    NotATextKey(&'static str),
    #[error("index out of range: {index} (array length is {length})")]
    OutOfRange { index: i64, length: usize },
    #[error("cannot fetch {key} from {of}")]
    NoMember { key: String, of: &'static str },
    #[error("cannot slice {0}")]
    NotSliceable(String),
    #[error("reflect.Value.Slice: slice index out of bounds")]
    TakeNegative,
    #[error("reflect: slice index out of range")]
    NothingFound,
    #[error("reflect: call of reflect.Value.Index on map Value")]
    IndexOfMap,
    #[error("reflect: call of reflect.Value.Len on {0} Value")]
    NoLength(&'static str),
    #[error("reflect: call of reflect.Value.Type on zero Value")]
    TypeOfNil,
    #[error("reduce of empty array with no initial value")]
    NothingToReduce,
    #[error("invalid order {0}, expected asc or desc")]
    SortOrder(String),
    #[error("sort order argument must be a string (got {0})")]
    SortOrderType(&'static str),
    #[error("unknown order, use asc or desc")]
    SortByOrder,
    #[error("sortBy order argument must be a string")]
    SortByOrderType,
    #[error("invalid pair {0}")]
    NoPair(String),
    #[error("invalid pair length {0}")]
    PairLength(String),
    #[error("invalid argument for repeat (expected positive integer, got {0})")]
    RepeatNegative(i64),
    #[error("unexpected end of JSON input")]
    JsonEnd,
    #[error("invalid character '{found}' {place}")]
    JsonCharacter { found: char, place: &'static str },
    /// What serde_json says where it names no character.
    #[error("{0}")]
    Json(String),
    #[error("json: unsupported value: {0}")]
    JsonValue(String),
    #[error("json: unsupported type: {0}")]
    JsonType(&'static str),
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
}
