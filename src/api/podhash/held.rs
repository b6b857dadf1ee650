//! Decides what Argo Rollouts holds of a stored pod template that Go's types cannot hold whole: what is left out of it.
//! It never decides whether such a template may be stored; what is delivered has to be held whole.

use super::encode::whole;
use super::pod;
use super::shape::{Field, Shape};
use crate::quantity::Quantity;
use serde_json::{Map, Value};

/// The part of `template` that Go's `encoding/json` makes of it, which goes on after a value of another kind and leaves its
/// field at zero, but ends where a type reads itself: behind an amount, a port or a time that is none nothing is read, in
/// order of keys (source: argo-rollouts utils/tolerantinformer/tollerantinformer.go, `coerceToTyped`; as built with Go 1.26).
///
/// ```
/// use serde_json::json;
/// use switchback_api::podhash::{hash, held};
///
/// let template = |requests| json!({"spec": {"containers": [{"name": "web", "resources": {"requests": requests}}]}});
/// let bad = template(json!({"memory": "invalid"}));
/// assert_eq!(hash(&held(&bad), None)?, hash(&template(json!({})), None)?);
/// # Ok::<(), switchback_api::podhash::Unfit>(())
/// ```
#[must_use]
pub fn held(template: &Value) -> Value {
    Reader { has_ended: false }.read(Shape::Object(pod::POD_TEMPLATE_SPEC), template)
}

struct Reader {
    /// Whether something could not be read that ends the reading.
    has_ended: bool,
}

impl Reader {
    fn read(&mut self, shape: Shape, value: &Value) -> Value {
        match (shape, value) {
            (_, Value::Null)
            | (Shape::Raw, _)
            | (Shape::Text, Value::String(_))
            | (Shape::Bool, Value::Bool(_)) => value.clone(),
            (Shape::Object(fields), Value::Object(map)) => Value::Object(self.object(fields, map)),
            (Shape::List(element), Value::Array(items)) => self.list(*element, items),
            (Shape::Map(element), Value::Object(map)) => Value::Object(self.map(*element, map)),
            (Shape::Int, _) if whole(value).is_some() => value.clone(),
            (Shape::Quantity, _) => self.ends_unless(Quantity::from_json(value).is_ok(), value, "0".into()),
            (Shape::IntOrText, _) => {
                self.ends_unless(value.is_string() || whole(value).is_some(), value, 0.into())
            }
            (Shape::Time, _) => {
                let is_time = value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok());
                self.ends_unless(is_time, value, Value::Null)
            }
            (Shape::Text, _) => "".into(),
            (Shape::Int, _) => 0.into(),
            (Shape::Bool, _) => false.into(),
            (Shape::Object(_), _) => Value::Object(Map::new()),
            (Shape::List(_) | Shape::Map(_), _) => Value::Null,
        }
    }

    /// `value` if it is one, and otherwise `zero`, behind which nothing is read.
    fn ends_unless(&mut self, is_one: bool, value: &Value, zero: Value) -> Value {
        self.has_ended |= !is_one;
        if is_one { value.clone() } else { zero }
    }

    fn object(&mut self, fields: &'static [Field], map: &Map<String, Value>) -> Map<String, Value> {
        let mut held = Map::new();
        for (key, value) in map {
            let Some(field) = fields.iter().find(|f| f.name == key) else { continue };
            let value = self.read(field.shape, value);
            held.insert(key.clone(), value);
            if self.has_ended {
                break;
            }
        }
        held
    }

    fn list(&mut self, element: Shape, items: &[Value]) -> Value {
        let mut held = Vec::new();
        for item in items {
            held.push(self.read(element, item));
            if self.has_ended {
                break;
            }
        }
        Value::Array(held)
    }

    /// What could not be read has no key, unlike a field of an object.
    fn map(&mut self, element: Shape, map: &Map<String, Value>) -> Map<String, Value> {
        let mut held = Map::new();
        for (key, value) in map {
            let value = self.read(element, value);
            if self.has_ended {
                break;
            }
            held.insert(key.clone(), value);
        }
        held
    }
}
