//! Decides how a JSON value is written when it passes through one of Go's pod types: what is dropped, filled in,
//! ordered and brought into canonical form. It never decides which fields a type has.

use super::shape::{Field, Shape, When};
use crate::api::quantity::Quantity;
use crate::base::go_text;
use serde_json::{Map, Value};

/// How amounts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amounts {
    /// As Kubernetes writes them: `1000Ki` stays what it is.
    Canonical,
    /// So that equal amounts are written alike.
    Worth,
}

/// The JSON text of `template`, read as a struct with these `fields`.
///
/// # Errors
/// A value of another kind than Go's type, with its path.
pub(super) fn encode(fields: &[Field], template: &Value, amounts: Amounts) -> Result<String, String> {
    let encoder = Encoder { amounts };
    let mut out = String::new();
    match template {
        Value::Null => encoder.object(fields, &Map::new(), "template", &mut out)?,
        Value::Object(map) => encoder.object(fields, map, "template", &mut out)?,
        other => return Err(unfit("template", "an object", other)),
    }
    Ok(out)
}

struct Encoder {
    amounts: Amounts,
}

impl Encoder {
    /// Appends `value`, read as `shape`, to `out`; `path` names the place in faults.
    fn write(&self, shape: Shape, value: &Value, path: &str, out: &mut String) -> Result<(), String> {
        match (shape, value) {
            (Shape::Object(fields), Value::Null) => self.object(fields, &Map::new(), path, out),
            (Shape::Object(fields), Value::Object(map)) => self.object(fields, map, path, out),
            (Shape::List(element), Value::Array(items)) => self.list(*element, items, path, out),
            (Shape::Map(element), Value::Object(map)) => self.map(*element, map, path, out),
            (Shape::List(_) | Shape::Map(_) | Shape::Time | Shape::Raw, Value::Null) => {
                out.push_str("null");
                Ok(())
            }
            (Shape::Text, Value::Null) => {
                out.push_str("\"\"");
                Ok(())
            }
            (Shape::Text, Value::String(text)) => {
                go_text::json_string(text, out);
                Ok(())
            }
            (Shape::Bool, Value::Bool(_) | Value::Null) => {
                out.push_str(if value == &Value::Bool(true) { "true" } else { "false" });
                Ok(())
            }
            (Shape::Quantity, _) => {
                let quantity = Quantity::from_json(value).map_err(|e| format!("{path}: {e}"))?;
                let shown = match self.amounts {
                    Amounts::Canonical => quantity.to_string(),
                    Amounts::Worth => quantity.plain().to_string(),
                };
                go_text::json_string(&shown, out);
                Ok(())
            }
            (Shape::IntOrText, Value::String(text)) => {
                go_text::json_string(text, out);
                Ok(())
            }
            (Shape::Int | Shape::IntOrText, _) => {
                let number = whole(value).ok_or_else(|| unfit(path, "a whole number", value))?;
                out.push_str(&number.to_string());
                Ok(())
            }
            (Shape::Time, _) => {
                let time = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
                let time = time.ok_or_else(|| unfit(path, "a time such as 2006-01-02T15:04:05Z", value))?;
                out.push_str(&time.strftime("\"%Y-%m-%dT%H:%M:%SZ\"").to_string());
                Ok(())
            }
            (Shape::Raw, _) => {
                out.push_str(&value.to_string());
                Ok(())
            }
            (Shape::Text, _) => Err(unfit(path, "a string", value)),
            (Shape::Bool, _) => Err(unfit(path, "true or false", value)),
            (Shape::List(_), _) => Err(unfit(path, "a list", value)),
            (Shape::Map(_) | Shape::Object(_), _) => Err(unfit(path, "an object", value)),
        }
    }

    fn object(
        &self,
        fields: &[Field],
        map: &Map<String, Value>,
        path: &str,
        out: &mut String,
    ) -> Result<(), String> {
        out.push('{');
        let mut first = true;
        for field in fields {
            let value = map.get(field.name).unwrap_or(&Value::Null);
            let place = format!("{path}.{}", field.name);
            let mut text = String::new();
            if field.when == When::OrNull && value.is_null() {
                text.push_str("null");
            } else {
                self.write(field.shape, value, &place, &mut text)?;
            }
            let left_out = match field.when {
                When::Always | When::OrNull => false,
                When::Set => value.is_null(),
                When::Filled => matches!(text.as_str(), "null" | "\"\"" | "0" | "false" | "[]" | "{}"),
            };
            if left_out {
                continue;
            }
            if !first {
                out.push(',');
            }
            first = false;
            go_text::json_string(field.name, out);
            out.push(':');
            out.push_str(&text);
        }
        out.push('}');
        Ok(())
    }

    fn list(&self, element: Shape, items: &[Value], path: &str, out: &mut String) -> Result<(), String> {
        out.push('[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            self.write(element, item, &format!("{path}[{place}]"), out)?;
        }
        out.push(']');
        Ok(())
    }

    fn map(
        &self,
        element: Shape,
        map: &Map<String, Value>,
        path: &str,
        out: &mut String,
    ) -> Result<(), String> {
        out.push('{');
        for (place, (key, item)) in map.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            go_text::json_string(key, out);
            out.push(':');
            self.write(element, item, &format!("{path}.{key}"), out)?;
        }
        out.push('}');
        Ok(())
    }
}

fn unfit(path: &str, wanted: &str, value: &Value) -> String {
    let mut shown = value.to_string();
    if shown.chars().count() > 40 {
        shown = shown.chars().take(40).chain("…".chars()).collect();
    }
    format!("{path}: want {wanted}, found {shown}")
}

/// A whole number; nothing is 0, and a float without a fraction is whole.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Null => Some(0),
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9.0e15)?;
            #[allow(clippy::cast_possible_truncation)] // a whole number well within the range
            Some(float as i64)
        }),
        _ => None,
    }
}
