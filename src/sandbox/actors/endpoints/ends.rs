//! Decides who serves a Service: which pods, at which addresses, on which ports.
//! It never writes an object.

use crate::actors::object::{moment, name, namespace, put, seconds, take};
use crate::actors::rows::{PodRow, Row, Rows};
use crate::api::selector::Labels;
use crate::base::json::{count, flag, list, text, texts};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// A port as a pod serves it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    pub name: String,
    pub protocol: String,
    pub number: i64,
    pub application: String,
}

impl Port {
    pub(super) fn json(&self) -> Value {
        let mut json = json!({"name": self.name, "port": self.number, "protocol": self.protocol});
        if !self.application.is_empty() {
            put(&mut json, &["appProtocol"], json!(self.application));
        }
        json
    }
}

/// A pod that serves, or would.
#[derive(Clone, Debug)]
pub(super) struct End<'a> {
    pub row: &'a Row,
    pub pod: &'a PodRow,
    pub ports: Vec<Port>,
    /// Ready, or published although it is not.
    pub ready: bool,
    /// The host name it has inside the Service's domain.
    pub host: Option<&'a str>,
}

impl End<'_> {
    pub(super) fn target(&self) -> Value {
        json!({"kind": "Pod", "name": self.row.key.name, "namespace": self.row.key.namespace, "uid": self.row.uid})
    }
}

/// The pods behind a Service that have an address and have not ended, by address.
pub(super) fn find<'a>(rows: &'a Rows, service: &Value, selector: &Labels) -> Vec<End<'a>> {
    let publish = flag(service, "/spec/publishNotReadyAddresses");
    let mut ends: Vec<End<'a>> = rows
        .pods_of_service(namespace(service), selector)
        .into_iter()
        .filter_map(|row| {
            let pod = row.pod.as_deref().filter(|p| p.unfinished() && !p.address.is_empty())?;
            let (host, domain) = &pod.host;
            let host = (!host.is_empty() && domain == name(service)).then_some(host.as_str());
            Some(End { row, pod, ports: ports(service, pod)?, ready: pod.ready || publish, host })
        })
        .collect();
    ends.sort_by_cached_key(|e| (address(&e.pod.address), e.row.key.name.clone()));
    ends
}

/// An address as it sorts: by its numbers.
fn address(text: &str) -> Option<std::net::IpAddr> {
    text.parse().ok()
}

/// The ports of a Service as a pod serves them; none when the pod has no port that the Service names.
fn ports(service: &Value, pod: &PodRow) -> Option<Vec<Port>> {
    let given = list(service, "/spec/ports");
    let mut ports = Vec::new();
    for port in given {
        let protocol = match text(port, "/protocol") {
            "" => "TCP",
            protocol => protocol,
        };
        let number = match port.get("targetPort") {
            Some(Value::Number(number)) => number.as_i64().filter(|n| *n > 0),
            Some(Value::String(named)) => match named.parse() {
                Ok(number) => Some(number),
                Err(_) => pod.ports.get(&(named.clone(), protocol.to_owned())).copied(),
            },
            _ => None,
        };
        let named = matches!(port.get("targetPort"), Some(Value::String(_)));
        let number = if named { number } else { number.or(Some(count(port, "/port"))) };
        let Some(number) = number else { continue };
        ports.push(Port {
            name: text(port, "/name").to_owned(),
            protocol: protocol.to_owned(),
            number,
            application: text(port, "/appProtocol").to_owned(),
        });
    }
    (given.is_empty() || !ports.is_empty()).then_some(ports)
}

/// When the change happened that the endpoints follow: the last pod that was not known as ready became ready, or,
/// when there were none before, the Service was made. None for a change that leaves no trace, as a pod that goes.
pub(super) fn trigger(
    service: &Value,
    ends: &[End<'_>],
    known: Option<&BTreeSet<String>>,
) -> Option<Timestamp> {
    let news = ends.iter().filter(|e| e.ready && known.is_none_or(|k| !k.contains(&e.row.uid)));
    let made = moment(service, "/metadata/creationTimestamp").filter(|_| known.is_none());
    news.filter_map(|e| e.pod.ready_since).chain(made).max()
}

/// The pods that some endpoints or addresses are of.
pub(super) fn pods_of<'a>(entries: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    entries.map(|e| text(e, "/targetRef/uid").to_owned()).collect()
}

/// Writes down when the change happened, or that it is not known.
pub(super) fn mark(object: &mut Value, trigger: Option<Timestamp>) {
    let mut annotations = texts(object, "/metadata/annotations");
    annotations.remove(TRIGGER);
    annotations.extend(trigger.map(|at| (TRIGGER.to_owned(), seconds(at).to_string())));
    if annotations.is_empty() {
        take(object, &["metadata", "annotations"]);
    } else {
        put(object, &["metadata", "annotations"], json!(annotations));
    }
}

/// The labels of a Service's endpoints: its own, and what tells who manages them.
pub(super) fn labels(service: &Value, own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut labels = texts(service, "/metadata/labels");
    labels.remove(HEADLESS);
    if text(service, "/spec/clusterIP") == "None" {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.extend(own.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    labels
}
