//! Decides how the server tells what it serves: groups, versions, resources, in the old form and in the aggregated one.
//! It never serves anything itself.

use super::served::{Kinds, Served};
use base64::Engine as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::cmp::Reverse;
use std::sync::Arc;

/// The minor version of Kubernetes this server says it is.
pub(crate) const MINOR: &str = "35";

/// The groups every server has, in the order it tells them.
const GROUPS: &[&str] = &[
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];

/// Every named group in the order it is told: Kubernetes' own first, then those of definitions by name.
#[must_use]
pub(crate) fn groups(kinds: &Kinds) -> Vec<String> {
    let mut all: Vec<String> = GROUPS.iter().map(|g| (*g).to_owned()).collect();
    for served in kinds.all() {
        let group = &served.kind.group;
        if !group.is_empty() && !all.contains(group) {
            all.push(group.clone());
        }
    }
    all
}

/// The versions of a group, the preferred one first.
#[must_use]
pub(crate) fn versions(kinds: &Kinds, group: &str) -> Vec<String> {
    let mut all: Vec<String> =
        kinds.all().filter(|s| s.kind.group == group).map(|s| s.kind.version.clone()).collect();
    all.sort_by_key(|v| Reverse(rank(v)));
    all.dedup();
    all
}

/// `v2` before `v1` before `v1beta2` before `v1beta1` before `v1alpha1` before everything else by name.
fn rank(version: &str) -> (u8, u64, u8, u64, Reverse<String>) {
    let other = (0, 0, 0, 0, Reverse(version.to_owned()));
    let Some(rest) = version.strip_prefix('v') else { return other };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (major, stage) = rest.split_at(digits);
    let Ok(major) = major.parse() else { return other };
    let minor = |prefix: &str| stage.strip_prefix(prefix).and_then(|n| n.parse().ok());
    let name = Reverse(String::new());
    match (stage.is_empty(), minor("beta"), minor("alpha")) {
        (true, _, _) => (3, major, 0, 0, name),
        (_, Some(minor), _) => (2, major, 0, minor, name),
        (_, _, Some(minor)) => (1, major, 0, minor, name),
        _ => other,
    }
}

fn version_entry(group: &str, version: &str) -> Value {
    let full = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"groupVersion": full, "version": version})
}

/// One `APIGroup`; none for a group that is not served.
#[must_use]
pub(crate) fn group(kinds: &Kinds, name: &str, typed: bool) -> Option<Value> {
    let versions = versions(kinds, name);
    let all: Vec<Value> = versions.iter().map(|v| version_entry(name, v)).collect();
    let first = all.first()?.clone();
    let mut group = json!({"name": name, "versions": all, "preferredVersion": first});
    if typed && let Value::Object(fields) = &mut group {
        fields.insert("kind".to_owned(), "APIGroup".into());
        fields.insert("apiVersion".to_owned(), "v1".into());
    }
    Some(group)
}

/// `/apis` in the old form.
#[must_use]
pub(crate) fn group_list(kinds: &Kinds) -> Value {
    let all: Vec<Value> = groups(kinds).iter().filter_map(|g| group(kinds, g, false)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
}

/// `/api` in the old form; `host` is where the client reached the server.
#[must_use]
pub(crate) fn core(host: &str) -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]})
}

fn of_version<'a>(
    kinds: &'a Kinds,
    group: &'a str,
    version: &'a str,
) -> impl Iterator<Item = &'a Arc<Served>> {
    kinds.all().filter(move |s| s.kind.group == group && s.kind.version == version)
}

/// The resources of one version in the old form; none for a version that is not served.
#[must_use]
pub(crate) fn resource_list(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for served in of_version(kinds, group, version) {
        let kind = &served.kind;
        let mut entry = json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": served.verbs});
        add_names(&mut entry, served);
        if served.verbs.contains(&"list") && kind.kind != "ComponentStatus" {
            add(&mut entry, "storageVersionHash", storage_hash(served).into());
        }
        resources.push(entry);
        for sub in served.subresources() {
            let name = format!("{}/{}", kind.plural, sub.name);
            let (group, version, of) = &sub.kind;
            let mut entry = json!({"name": name, "singularName": "", "namespaced": kind.namespaced, "kind": of,
                "verbs": sub.verbs});
            if !group.is_empty() {
                add(&mut entry, "group", (*group).into());
                add(&mut entry, "version", (*version).into());
            }
            resources.push(entry);
        }
    }
    if resources.is_empty() {
        return None;
    }
    let full = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut list = json!({"kind": "APIResourceList", "groupVersion": full, "resources": resources});
    if !group.is_empty() {
        add(&mut list, "apiVersion", "v1".into());
    }
    Some(list)
}

fn add(object: &mut Value, key: &str, value: Value) {
    super::object::set_field(object, key, Some(value));
}

fn add_names(entry: &mut Value, served: &Served) {
    if !served.kind.short.is_empty() {
        add(entry, "shortNames", served.kind.short.clone().into());
    }
    if !served.kind.categories.is_empty() {
        add(entry, "categories", served.kind.categories.clone().into());
    }
}

/// The short hash that tells in which version a kind is stored.
fn storage_hash(served: &Served) -> String {
    let kind = &served.kind;
    let version = match &served.custom {
        Some(custom) => custom.storage_version(),
        None if kind.group == "autoscaling" => "v2",
        None => "v1",
    };
    // Events are stored as those of the core group, whichever way they are read
    let group = if kind.kind == "Event" { "" } else { kind.group.as_str() };
    let hash = Sha256::digest(format!("{group}/{version}/{}", kind.kind).as_bytes());
    base64::engine::general_purpose::STANDARD.encode(hash.get(..8).unwrap_or_default())
}

/// Aggregated discovery of the core group (`named` false) or of all others.
#[must_use]
pub(crate) fn aggregated(kinds: &Kinds, named: bool) -> Value {
    let names = if named { groups(kinds) } else { vec![String::new()] };
    let items: Vec<Value> = names.iter().map(|name| aggregated_group(kinds, name)).collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated_group(kinds: &Kinds, name: &str) -> Value {
    let mut meta = Map::new();
    if !name.is_empty() {
        meta.insert("name".to_owned(), name.into());
    }
    let versions: Vec<Value> = versions(kinds, name)
        .iter()
        .map(|version| {
            let resources: Vec<Value> =
                of_version(kinds, name, version).map(|s| aggregated_resource(s)).collect();
            json!({"version": version, "resources": resources, "freshness": "Current"})
        })
        .collect();
    json!({"metadata": meta, "versions": versions})
}

fn aggregated_resource(served: &Served) -> Value {
    let kind = &served.kind;
    // kinds of definitions are told with their group and version, Kubernetes' own without
    let own = |of: &str| {
        let (group, version) =
            if served.is_built_in() { ("", "") } else { (kind.group.as_str(), kind.version.as_str()) };
        json!({"group": group, "version": version, "kind": of})
    };
    let scope = if kind.namespaced { "Namespaced" } else { "Cluster" };
    let mut entry = json!({"resource": kind.plural, "responseKind": own(&kind.kind), "scope": scope,
        "singularResource": kind.singular, "verbs": served.verbs});
    add_names(&mut entry, served);
    let subs: Vec<Value> = served
        .subresources()
        .into_iter()
        .map(|sub| {
            let (group, version, of) = sub.kind;
            let response = if group.is_empty() {
                own(&of)
            } else {
                json!({"group": group, "version": version, "kind": of})
            };
            json!({"subresource": sub.name, "responseKind": response, "verbs": sub.verbs})
        })
        .collect();
    if !subs.is_empty() {
        add(&mut entry, "subresources", subs.into());
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ranked_as_kubernetes_ranks_them() {
        let mut all = vec!["v1alpha1", "foo", "v2", "v1beta2", "v1", "v10", "v1beta10", "bar"];
        all.sort_by_key(|v| Reverse(rank(v)));
        assert_eq!(all, ["v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "bar", "foo"]);
    }

    #[test]
    fn known_storage_hashes() {
        let kinds = Kinds::built_in();
        let hash = |version, kind| storage_hash(&kinds.named(version, kind).unwrap());
        assert_eq!(hash("v1", "ConfigMap"), "qFsyl6wFWjQ=");
        assert_eq!(hash("apps/v1", "DaemonSet"), "dd7pWHUlMKQ=");
        assert_eq!(hash("v1", "Event"), "r2yiGXH7wu8=");
    }

    #[test]
    fn the_old_form_lists_subresources() {
        let list = resource_list(&Kinds::built_in(), "apps", "v1").unwrap();
        let names: Vec<&str> =
            list["resources"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"deployments/scale") && names.contains(&"deployments/status"), "{names:?}");
        assert!(resource_list(&Kinds::built_in(), "apps", "v9").is_none());
    }
}
