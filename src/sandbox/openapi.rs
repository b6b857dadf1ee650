//! Decides what the server publishes as OpenAPI: for every kind that it checks fields itself, which is what kubectl
//! asks before it sends anything. It never publishes schemas of Kubernetes' own kinds: kubectl has those compiled in,
//! and merges by them.

use super::discover::MINOR;
use super::served::{Kinds, Served};
use crate::base::digest;
use serde_json::{Map, Value, json};

/// The index at `/openapi/v3`.
#[must_use]
pub(crate) fn index(kinds: &Kinds) -> Value {
    let mut paths = Map::new();
    for served in kinds.all() {
        let path = root(&served.kind.group, &served.kind.version);
        if paths.contains_key(&path) {
            continue;
        }
        let Some(document) = document(kinds, &served.kind.group, &served.kind.version) else { continue };
        let hash = digest::sha256_hex(document.to_string().as_bytes()).to_uppercase();
        paths.insert(path.clone(), json!({ "serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}") }));
    }
    json!({ "paths": paths })
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The document of one version; none when it is not served.
#[must_use]
pub(crate) fn document(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let of = |s: &&std::sync::Arc<Served>| s.kind.group == group && s.kind.version == version;
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for served in kinds.all().filter(of) {
        let kind = &served.kind;
        let path = kind.path(Some("{namespace}"), Some("{name}"));
        paths.insert(path, json!({ "patch": patch_operation(served) }));
        if let Some(custom) = &served.custom {
            let mut schema = custom.published(&kind.version);
            let names = json!([{"group": kind.group, "version": kind.version, "kind": kind.kind}]);
            super::object::set_field(&mut schema, "x-kubernetes-group-version-kind", Some(names));
            schemas.insert(schema_name(served), schema);
        }
    }
    if paths.is_empty() {
        return None;
    }
    let info = json!({"title": "Kubernetes", "version": format!("1.{}", MINOR)});
    Some(json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}))
}

fn patch_operation(served: &Served) -> Value {
    let kind = &served.kind;
    let parameter =
        |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter).into();
    json!({"parameters": parameters, "responses": {}, "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind}})
}

/// The name under which a schema is published: the group backwards, the version, the kind.
fn schema_name(served: &Served) -> String {
    let mut parts: Vec<&str> = served.kind.group.split('.').rev().collect();
    parts.push(&served.kind.version);
    parts.push(&served.kind.kind);
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_that_fields_are_checked_here() {
        let kinds = Kinds::built_in();
        let index = index(&kinds);
        let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap();
        assert!(url.starts_with("/openapi/v3/apis/apps/v1?hash="), "{url}");
        let document = document(&kinds, "apps", "v1").unwrap();
        let operation =
            &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
        assert_eq!(operation["x-kubernetes-group-version-kind"]["kind"], "Deployment");
        assert!(operation["parameters"].as_array().unwrap().iter().any(|p| p["name"] == "fieldValidation"));
    }
}
