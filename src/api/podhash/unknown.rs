//! Decides which field of a pod template Go's types do not know, which a slip of the pen mostly is: `livenesProbe`.
//! It never decides what becomes of it; hashes leave it out.

use super::pod;
use super::shape::{Field, Shape};
use serde_json::{Map, Value};

/// The way from the template to the first field that Kubernetes 1.35 does not know, such as
/// `.spec.containers[0].livenesProbe`; none when it knows all of them.
///
/// ```
/// use serde_json::json;
/// use switchback_api::podhash::unknown_field;
///
/// let template = json!({"spec": {"containers": [{"name": "web", "livenesProbe": {}}]}});
/// assert_eq!(unknown_field(&template).as_deref(), Some(".spec.containers[0].livenesProbe"));
/// ```
#[must_use]
pub fn unknown_field(template: &Value) -> Option<String> {
    in_shape(Shape::Object(pod::POD_TEMPLATE_SPEC), template)
}

fn in_shape(shape: Shape, value: &Value) -> Option<String> {
    match (shape, value) {
        (Shape::Object(fields), Value::Object(map)) => in_object(fields, map),
        (Shape::List(element), Value::Array(items)) => {
            let found = |(place, item)| Some(format!("[{place}]{}", in_shape(*element, item)?));
            items.iter().enumerate().find_map(found)
        }
        (Shape::Map(element), Value::Object(map)) => {
            map.iter().find_map(|(key, item)| Some(format!(".{key}{}", in_shape(*element, item)?)))
        }
        _ => None,
    }
}

fn in_object(fields: &[Field], map: &Map<String, Value>) -> Option<String> {
    map.iter().find_map(|(key, value)| match fields.iter().find(|f| f.name == key) {
        Some(field) => Some(format!(".{key}{}", in_shape(field.shape, value)?)),
        None => Some(format!(".{key}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_maps_are_no_fields_and_what_is_known_is_passed() {
        let known = json!({
            "metadata": {"labels": {"anything": "x"}, "annotations": {"a.b/c": "d"}, "creationTimestamp": null},
            "spec": {"nodeSelector": {"disk": "ssd"}, "volumes": [{"name": "v", "emptyDir": {}}],
                "containers": [{"name": "c", "resources": {"limits": {"example.com/gpu": "1"}}}]},
        });
        assert_eq!(unknown_field(&known), None);
        assert_eq!(unknown_field(&json!({"spec": {"container": []}})).as_deref(), Some(".spec.container"));
        let deep = json!({"spec": {"volumes": [{"name": "a"}, {"secret": {"name": "s"}}]}});
        assert_eq!(unknown_field(&deep).as_deref(), Some(".spec.volumes[1].secret.name"));
    }
}
