//! Decides the columns and cells of tables: those a definition prints, and name and age where nothing else is known.
//! It never decides which objects a table holds.

use super::object;
use super::served::Served;
use crate::base::duration;
use serde_json::{Value, json};

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some \
    resources may allow a client to request the generation of an appropriate name automatically. Name is primarily \
    intended for creation idempotence and configuration definition. Cannot be updated. More info: \
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const CREATED: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It \
    is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It \
    is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// One column of a table.
#[must_use]
pub(crate) fn column(name: &str, kind: &str, format: &str, description: &str, priority: i64) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": description, "priority": priority})
}

/// The columns of a kind.
#[must_use]
pub(crate) fn definitions(served: &Served) -> Value {
    if let Some(custom) = &served.custom {
        return custom.columns(&served.kind.version);
    }
    json!([column("Name", "string", "name", NAME, 0), column("Created At", "date", "", CREATED, 0)])
}

/// The cells of one object.
#[must_use]
pub(crate) fn cells(served: &Served, object: &Value, now: jiff::Timestamp) -> Vec<Value> {
    if let Some(custom) = &served.custom {
        return custom.cells(&served.kind.version, object, now);
    }
    let created = object.pointer("/metadata/creationTimestamp").cloned().unwrap_or_default();
    vec![object::meta(object, "name").into(), created]
}

/// How long ago `time` was, as kubectl writes ages; `<unknown>` for no time at all.
#[must_use]
pub(crate) fn age(time: &str, now: jiff::Timestamp) -> String {
    let Ok(then) = time.parse::<jiff::Timestamp>() else { return "<unknown>".to_owned() };
    let gone = now.duration_since(then);
    if gone.is_negative() {
        // clocks may differ a little; further ahead is no age
        return if gone.as_secs() >= -1 { "0s".to_owned() } else { "<invalid>".to_owned() };
    }
    duration::human(std::time::Duration::try_from(gone).unwrap_or_default())
}

/// The description of the name column that every table begins with.
#[must_use]
pub(crate) fn name_column() -> Value {
    column("Name", "string", "name", NAME, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let now: jiff::Timestamp = "2026-01-01T00:02:05Z".parse().unwrap();
        let shown = |t: &str| age(t, now);
        assert_eq!(shown("2026-01-01T00:00:00Z"), "2m5s");
        assert_eq!(shown("2026-01-01T00:02:05Z"), "0s");
        assert_eq!(shown("2026-01-01T01:00:00Z"), "<invalid>");
        assert_eq!(shown(""), "<unknown>");
    }
}
