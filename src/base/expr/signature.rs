//! Decides which arguments each built-in function takes, and what type it gives.
//! It never calls one.

use super::types::Type;
use super::value::{Elements, Entries};

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

/// Functions whose arguments [`inferred`] judges, or that the checker and the loops know themselves.
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

fn expected_one(args: &[Type]) -> Result<&Type, String> {
    match args {
        [only] => Ok(only),
        _ => Err(format!("invalid number of arguments (expected 1, got {})", args.len())),
    }
}

/// The type that a built-in function without fixed overloads gives for arguments of these types.
///
/// # Errors
/// Go's text for arguments it refuses; `None` for a function that is not one of these.
pub(super) fn inferred(name: &str, args: &[Type]) -> Option<Result<Type, String>> {
    Some(match name {
        "len" => expected_one(args).and_then(|a| {
            let fits = a.is_unknown() || a.is_list() || matches!(a, Type::Map(_) | Type::Text);
            need(fits, Type::Int, || format!("invalid argument for len (type {})", a.name_in_builtin()))
        }),
        "abs" | "ceil" | "floor" | "round" => expected_one(args).and_then(|a| {
            let gives = if name == "abs" { a.clone().plain() } else { Type::Float };
            let fits = a.is_unknown() || a.is_numeric_kind();
            need(fits, gives, || format!("invalid argument for {name} (type {})", a.name_in_builtin()))
        }),
        "int" | "float" => expected_one(args).and_then(|a| {
            let fits = a.is_unknown() || a.is_numeric_kind() || *a == Type::Text;
            let gives = if name == "int" { Type::Int } else { Type::Float };
            need(fits, gives, || format!("invalid argument for {name} (type {})", a.name_in_builtin()))
        }),
        "max" | "min" | "mean" | "median" => aggregate(name, args),
        "now" => match args {
            [] | [Type::Zone] => Ok(Type::Time),
            _ => Err(format!("invalid number of arguments (expected 0, got {})", args.len())),
        },
        "date" => match args {
            [] => Err("invalid number of arguments (expected at least 1, got 0)".to_owned()),
            [Type::Zone, rest @ ..] | rest if rest.len() > 3 => {
                Err(format!("invalid number of arguments (expected at most 3, got {})", rest.len()))
            }
            _ => Ok(Type::Time),
        },
        _ => return over_lists(name, args),
    })
}

/// [`inferred`] for the functions over lists and maps.
fn over_lists(name: &str, args: &[Type]) -> Option<Result<Type, String>> {
    let list = |a: &Type| a.is_unknown() || a.is_list();
    let map = |a: &Type| a.is_unknown() || matches!(a, Type::Map(_));
    let one = |fits: &dyn Fn(&Type) -> bool, gives: &dyn Fn(&Type) -> Type, what: &str| {
        expected_one(args).and_then(|a| need(fits(a), gives(a), || what.replace("{}", a.name_in_builtin())))
    };
    let anys = |_: &Type| Type::any_list();
    Some(match name {
        "first" | "last" => {
            let gives = |a: &Type| if a.is_list() { a.clone().plain().element() } else { Type::Any };
            one(&list, &gives, &format!("cannot get {name} element from {{}}"))
        }
        "take" => match args {
            [from, _] if !list(from) => Err(format!("cannot take from {}", from.name_in_builtin())),
            [from, count] => {
                let whole = matches!(count, Type::Byte | Type::Float) || !count.is_numeric_kind();
                let fits = count.is_unknown() || !whole;
                let gives = from.clone().plain();
                need(fits, gives, || format!("cannot take {} elements", count.name_in_builtin()))
            }
            _ => Err(format!("invalid number of arguments (expected 2, got {})", args.len())),
        },
        "keys" => one(&map, &anys, "cannot get keys from {}"),
        "values" => one(&map, &anys, "cannot get values from {}"),
        "toPairs" => one(&map, &anys, "cannot transform {} to pairs"),
        "fromPairs" => one(&list, &|_| Type::Map(Entries::AnyToAny), "cannot transform {} from pairs"),
        "reverse" => one(&list, &anys, "cannot reverse {}"),
        "uniq" => one(&list, &anys, "cannot uniq {}"),
        "flatten" => one(&list, &anys, "cannot flatten {}"),
        "concat" => match args.iter().find(|a| !list(a)) {
            _ if args.is_empty() => {
                Err("invalid number of arguments (expected at least 1, got 0)".to_owned())
            }
            Some(wrong) => Err(format!("cannot concat {}", wrong.name_in_builtin())),
            None => Ok(Type::any_list()),
        },
        _ => return None,
    })
}

fn need(fits: bool, gives: Type, why: impl FnOnce() -> String) -> Result<Type, String> {
    if fits { Ok(gives) } else { Err(why()) }
}

/// Numbers give the type of the first one; the first list makes the type unknown.
fn aggregate(name: &str, args: &[Type]) -> Result<Type, String> {
    for arg in args {
        if arg.is_unknown() || arg.is_list() {
            return Ok(Type::Any);
        }
        if !arg.is_numeric_kind() {
            return Err(format!("invalid argument for {name} (type {})", arg.name_in_builtin()));
        }
    }
    args.first().cloned().ok_or_else(|| format!("not enough arguments to call {name}"))
}
