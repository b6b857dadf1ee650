//! Decides what custom objects show in a table: the printer columns of their definition.
//! It never asks for the definition.

use super::column::NAME;
use super::path::Path;
use super::show::{self, between, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The columns and cells that `given` (`additionalPrinterColumns`) make of `objects`.
pub(super) fn table(given: &[Value], objects: &[Value], now: Timestamp) -> (Vec<Value>, Vec<Vec<Value>>) {
    let columns = std::iter::once(NAME.json()).chain(given.iter().map(announce)).collect();
    let paths: Vec<(Path, &str)> =
        given.iter().map(|c| (Path::read(text(c, "/jsonPath")), text(c, "/type"))).collect();
    let row = |object: &Value| {
        let own =
            paths.iter().map(|(path, kind)| path.first(object).map_or(Value::Null, |v| cell(v, kind, now)));
        std::iter::once(show::name(object)).chain(own).collect()
    };
    (columns, objects.iter().map(row).collect())
}

fn announce(column: &Value) -> Value {
    let about = match text(column, "/description") {
        "" => {
            format!("Custom resource definition column (in JSONPath format): {}", text(column, "/jsonPath"))
        }
        about => about.to_owned(),
    };
    json!({
        "name": text(column, "/name"), "type": text(column, "/type"), "format": text(column, "/format"),
        "description": about, "priority": show::count(column, "/priority"),
    })
}

/// A value in a column of a type; null when it does not fit.
fn cell(value: &Value, kind: &str, now: Timestamp) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        ("integer", Value::Number(number)) => whole(number),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("string", Value::String(_)) => {
            value.clone()
        }
        ("string", Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            value.to_string().into()
        }
        ("date", Value::String(date)) => {
            date.parse().map_or_else(|_| "<invalid>".to_owned(), |from| between(from, now)).into()
        }
        _ => Value::Null,
    }
}

#[allow(clippy::cast_possible_truncation)] // a fraction is cut off, as the server does
fn whole(number: &serde_json::Number) -> Value {
    number.as_i64().or_else(|| number.as_f64().map(|f| f as i64)).into()
}
