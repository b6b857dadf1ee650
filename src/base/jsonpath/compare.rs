//! Decides how a filter compares two values.
//! It never decides which.

use super::error::PathStuck;
use super::found::Found;
use serde_json::Value;
use std::cmp::Ordering;

/// A value that can be compared.
enum Basic<'d> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'d str),
}

fn basic<'f>(found: &'f Found<'_>) -> Result<Basic<'f>, PathStuck> {
    Ok(match found {
        Found::Text(text) => Basic::Text(text),
        Found::Int(n) => Basic::Int(*n),
        Found::Float(n) => Basic::Float(*n),
        Found::Bool(b) | Found::There(Value::Bool(b)) => Basic::Bool(*b),
        Found::There(Value::String(text)) => Basic::Text(text),
        Found::There(Value::Number(n)) => Basic::Float(n.as_f64().unwrap_or(f64::NAN)),
        Found::There(_) => return Err(PathStuck::NotComparable),
    })
}

/// Whether `left operator right` holds (source: k8s.io/client-go, third_party/forked/golang/template/funcs.go). A whole
/// number in a path is compared with the numbers of a document, which kubectl's own refuses where they come from JSON.
pub(super) fn holds(left: &Found<'_>, operator: &str, right: &Found<'_>) -> Result<bool, PathStuck> {
    let is_order = match operator {
        "==" | "!=" => false,
        "<" | "<=" | ">" | ">=" => true,
        other => return Err(PathStuck::Operator(other.to_owned())),
    };
    let order = match (basic(left)?, basic(right)?) {
        (Basic::Bool(_), Basic::Bool(_)) if is_order => return Err(PathStuck::NotComparable),
        (Basic::Bool(a), Basic::Bool(b)) => Some(a.cmp(&b)),
        (Basic::Text(a), Basic::Text(b)) => Some(a.cmp(b)),
        (Basic::Int(a), Basic::Int(b)) => Some(a.cmp(&b)),
        (Basic::Float(a), Basic::Float(b)) => a.partial_cmp(&b),
        (Basic::Int(a), Basic::Float(b)) => float(a).partial_cmp(&b),
        (Basic::Float(a), Basic::Int(b)) => a.partial_cmp(&float(b)),
        _ => return Err(PathStuck::Incompatible),
    };
    Ok(match operator {
        "==" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        // Greater is what is neither less nor equal.
        ">" => !matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => order != Some(Ordering::Less),
    })
}

#[allow(clippy::cast_precision_loss)] // as JSON's own numbers have lost it
fn float(n: i64) -> f64 {
    n as f64
}
