//! Decides what counts as applied last where that is not certain: everything that either of two commits may have left.
//! It never decides what is done about it.

use crate::api::key::Key;
use crate::api::listkeys::Schema;
use crate::merge::{json as merge_json, smp};
use serde_json::Value;

/// What `old` and `new` say of one object together; where both speak of a field, `new` is heard.
///
/// As the base of a three-way merge it makes sure that fields go which either of them brought and Git no longer says.
#[must_use]
pub(crate) fn union(key: &Key, api_version: &str, old: Option<&Value>, new: &Value) -> Value {
    let Some(old) = old else { return new.clone() };
    let schema = Schema::of(api_version, &key.kind).filter(|_| crate::api::kinds::is_built_in(&key.group));
    let merged = schema.and_then(|schema| smp::apply(old, new, &schema).ok());
    merged.unwrap_or_else(|| merge_json::apply(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_that_either_brought_is_in_it() {
        let key = Key { group: "apps".into(), ..Key::core("Deployment", "shop", "web") };
        let pod =
            |env: Value| json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "env": env}]}}}});
        let old = pod(json!([{"name": "A", "value": "1"}]));
        let new = pod(json!([{"name": "B", "value": "2"}]));
        let both = union(&key, "apps/v1", Some(&old), &new);
        let env = both.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array).unwrap();
        assert_eq!(env.len(), 2, "{both}");
        assert_eq!(union(&key, "apps/v1", None, &new), new);
        let config = Key::core("ConfigMap", "shop", "web");
        let both = union(&config, "v1", Some(&json!({"data": {"a": "1"}})), &json!({"data": {"b": "2"}}));
        assert_eq!(both, json!({"data": {"a": "1", "b": "2"}}));
    }
}
