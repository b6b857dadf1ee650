//! Decides how a JSON object becomes an object of a built-in kind: wrong types are refused, unknown fields dropped,
//! empty fields left out or written out as Kubernetes' own types are. It never fills in defaults and never checks
//! values.

use super::{Field, Shape, Type, at};
use crate::api::quantity::Quantity;
use serde_json::{Map, Number, Value};

/// Fits `object` to `ty`.
///
/// # Errors
/// The text of Go's JSON reader for the first value of a wrong type.
pub(crate) fn fit(object: Value, ty: &Type) -> Result<Value, String> {
    Reader { path: Vec::new(), words: Words::Json }.fields(object, ty)
}

/// Fits `object` to `ty` as [`fit`] does.
///
/// # Errors
/// The text of Go's converter of unstructured objects for the first value of a wrong type.
pub(crate) fn convert(object: Value, ty: &Type) -> Result<Value, String> {
    Reader { path: Vec::new(), words: Words::Converter }.fields(object, ty)
}

/// In whose words a wrong type is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Json,
    Converter,
}

struct Reader {
    /// Names of the fields on the way, without places in lists and keys of maps, as Go tells them.
    path: Vec<&'static str>,
    words: Words,
}

/// Where a value stands: the struct it is a field of, and that field.
#[derive(Clone, Copy)]
struct Place<'a> {
    owner: &'a Type,
    field: &'a Field,
}

impl Reader {
    fn fields(&mut self, object: Value, ty: &Type) -> Result<Value, String> {
        let Value::Object(mut given) = object else { return Ok(zero_struct(ty)) };
        let mut out = Map::new();
        for (name, field) in &ty.fields {
            let value = match given.remove(*name) {
                Some(Value::Null) | None => None,
                Some(value) => {
                    self.path.push(name);
                    let fitted = self.value(value, &field.shape, Place { owner: ty, field })?;
                    self.path.pop();
                    Some(fitted)
                }
            };
            match value {
                Some(value) if !is_left_out(&value, field) => {
                    out.insert((*name).to_owned(), value);
                }
                _ if field.omit => {}
                _ => {
                    out.insert((*name).to_owned(), zero(field));
                }
            }
        }
        Ok(Value::Object(out))
    }

    fn wrong(&self, value: &Value, shape: &Shape, place: Place<'_>) -> String {
        if self.words == Words::Converter {
            return not_convertible(value, shape, place);
        }
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
            Value::Number(n) if is_number(shape) => format!("number {n}"),
            Value::Number(_) => "number".to_owned(),
        };
        let ty = if matches!(shape, Shape::Text) && !place.field.go.is_empty() {
            place.field.go.to_owned()
        } else {
            shape.go()
        };
        let path = self.path.join(".");
        format!(
            "json: cannot unmarshal {found} into Go struct field {}.{path} of type {ty}",
            place.owner.name
        )
    }

    fn value(&mut self, value: Value, shape: &Shape, place: Place<'_>) -> Result<Value, String> {
        match (shape, value) {
            (_, Value::Null) => Ok(Value::Null),
            (Shape::Raw, value) => Ok(value),
            (Shape::Struct(id), value @ Value::Object(_)) => self.fields(value, at(*id)),
            (Shape::List(items), Value::Array(all)) => self.list(all, items, place),
            (Shape::Map(values), Value::Object(all)) => self.map(all, values, place),
            (Shape::Bool, value @ Value::Bool(_)) => Ok(value),
            (Shape::Float, value @ Value::Number(_)) => Ok(value),
            (Shape::Int32 | Shape::Int64 | Shape::Uint8, Value::Number(n)) => self.whole(n, shape, place),
            (Shape::IntOrText, Value::Number(n)) => self.whole(n, &Shape::Int32, place),
            (Shape::Quantity, value @ (Value::String(_) | Value::Number(_))) => canonical(&value),
            (shape, Value::String(text)) => self.text(text, shape, place),
            (shape, value) => Err(self.wrong(&value, shape, place)),
        }
    }

    fn list(&mut self, all: Vec<Value>, items: &Shape, place: Place<'_>) -> Result<Value, String> {
        let fitted: Result<Vec<Value>, String> = all
            .into_iter()
            .map(|item| match self.value(item, items, place)? {
                // an empty place in a list holds the zero value of its items
                Value::Null => Ok(zero_shape(items)),
                value => Ok(value),
            })
            .collect();
        Ok(Value::Array(fitted?))
    }

    fn map(&mut self, all: Map<String, Value>, values: &Shape, place: Place<'_>) -> Result<Value, String> {
        let mut out = Map::new();
        for (key, value) in all {
            let value = match self.value(value, values, place)? {
                Value::Null => zero_shape(values),
                value => value,
            };
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }

    fn whole(&self, n: Number, shape: &Shape, place: Place<'_>) -> Result<Value, String> {
        let fits = match (shape, n.as_i64()) {
            (Shape::Int32, Some(n)) => i32::try_from(n).is_ok(),
            (Shape::Uint8, Some(n)) => u8::try_from(n).is_ok(),
            (_, n) => n.is_some(),
        };
        if fits { Ok(Value::Number(n)) } else { Err(self.wrong(&Value::Number(n), shape, place)) }
    }

    fn text(&self, text: String, shape: &Shape, place: Place<'_>) -> Result<Value, String> {
        match shape {
            Shape::Text | Shape::IntOrText => Ok(Value::String(text)),
            Shape::Time => time(&text, "%Y-%m-%dT%H:%M:%SZ", "2006-01-02T15:04:05Z07:00"),
            Shape::MicroTime => time(&text, "%Y-%m-%dT%H:%M:%S%.6fZ", "2006-01-02T15:04:05.000000Z07:00"),
            Shape::Duration => match crate::base::duration::parse_go(&text) {
                Ok(_) => Ok(Value::String(text)),
                Err(why) => Err(why.to_string()),
            },
            Shape::Bytes => base64(text),
            shape => Err(self.wrong(&Value::String(text), shape, place)),
        }
    }
}

fn not_convertible(value: &Value, shape: &Shape, place: Place<'_>) -> String {
    let (kind, name) = match value {
        Value::Null => ("invalid", "nil"),
        Value::Bool(_) => ("bool", "bool"),
        Value::String(_) => ("string", "string"),
        Value::Array(_) => ("slice", "[]interface {}"),
        Value::Object(_) => ("map", "map[string]interface {}"),
        Value::Number(n) if n.is_f64() => ("float64", "float64"),
        Value::Number(_) => ("int64", "int64"),
    };
    match shape {
        Shape::Struct(_) => format!("cannot restore struct from: {kind}"),
        Shape::List(_) => format!("cannot restore slice from {kind}"),
        Shape::Map(_) => format!("cannot restore map from {kind}"),
        Shape::Text if !place.field.go.is_empty() => format!("cannot convert {name} to {}", place.field.go),
        shape => format!("cannot convert {name} to {}", shape.go()),
    }
}

fn is_number(shape: &Shape) -> bool {
    matches!(shape, Shape::Int32 | Shape::Int64 | Shape::Uint8 | Shape::IntOrText)
}

fn canonical(value: &Value) -> Result<Value, String> {
    Quantity::from_json(value).map(|q| Value::String(q.to_string())).map_err(|e| e.to_string())
}

fn time(text: &str, form: &str, layout: &str) -> Result<Value, String> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    match parsed {
        Ok(at) => Ok(Value::String(at.strftime(form).to_string())),
        Err(_) => {
            let shown = crate::base::go_text::quote(text);
            Err(format!("parsing time {shown} as {layout:?}: cannot parse {shown} as \"2006\""))
        }
    }
}

fn base64(text: String) -> Result<Value, String> {
    use base64::Engine as _;
    // Go's reader skips line ends
    let bare: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let wrong = |at: usize| format!("illegal base64 data at input byte {at}");
    match base64::engine::general_purpose::STANDARD.decode(&bare) {
        Ok(_) => Ok(Value::String(bare)),
        Err(
            base64::DecodeError::InvalidByte(at, _)
            | base64::DecodeError::InvalidLastSymbol { offset: at, .. },
        ) => Err(wrong(at)),
        Err(_) => Err(wrong(bare.len() / 4 * 4)),
    }
}

/// Whether a value is not written out: empty lists and maps never are (stored objects do not keep them), other zero
/// values where the field says so, unless a pointer tells them from absent ones.
fn is_left_out(value: &Value, field: &Field) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty() && matches!(field.shape, Shape::Map(_)),
        Value::String(text) if matches!(field.shape, Shape::Bytes) => text.is_empty(),
        _ if field.pointer || !field.omit => false,
        Value::String(text) => text.is_empty() && !matches!(field.shape, Shape::IntOrText),
        Value::Bool(on) => !on,
        Value::Number(n) => {
            n.as_f64() == Some(0.0) && !matches!(field.shape, Shape::IntOrText | Shape::Quantity)
        }
    }
}

/// The value of a field that is written out though it is empty.
fn zero(field: &Field) -> Value {
    if field.pointer { Value::Null } else { zero_shape(&field.shape) }
}

fn zero_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Duration => Value::String(String::new()),
        Shape::Int32 | Shape::Int64 | Shape::Uint8 | Shape::Float | Shape::IntOrText => Value::from(0),
        Shape::Bool => Value::Bool(false),
        Shape::Quantity => Value::String("0".to_owned()),
        Shape::Struct(id) => zero_struct(at(*id)),
        Shape::Time | Shape::MicroTime | Shape::Bytes | Shape::Raw | Shape::List(_) | Shape::Map(_) => {
            Value::Null
        }
    }
}

fn zero_struct(ty: &Type) -> Value {
    let kept = ty.fields.iter().filter(|(_, f)| !f.omit);
    Value::Object(kept.map(|(name, f)| ((*name).to_owned(), zero(f))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed;
    use serde_json::json;

    fn of(version: &str, kind: &str, object: Value) -> Result<Value, String> {
        fit(object, typed::of(version, kind).unwrap())
    }

    #[test]
    fn wrong_types_are_told_as_go_tells_them() {
        let error = |spec: Value| of("apps/v1", "Deployment", json!({ "spec": spec })).unwrap_err();
        let into = |what: &str| format!("json: cannot unmarshal {what}");
        assert_eq!(
            error(json!({"replicas": "x"})),
            into("string into Go struct field DeploymentSpec.spec.replicas of type int32")
        );
        assert_eq!(
            error(json!({"replicas": 1.5})),
            into("number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32")
        );
        assert_eq!(
            error(json!({"template": {"spec": {"containers": [{"name": 1}]}}})),
            into("number into Go struct field Container.spec.template.spec.containers.name of type string")
        );
        assert_eq!(
            error(json!("x")),
            into("string into Go struct field Deployment.spec of type v1.DeploymentSpec")
        );
        let service = of("v1", "Service", json!({"spec": {"type": 1}})).unwrap_err();
        assert_eq!(service, into("number into Go struct field ServiceSpec.spec.type of type v1.ServiceType"));
        let labels = of("v1", "Pod", json!({"metadata": {"labels": {"a": 1}}})).unwrap_err();
        assert_eq!(labels, into("number into Go struct field ObjectMeta.metadata.labels of type string"));
    }

    #[test]
    fn empty_fields_go_or_stay_as_in_kubernetes() {
        let pod = json!({"metadata": {"name": "p", "labels": {}}, "extra": 1,
            "spec": {"hostNetwork": false, "containers": [{"name": "c", "env": [], "args": null, "command": [null]}],
                "volumes": [{"name": "v", "emptyDir": {}}], "terminationGracePeriodSeconds": 0}});
        let fitted = of("v1", "Pod", pod).unwrap();
        let expected = json!({"metadata": {"name": "p"}, "status": {}, "spec": {"terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "resources": {}, "command": [""]}], "volumes": [{"name": "v", "emptyDir": {}}]}});
        assert_eq!(fitted, expected);
        let role = of("rbac.authorization.k8s.io/v1", "Role", json!({"rules": []})).unwrap();
        assert_eq!(role, json!({"metadata": {}, "rules": null}));
    }

    #[test]
    fn times_bytes_and_quantities_are_made_canonical() {
        let lease = json!({"spec": {"renewTime": "2026-01-01T01:00:00+01:00"}});
        let lease = of("coordination.k8s.io/v1", "Lease", lease).unwrap();
        assert_eq!(lease["spec"]["renewTime"], "2026-01-01T00:00:00.000000Z");
        let error = of("v1", "Secret", json!({"data": {"a": "%%"}})).unwrap_err();
        assert_eq!(error, "illegal base64 data at input byte 0");
        let error = of("v1", "Pod", json!({"metadata": {"creationTimestamp": "zz"}})).unwrap_err();
        let text = "parsing time \"zz\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"zz\" as \"2006\"";
        assert_eq!(error, text);
    }
}
