//! Decides what is read of a JSON document of which some parts do not fit: all the others.
//! It never decides whether that is good enough.

use serde::de::DeserializeOwned;
use serde_json::{Error, Map, Value};

/// What `document` stands for, and what was found wrong where the smallest parts that cannot be read were left out for that.
///
/// # Errors
/// Nothing of it can be read.
pub fn readable<T: DeserializeOwned>(document: Value) -> Result<(T, Option<Error>), Error> {
    let error = match T::deserialize(&document) {
        Ok(whole) => return Ok((whole, None)),
        Err(error) => error,
    };
    match what_reads(document, &mut |part| T::deserialize(part).is_ok()).map(T::deserialize) {
        Some(Ok(rest)) => Ok((rest, Some(error))),
        Some(Err(_)) | None => Err(error),
    }
}

/// The most of `value` that `reads` takes: its fields one after the other. A place in a list stays one.
fn what_reads(value: Value, reads: &mut dyn FnMut(&Value) -> bool) -> Option<Value> {
    if reads(&value) {
        return Some(value);
    }
    match value {
        Value::Object(fields) => {
            let mut kept = Value::Object(Map::new());
            if !reads(&kept) {
                return None;
            }
            for (key, field) in fields {
                let with = |field: &Value| {
                    let mut with = kept.clone();
                    with.as_object_mut().map(|fields| fields.insert(key.clone(), field.clone()));
                    with
                };
                if let Some(field) = what_reads(field, &mut |field| reads(&with(field))) {
                    kept = with(&field);
                }
            }
            Some(kept)
        }
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items {
                let with = |item: &Value| Value::Array(kept.iter().chain([item]).cloned().collect());
                let part = what_reads(item, &mut |item| reads(&with(item)));
                let part =
                    part.or_else(|| Some(Value::Object(Map::new())).filter(|empty| reads(&with(empty))))?;
                kept.push(part);
            }
            Some(Value::Array(kept))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_cannot_be_read_is_left_out_and_nothing_else() {
        #[derive(Default, Debug, PartialEq, serde::Deserialize)]
        #[serde(default)]
        struct Thing {
            count: i32,
            inner: Option<Box<Thing>>,
            all: Vec<Thing>,
        }
        let read =
            |document: Value| readable::<Thing>(document).map(|(thing, error)| (thing, error.is_some()));
        let two = |count, all| Thing { count, inner: None, all };
        let document = json!({"count": 1, "inner": {"count": "x", "all": [{"count": 5}, 7, {"count": 6}]}});
        let inner = Some(Box::new(two(0, vec![two(5, vec![]), two(0, vec![]), two(6, vec![])])));
        assert_eq!(read(document).unwrap(), (Thing { count: 1, inner, all: vec![] }, true));
        assert_eq!(read(json!({"count": 2})).unwrap(), (two(2, vec![]), false));
        assert_eq!(read(json!({"all": "x", "count": 3})).unwrap(), (two(3, vec![]), true));
        assert!(read(json!("x")).is_err());
    }
}
