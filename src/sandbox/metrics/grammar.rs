//! Decides which functions, aggregations and operators there are, and which types go together.
//! It never reads a word.

use super::lex::Word;
use super::tree::{Aggregate, Expr, Operator, Type};

/// The type of an expression.
pub(super) fn type_of(expr: &Expr) -> Type {
    match expr {
        Expr::Number(_) => Type::Scalar,
        Expr::Text(_) => Type::Text,
        Expr::Select { range, .. } => {
            if *range {
                Type::Range
            } else {
                Type::Vector
            }
        }
        Expr::Call { name, .. } => {
            if matches!(*name, "scalar" | "time") {
                Type::Scalar
            } else {
                Type::Vector
            }
        }
        Expr::Aggregate { .. } => Type::Vector,
        Expr::Negate(inner) => type_of(inner),
        Expr::Binary { left, right, .. } => {
            let both = type_of(left) == Type::Scalar && type_of(right) == Type::Scalar;
            if both { Type::Scalar } else { Type::Vector }
        }
    }
}

/// The functions and the types of their arguments; optional ones are at the end, from the given count on.
pub(super) const FUNCTIONS: [(&str, &[Type], usize); 23] = [
    ("vector", &[Type::Scalar], 1),
    ("scalar", &[Type::Vector], 1),
    ("absent", &[Type::Vector], 1),
    ("time", &[], 0),
    ("abs", &[Type::Vector], 1),
    ("ceil", &[Type::Vector], 1),
    ("floor", &[Type::Vector], 1),
    ("round", &[Type::Vector, Type::Scalar], 1),
    ("sgn", &[Type::Vector], 1),
    ("sqrt", &[Type::Vector], 1),
    ("ln", &[Type::Vector], 1),
    ("exp", &[Type::Vector], 1),
    ("clamp_min", &[Type::Vector, Type::Scalar], 2),
    ("clamp_max", &[Type::Vector, Type::Scalar], 2),
    ("rate", &[Type::Range], 1),
    ("irate", &[Type::Range], 1),
    ("increase", &[Type::Range], 1),
    ("delta", &[Type::Range], 1),
    ("avg_over_time", &[Type::Range], 1),
    ("min_over_time", &[Type::Range], 1),
    ("max_over_time", &[Type::Range], 1),
    ("sum_over_time", &[Type::Range], 1),
    ("last_over_time", &[Type::Range], 1),
];

/// The aggregation of a name.
pub(super) fn aggregate(name: &str) -> Option<Aggregate> {
    Some(match name.to_ascii_lowercase().as_str() {
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Avg,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "count" => Aggregate::Count,
        "group" => Aggregate::Group,
        _ => return None,
    })
}

/// An operator and how strongly it binds.
pub(super) fn operator(word: &Word) -> Option<(Operator, u8)> {
    let lower;
    let text = match word {
        Word::Sign(sign) => *sign,
        Word::Name(name) => {
            lower = name.to_ascii_lowercase();
            lower.as_str()
        }
        _ => return None,
    };
    Some(match text {
        "or" => (Operator::Or, 1),
        "and" => (Operator::And, 2),
        "unless" => (Operator::Unless, 2),
        "==" => (Operator::Equal, 3),
        "!=" => (Operator::NotEqual, 3),
        "<" => (Operator::Less, 3),
        "<=" => (Operator::LessEqual, 3),
        ">" => (Operator::Greater, 3),
        ">=" => (Operator::GreaterEqual, 3),
        "+" => (Operator::Add, 4),
        "-" => (Operator::Sub, 4),
        "*" => (Operator::Mul, 5),
        "/" => (Operator::Div, 5),
        "%" => (Operator::Mod, 5),
        "^" => (Operator::Pow, POWER),
        _ => return None,
    })
}

/// A sign before an expression binds more loosely than this and more tightly than the rest.
pub(super) const POWER: u8 = 7;

/// Refuses an expression of another type.
pub(super) fn expect(expr: &Expr, wanted: Type, place: &str) -> Result<(), String> {
    let got = type_of(expr);
    if got == wanted {
        return Ok(());
    }
    Err(format!("expected type {} in {place}, got {}", wanted.title(), got.title()))
}

/// Refuses operands that an operator cannot join.
pub(super) fn check_binary(operator: Operator, truth: bool, left: &Expr, right: &Expr) -> Result<(), String> {
    let types = [type_of(left), type_of(right)];
    if types.iter().any(|t| !matches!(t, Type::Scalar | Type::Vector)) {
        return Err("binary expression must contain only scalar and instant vector types".to_owned());
    }
    let scalars = types.iter().filter(|t| **t == Type::Scalar).count();
    if operator.is_set() && scalars > 0 {
        return Err(format!("set operator {:?} not allowed in binary scalar expression", operator.text()));
    }
    if operator.compares() && !truth && scalars == 2 {
        return Err("comparisons between scalars must use BOOL modifier".to_owned());
    }
    Ok(())
}
