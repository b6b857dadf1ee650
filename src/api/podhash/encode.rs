//! Decides how a JSON value is written when it passes through one of Go's pod types: what is dropped, filled in,
//! ordered and brought into canonical form. It never decides which fields a type has.

use super::shape::{Field, Shape, When};
use crate::base::go_text;
use crate::quantity::Quantity;
use serde_json::{Map, Value};
use thiserror::Error;

/// How amounts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amounts {
    /// As Kubernetes writes them: `1000Ki` stays what it is.
    Canonical,
    /// So that equal amounts are written alike.
    Worth,
}

/// A value that Go's type cannot hold, and the way to it. Whoever reports it knows the file to correct.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("template{path}: {why}")]
pub struct Unfit {
    /// The way from the template, such as `.spec.containers[0].image`; empty for the template itself.
    pub path: String,
    /// What is wanted and what was found.
    pub why: String,
}

impl Unfit {
    fn new(wanted: &str, found: &Value) -> Self {
        let mut shown = found.to_string();
        if shown.chars().count() > 40 {
            shown = shown.chars().take(40).chain("…".chars()).collect();
        }
        Self { path: String::new(), why: format!("want {wanted}, found {shown}") }
    }

    /// The same fault, seen from the object that holds the value as `part`.
    fn under(self, part: &str) -> Self {
        Self { path: format!("{part}{}", self.path), why: self.why }
    }
}

/// The JSON text of `template`, read as a struct with these `fields`.
///
/// # Errors
/// A value of another kind than Go's type, with its path.
pub(super) fn encode(fields: &'static [Field], template: &Value, amounts: Amounts) -> Result<String, Unfit> {
    let mut encoder = Encoder { amounts, out: String::new() };
    encoder.write(Shape::Object(fields), template)?;
    Ok(encoder.out)
}

struct Encoder {
    amounts: Amounts,
    out: String,
}

impl Encoder {
    /// Appends `value`, read as `shape`; null stands for the zero value.
    fn write(&mut self, shape: Shape, value: &Value) -> Result<(), Unfit> {
        match (shape, value) {
            (Shape::Object(fields), Value::Null) => self.object(fields, &Map::new())?,
            (Shape::Object(fields), Value::Object(map)) => self.object(fields, map)?,
            (Shape::List(element), Value::Array(items)) => self.list(*element, items)?,
            (Shape::Map(element), Value::Object(map)) => self.map(*element, map)?,
            (Shape::List(_) | Shape::Map(_) | Shape::Time | Shape::Raw, Value::Null) => {
                self.out.push_str("null");
            }
            (Shape::Text, Value::Null) => self.out.push_str("\"\""),
            (Shape::Text | Shape::IntOrText, Value::String(text)) => {
                go_text::json_string(text, &mut self.out);
            }
            (Shape::Bool, Value::Bool(true)) => self.out.push_str("true"),
            (Shape::Bool, Value::Bool(false) | Value::Null) => self.out.push_str("false"),
            (Shape::Quantity, _) => self.quantity(value)?,
            (Shape::Int | Shape::IntOrText, _) => {
                let number = whole(value).ok_or_else(|| Unfit::new("a whole number", value))?;
                self.out.push_str(&number.to_string());
            }
            (Shape::Time, _) => {
                let time = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
                let time = time.ok_or_else(|| Unfit::new("a time such as 2006-01-02T15:04:05Z", value))?;
                self.out.push_str(&time.strftime("\"%Y-%m-%dT%H:%M:%SZ\"").to_string());
            }
            (Shape::Raw, _) => self.out.push_str(&value.to_string()),
            (Shape::Text, _) => return Err(Unfit::new("a string", value)),
            (Shape::Bool, _) => return Err(Unfit::new("true or false", value)),
            (Shape::List(_), _) => return Err(Unfit::new("a list", value)),
            (Shape::Map(_) | Shape::Object(_), _) => return Err(Unfit::new("an object", value)),
        }
        Ok(())
    }

    fn quantity(&mut self, value: &Value) -> Result<(), Unfit> {
        let quantity =
            Quantity::from_json(value).map_err(|e| Unfit { path: String::new(), why: e.to_string() })?;
        let shown = match self.amounts {
            Amounts::Canonical => quantity.to_string(),
            Amounts::Worth => quantity.plain().to_string(),
        };
        go_text::json_string(&shown, &mut self.out);
        Ok(())
    }

    fn object(&mut self, fields: &'static [Field], map: &Map<String, Value>) -> Result<(), Unfit> {
        self.out.push('{');
        let mut first = true;
        for field in fields {
            let value = map.get(field.name).unwrap_or(&Value::Null);
            if value.is_null() && matches!(field.when, When::Set | When::Filled) {
                continue;
            }
            let before = self.out.len();
            if !first {
                self.out.push(',');
            }
            go_text::json_string(field.name, &mut self.out);
            self.out.push(':');
            let start = self.out.len();
            if value.is_null() && field.when == When::OrNull {
                self.out.push_str("null");
            } else {
                self.write(field.shape, value).map_err(|f| f.under(&format!(".{}", field.name)))?;
            }
            let written = self.out.get(start..).unwrap_or_default();
            if field.when == When::Filled && matches!(written, "\"\"" | "0" | "false" | "[]" | "{}") {
                self.out.truncate(before);
            } else {
                first = false;
            }
        }
        self.out.push('}');
        Ok(())
    }

    fn list(&mut self, element: Shape, items: &[Value]) -> Result<(), Unfit> {
        self.out.push('[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            self.write(element, item).map_err(|f| f.under(&format!("[{place}]")))?;
        }
        self.out.push(']');
        Ok(())
    }

    fn map(&mut self, element: Shape, map: &Map<String, Value>) -> Result<(), Unfit> {
        self.out.push('{');
        for (place, (key, item)) in map.iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            go_text::json_string(key, &mut self.out);
            self.out.push(':');
            self.write(element, item).map_err(|f| f.under(&format!(".{key}")))?;
        }
        self.out.push('}');
        Ok(())
    }
}

/// A whole number; nothing is 0, and a float without a fraction is whole.
pub(super) fn whole(value: &Value) -> Option<i64> {
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
