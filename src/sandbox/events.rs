//! Decides how an Event of `events.k8s.io` and an Event of the core group are the same object.
//! It never stores: Events are kept in the core group's form.

use super::object;
use serde_json::{Map, Value};

/// Core field, `events.k8s.io` field.
const RENAMED: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(object: &mut Value, pairs: impl Iterator<Item = (&'static str, &'static str)>) {
    let Value::Object(fields) = object else { return };
    let mut moved = Map::new();
    for (from, to) in pairs {
        if let Some(value) = fields.remove(from) {
            moved.insert(to.to_owned(), value);
        }
    }
    fields.extend(moved);
}

/// From the core group's fields to those of `events.k8s.io`.
pub(crate) fn to_events_api(object: &mut Value) {
    rename(object, RENAMED.iter().copied());
    object::set_field(object, "apiVersion", Some("events.k8s.io/v1".into()));
}

/// From the fields of `events.k8s.io` to those of the core group; `apiVersion` stays as it is.
pub(crate) fn to_core(object: &mut Value) {
    rename(object, RENAMED.iter().map(|(core, new)| (*new, *core)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn there_and_back() {
        let core = json!({"apiVersion": "events.k8s.io/v1", "message": "m", "involvedObject": {"name": "a"},
            "count": 2, "reportingComponent": "c", "reason": "R"});
        let mut object = core.clone();
        to_events_api(&mut object);
        assert_eq!((&object["note"], &object["regarding"]["name"]), (&json!("m"), &json!("a")));
        to_core(&mut object);
        assert_eq!(object, core);
    }
}
