//! Decides a Service's Endpoints: one object, its addresses grouped by the ports they serve.
//! It never touches Endpoints that somebody else made.

use super::ends::{End, Port, labels, mark, pods_of, trigger};
use crate::actors::object::{name, namespace, put};
use crate::actors::task::Key;
use crate::actors::turn::Turn;
use crate::base::json::{list, texts};
use crate::propagation::Propagation;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";

fn key_of(namespace: &str, name: &str) -> Key {
    Key::new("v1", "Endpoints", namespace, name)
}

pub(super) fn sync(turn: &mut Turn<'_>, service: &Value, ends: &[End<'_>]) {
    let subsets = subsets(ends);
    let labels = json!(labels(service, &[(MANAGED_BY, MANAGER)]));
    let Some(mut object) = turn.read(&key_of(namespace(service), name(service))) else {
        let mut object = json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": {
                "name": name(service), "namespace": namespace(service), "labels": labels,
            },
        });
        if !subsets.is_empty() {
            put(&mut object, &["subsets"], json!(subsets));
        }
        mark(&mut object, trigger(service, ends, None));
        return turn.create(object);
    };
    let same_subsets =
        object.get("subsets").filter(|s| !s.is_null()).unwrap_or(&json!([])) == &json!(subsets);
    if same_subsets && json!(texts(&object, "/metadata/labels")) == labels {
        return;
    }
    let known = pods_of(list(&object, "/subsets").iter().flat_map(|s| list(s, "/addresses")));
    put(&mut object, &["subsets"], json!(subsets));
    put(&mut object, &["metadata", "labels"], labels);
    mark(&mut object, trigger(service, ends, Some(&known)));
    turn.update(object);
}

/// Deletes the Endpoints of a Service that is gone.
pub(super) fn forget(turn: &mut Turn<'_>, service: &Key) {
    let key = key_of(&service.namespace, &service.name);
    let Some(row) = turn.rows.at(&key) else { return };
    if row.labels.get(MANAGED_BY).is_some_and(|m| m == MANAGER) && !row.deleting {
        turn.delete(&key, &row.uid.clone(), Propagation::Background, None);
    }
}

fn subsets(ends: &[End<'_>]) -> Vec<Value> {
    let mut groups: BTreeMap<&[Port], (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for end in ends.iter().filter(|e| !e.row.deleting) {
        let mut address = json!({"ip": end.pod.address, "targetRef": end.target()});
        if !end.pod.node.is_empty() {
            put(&mut address, &["nodeName"], json!(end.pod.node));
        }
        if let Some(host) = end.host {
            put(&mut address, &["hostname"], json!(host));
        }
        let (ready, waiting) = groups.entry(&end.ports).or_default();
        if end.ready { ready.push(address) } else { waiting.push(address) }
    }
    let subset = |(ports, (ready, waiting)): (&[Port], (Vec<Value>, Vec<Value>))| {
        let mut subset = json!({});
        let ports: Vec<Value> = ports.iter().map(port).collect();
        for (field, all) in [("addresses", ready), ("notReadyAddresses", waiting), ("ports", ports)] {
            if !all.is_empty() {
                put(&mut subset, &[field], json!(all));
            }
        }
        subset
    };
    groups.into_iter().map(subset).collect()
}

/// A port; the older kind leaves an empty name out.
fn port(port: &Port) -> Value {
    let mut json = port.json();
    if port.name.is_empty() {
        crate::actors::object::take(&mut json, &["name"]);
    }
    json
}
