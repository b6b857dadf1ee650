//! Decides a Service's EndpointSlices: one for every set of ports, more when there are very many pods.
//! It never touches slices that somebody else made.

use super::ends::{End, Port, labels, mark, pods_of, trigger};
use crate::actors::object::{controller_reference, name, namespace, put, uid};
use crate::actors::template::name_after;
use crate::actors::turn::Turn;
use crate::base::json::{list, texts};
use crate::propagation::Propagation;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most endpoints of one slice.
const MOST: usize = 100;
const KIND: &str = "EndpointSlice";

pub(super) fn sync(turn: &mut Turn<'_>, service: &Value, ends: &[End<'_>]) {
    let rows = turn.rows.controlled_by(uid(service), KIND);
    let mut present: Vec<Value> =
        rows.iter().filter(|r| !r.deleting).filter_map(|r| turn.read(&r.key)).collect();
    present.sort_by(|a, b| name(a).cmp(name(b)));
    let labels = json!(labels(
        service,
        &[
            ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"),
            ("kubernetes.io/service-name", name(service)),
        ],
    ));
    let ready = |e: &&Value| e.pointer("/conditions/ready") == Some(&Value::Bool(true));
    let known = pods_of(present.iter().flat_map(|s| list(s, "/endpoints")).filter(ready));
    let trigger = trigger(service, ends, (!present.is_empty()).then_some(&known));
    for (ports, endpoints) in wanted(ends) {
        // A slice of the same ports is used again, else one that has none.
        let place = present.iter().position(|s| list(s, "/ports") == ports.as_slice());
        let place = place.or_else(|| present.iter().position(|s| list(s, "/endpoints").is_empty()));
        let Some(place) = place else {
            make(turn, service, (ports, endpoints), &labels, trigger);
            continue;
        };
        let mut slice = present.remove(place);
        let same =
            list(&slice, "/endpoints") == endpoints.as_slice() && list(&slice, "/ports") == ports.as_slice();
        if same && json!(texts(&slice, "/metadata/labels")) == labels {
            continue;
        }
        put(&mut slice, &["endpoints"], json!(endpoints));
        put(&mut slice, &["ports"], json!(ports));
        put(&mut slice, &["metadata", "labels"], labels.clone());
        mark(&mut slice, trigger);
        turn.update(slice);
    }
    for slice in present {
        turn.delete(&crate::actors::Key::of(&slice), uid(&slice), Propagation::Background, None);
    }
}

/// Ports and endpoints of every slice that should be; an empty one when nobody serves.
fn wanted(ends: &[End<'_>]) -> Vec<(Vec<Value>, Vec<Value>)> {
    let mut groups: BTreeMap<&[Port], Vec<Value>> = BTreeMap::new();
    for end in ends {
        groups.entry(&end.ports).or_default().push(endpoint(end));
    }
    let mut wanted = Vec::new();
    for (ports, endpoints) in groups {
        let ports: Vec<Value> = ports.iter().map(Port::json).collect();
        wanted.extend(endpoints.chunks(MOST).map(|part| (ports.clone(), part.to_vec())));
    }
    if wanted.is_empty() {
        wanted.push((Vec::new(), Vec::new()));
    }
    wanted
}

fn endpoint(end: &End<'_>) -> Value {
    let conditions = json!({
        "ready": end.ready && !end.row.deleting, "serving": end.ready, "terminating": end.row.deleting,
    });
    let mut endpoint =
        json!({"addresses": [end.pod.address], "conditions": conditions, "targetRef": end.target()});
    if !end.pod.node.is_empty() {
        put(&mut endpoint, &["nodeName"], json!(end.pod.node));
    }
    if let Some(host) = end.host {
        put(&mut endpoint, &["hostname"], json!(host));
    }
    endpoint
}

fn make(
    turn: &mut Turn<'_>,
    service: &Value,
    (ports, endpoints): (Vec<Value>, Vec<Value>),
    labels: &Value,
    trigger: Option<Timestamp>,
) {
    let none_if_empty = |all: Vec<Value>| if all.is_empty() { Value::Null } else { json!(all) };
    let mut slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": KIND, "addressType": "IPv4",
        "metadata": {
            "namespace": namespace(service), "labels": labels,
            "ownerReferences": [controller_reference(service)],
        },
        "endpoints": none_if_empty(endpoints), "ports": none_if_empty(ports),
    });
    mark(&mut slice, trigger);
    name_after(turn, &mut slice, name(service));
    turn.create(slice);
}
