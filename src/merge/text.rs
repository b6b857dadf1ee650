//! Decides how values are printed in messages: as Go prints them, because API servers are written in Go.
//! It never decides when to print one.

use crate::base::go_text::quote;
use serde_json::Value;

/// A value as `%v` prints it: `map[a:1 b:[2 3]]`, `<nil>`.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(s) => s.clone(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => number(n),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{}", plain(v))).collect();
            format!("map[{}]", pairs.join(" "))
        }
    }
}

/// A number as `%v` prints it: `1.0` as `1`, very large and very small ones with an exponent of two digits.
fn number(number: &serde_json::Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    if float == 0.0 || (1e-4..1e21).contains(&float.abs()) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A value as `%#v` prints it: `map[string]interface {}{"a":1}`.
pub(super) fn source(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(s) => quote(s),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            format!("{LIST}{{{}}}", items.iter().map(source).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{}:{}", quote(k), source(v))).collect();
            format!("{MAP}{{{}}}", pairs.join(", "))
        }
    }
}

/// Go's name for the type of a value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => LIST,
        Value::Object(_) => MAP,
    }
}

/// Go's name for a JSON object.
pub(super) const MAP: &str = "map[string]interface {}";
/// Go's name for a JSON list.
pub(super) const LIST: &str = "[]interface {}";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_print_as_in_go() {
        let value = json!({"b": [1, "x", null], "a": {"c": true, "d": 1.5}});
        assert_eq!(plain(&value), "map[a:map[c:true d:1.5] b:[1 x <nil>]]");
        assert_eq!(quote("a\"b\\\n\u{1}é"), "\"a\\\"b\\\\\\n\\x01é\"");
        let numbers = json!([1.0, 1e21, 1e-7, 0.25, 18446744073709551615u64, -3]);
        assert_eq!(plain(&numbers), "[1 1e+21 1e-07 0.25 18446744073709551615 -3]");
        assert_eq!([type_name(&json!(1)), type_name(&json!(1.0))], ["int64", "float64"]);
    }
}
