//! Decides which functions there are, and which arguments each takes whose overloads are fixed.
//! It never calls one.

use super::types::Type;
use super::value::Elements;

/// What a function with fixed overloads takes and gives.
pub(super) struct Overload {
    pub(super) takes: &'static [Param],
    pub(super) gives: Type,
}

/// The type of one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Param {
    Any,
    Text,
    Int,
    Float,
    Anys,
    Texts,
    Ints,
    Floats,
}

impl Param {
    /// The parameter's type.
    pub(super) fn ty(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::Text => Type::Text,
            Self::Int => Type::Int,
            Self::Float => Type::Float,
            Self::Anys => Type::any_list(),
            Self::Texts => Type::List(Elements::Texts, None),
            Self::Ints => Type::List(Elements::Ints, None),
            Self::Floats => Type::List(Elements::Floats, None),
        }
    }
}

/// Functions whose arguments [`inferred`](super::infer::inferred) judges, or that the checker and the loops know themselves.
const OTHERS: &[&str] = &[
    "len",
    "abs",
    "ceil",
    "floor",
    "round",
    "int",
    "float",
    "max",
    "min",
    "mean",
    "median",
    "now",
    "date",
    "first",
    "last",
    "get",
    "take",
    "keys",
    "values",
    "toPairs",
    "fromPairs",
    "reverse",
    "uniq",
    "concat",
    "flatten",
];

/// How a built-in function takes its predicate.
pub(super) struct Predicate {
    name: &'static str,
    /// Whether the predicate may be left out.
    pub(super) optional: bool,
    /// Whether one more argument may follow it.
    pub(super) third: bool,
}

const fn predicated(name: &'static str, optional: bool, third: bool) -> Predicate {
    Predicate { name, optional, third }
}

const PREDICATES: &[Predicate] = &[
    predicated("all", false, false),
    predicated("none", false, false),
    predicated("any", false, false),
    predicated("one", false, false),
    predicated("filter", false, false),
    predicated("map", false, false),
    predicated("count", true, false),
    predicated("sum", true, false),
    predicated("find", false, false),
    predicated("findIndex", false, false),
    predicated("findLast", false, false),
    predicated("findLastIndex", false, false),
    predicated("groupBy", false, false),
    predicated("sortBy", false, true),
    predicated("reduce", false, true),
];

/// How the built-in function `name` takes a predicate, if it takes one.
pub(super) fn predicate(name: &str) -> Option<&'static Predicate> {
    PREDICATES.iter().find(|own| own.name == name)
}

/// Whether `name` is a built-in function that takes a predicate.
pub(super) fn takes_predicate(name: &str) -> bool {
    predicate(name).is_some()
}

/// The functions that Argo adds; they are values of the environment, not built in.
pub(super) const OF_ARGO: &[&str] = &["asInt", "asFloat", "isNaN", "isInf", "isNil", "default"];

/// Whether `name` is a built-in function without a predicate.
pub(super) fn is_builtin(name: &str) -> bool {
    OTHERS.contains(&name) || (!OF_ARGO.contains(&name) && !overloads(name).is_empty())
}

/// The overloads of a built-in function, or of a function of the environment, that has fixed ones.
pub(super) fn overloads(name: &str) -> Vec<Overload> {
    use Param::{Any, Anys, Float, Floats, Int, Ints, Text as T, Texts};
    let one = |takes: &'static [Param], gives: Type| vec![Overload { takes, gives }];
    let some = |all: &[&'static [Param]], gives: Type| {
        all.iter().map(|takes| Overload { takes, gives: gives.clone() }).collect()
    };
    let texts = || Type::List(Elements::Texts, None);
    match name {
        "trim" => some(&[&[T], &[T, T]], Type::Text),
        "trimPrefix" | "trimSuffix" => some(&[&[T, T], &[T]], Type::Text),
        "upper" | "lower" | "toBase64" | "fromBase64" => one(&[T], Type::Text),
        "split" | "splitAfter" => some(&[&[T, T], &[T, T, Int]], texts()),
        "replace" => some(&[&[T, T, T, Int], &[T, T, T]], Type::Text),
        "repeat" => one(&[T, Int], Type::Text),
        "join" => some(&[&[Texts, T], &[Anys, T], &[Anys], &[Texts, T], &[Texts]], Type::Text),
        "indexOf" | "lastIndexOf" => one(&[T, T], Type::Int),
        "hasPrefix" | "hasSuffix" => one(&[T, T], Type::Bool),
        "toJSON" | "type" | "string" => one(&[Any], Type::Text),
        "fromJSON" => one(&[T], Type::Any),
        "duration" => one(&[T], Type::Duration),
        "timezone" => one(&[T], Type::Zone),
        "sort" => some(
            &[&[Anys, T], &[Ints, T], &[Floats, T], &[Texts, T], &[Anys], &[Floats], &[Texts], &[Ints]],
            Type::any_list(),
        ),
        "bitand" | "bitor" | "bitxor" | "bitnand" | "bitshl" | "bitshr" | "bitushr" => {
            one(&[Int, Int], Type::Int)
        }
        "bitnot" => one(&[Int], Type::Int),
        "asInt" => one(&[Any], Type::Int64),
        "asFloat" => one(&[Any], Type::Float),
        "isNaN" | "isInf" => one(&[Float], Type::Bool),
        "isNil" => one(&[Any], Type::Bool),
        "default" => one(&[Any, Any], Type::Any),
        _ => Vec::new(),
    }
}
