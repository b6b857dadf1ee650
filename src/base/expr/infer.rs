//! Decides what type a built-in function gives whose arguments no list of overloads describes.
//! It never calls one.

use super::fault::argument::ArgumentFault;
use super::types::Type;
use super::value::Entries;

fn count(expected: &'static str, got: usize) -> ArgumentFault {
    ArgumentFault::Count { expected, got }
}

fn unfit(function: &str, found: &Type) -> ArgumentFault {
    ArgumentFault::Unfit { function: function.to_owned(), found: found.name_in_builtin() }
}

fn expected_one(args: &[Type]) -> Result<&Type, ArgumentFault> {
    if let [only] = args { Ok(only) } else { Err(count("1", args.len())) }
}

/// The type that a built-in function without fixed overloads gives for arguments of these types
/// (source: builtin/builtin.go, `Validate`).
///
/// # Errors
/// Arguments it refuses; `None` for a function that is not one of these.
pub(super) fn inferred(name: &str, args: &[Type]) -> Option<Result<Type, ArgumentFault>> {
    Some(match name {
        "len" => expected_one(args).and_then(|a| {
            let fits = a.is_unknown() || a.is_list() || matches!(a, Type::Map(_) | Type::Text);
            need(fits, Type::Int, || unfit("len", a))
        }),
        "abs" | "ceil" | "floor" | "round" => expected_one(args).and_then(|a| {
            let gives = if name == "abs" { a.clone().plain() } else { Type::Float };
            let fits = a.is_unknown() || a.is_numeric_kind();
            need(fits, gives, || unfit(name, a))
        }),
        "int" | "float" => expected_one(args).and_then(|a| {
            let fits = a.is_unknown() || a.is_numeric_kind() || *a == Type::Text;
            let gives = if name == "int" { Type::Int } else { Type::Float };
            need(fits, gives, || unfit(name, a))
        }),
        "max" | "min" | "mean" | "median" => aggregate(name, args),
        "now" => match args {
            [] | [Type::Zone] => Ok(Type::Time),
            _ => Err(count("0", args.len())),
        },
        "date" => match args {
            [] => Err(count("at least 1", 0)),
            [Type::Zone, rest @ ..] | rest if rest.len() > 3 => Err(count("at most 3", rest.len())),
            _ => Ok(Type::Time),
        },
        _ => return over_lists(name, args),
    })
}

/// [`inferred`] for the functions over lists and maps.
fn over_lists(name: &str, args: &[Type]) -> Option<Result<Type, ArgumentFault>> {
    let list = |a: &Type| a.is_unknown() || a.is_list();
    let map = |a: &Type| a.is_unknown() || matches!(a, Type::Map(_));
    let one = |fits: &dyn Fn(&Type) -> bool,
               gives: &dyn Fn(&Type) -> Type,
               fault: fn(&'static str) -> ArgumentFault| {
        expected_one(args).and_then(|a| need(fits(a), gives(a), || fault(a.name_in_builtin())))
    };
    let anys = |_: &Type| Type::any_list();
    Some(match name {
        "first" | "last" => {
            let gives = |a: &Type| if a.is_list() { a.clone().plain().element() } else { Type::Any };
            let fault = match name {
                "first" => |found| ArgumentFault::NothingToGet { what: "first element", found },
                _ => |found| ArgumentFault::NothingToGet { what: "last element", found },
            };
            one(&list, &gives, fault)
        }
        "take" => match args {
            [from, _] if !list(from) => Err(ArgumentFault::TakeFrom(from.name_in_builtin())),
            [from, count] => {
                let whole = matches!(count, Type::Byte | Type::Float) || !count.is_numeric_kind();
                let fits = count.is_unknown() || !whole;
                let gives = from.clone().plain();
                need(fits, gives, || ArgumentFault::TakeCount(count.name_in_builtin()))
            }
            _ => Err(count("2", args.len())),
        },
        "keys" => one(&map, &anys, |found| ArgumentFault::NothingToGet { what: "keys", found }),
        "values" => one(&map, &anys, |found| ArgumentFault::NothingToGet { what: "values", found }),
        "toPairs" => one(&map, &anys, ArgumentFault::ToPairs),
        "fromPairs" => {
            one(&list, &|_| Type::Map(Entries::AnyToAny), |found| ArgumentFault::FromPairs(found.to_owned()))
        }
        "reverse" => one(&list, &anys, |found| ArgumentFault::NotAList { verb: "reverse", found }),
        "uniq" => one(&list, &anys, |found| ArgumentFault::NotAList { verb: "uniq", found }),
        "flatten" => one(&list, &anys, |found| ArgumentFault::NotAList { verb: "flatten", found }),
        "concat" => match args.iter().find(|a| !list(a)) {
            _ if args.is_empty() => Err(count("at least 1", 0)),
            Some(wrong) => Err(ArgumentFault::NotAList { verb: "concat", found: wrong.name_in_builtin() }),
            None => Ok(Type::any_list()),
        },
        _ => return None,
    })
}

fn need(fits: bool, gives: Type, why: impl FnOnce() -> ArgumentFault) -> Result<Type, ArgumentFault> {
    if fits { Ok(gives) } else { Err(why()) }
}

/// Numbers give the type of the first one; the first list makes the type unknown.
fn aggregate(name: &str, args: &[Type]) -> Result<Type, ArgumentFault> {
    for arg in args {
        if arg.is_unknown() || arg.is_list() {
            return Ok(Type::Any);
        }
        if !arg.is_numeric_kind() {
            return Err(unfit(name, arg));
        }
    }
    args.first().cloned().ok_or_else(|| ArgumentFault::TooFew(name.to_owned()))
}
