//! Decides what the furniture of a cluster shows in a table: namespaces, nodes, settings, events.
//! It never decides whether any of it is well.

use super::column::{AGE, NAME, Sheet, number, text as column, truth};
use super::show::{self, NONE, UNKNOWN, age, count, entries, list, plain, since, text, text_or};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const NAME_AND_AGE: Sheet =
    Sheet { columns: &[NAME, AGE], cells: |object, now| vec![show::name(object), age(object, now)] };

pub(super) const CONFIG_MAP: Sheet = Sheet {
    columns: &[NAME, column("Data", "Number of entries."), AGE],
    cells: |object, now| {
        let number = entries(object, "/data") + entries(object, "/binaryData");
        vec![show::name(object), number.into(), age(object, now)]
    },
};

pub(super) const SECRET: Sheet = Sheet {
    columns: &[NAME, column("Type", "What the secret is for."), column("Data", "Number of entries."), AGE],
    cells: |object, now| {
        vec![
            show::name(object),
            text(object, "/type").into(),
            entries(object, "/data").into(),
            age(object, now),
        ]
    },
};

pub(super) const NAMESPACE: Sheet = Sheet {
    columns: &[NAME, column("Status", "Whether the namespace is in use or goes."), AGE],
    cells: |object, now| vec![show::name(object), text(object, "/status/phase").into(), age(object, now)],
};

pub(super) const LEASE: Sheet = Sheet {
    columns: &[NAME, column("Holder", "Who holds the lease."), AGE],
    cells: |object, now| {
        vec![show::name(object), text(object, "/spec/holderIdentity").into(), age(object, now)]
    },
};

pub(super) const WEBHOOKS: Sheet = Sheet {
    columns: &[NAME, number("Webhooks", "Number of webhooks."), AGE],
    cells: |object, now| vec![show::name(object), list(object, "/webhooks").len().into(), age(object, now)],
};

pub(super) const PRIORITY_CLASS: Sheet = Sheet {
    columns: &[
        NAME,
        number("Value", "Priority of pods of the class."),
        truth("Global-Default", "Whether pods without a class get this one."),
        AGE,
        column("PreemptionPolicy", "Whether its pods may drive others out."),
    ],
    cells: |object, now| {
        vec![
            show::name(object),
            count(object, "/value").into(),
            (object.get("globalDefault") == Some(&json!(true))).into(),
            age(object, now),
            text_or(object, "/preemptionPolicy", "PreemptLowerPriority").into(),
        ]
    },
};

pub(super) const QUOTA: Sheet = Sheet {
    columns: &[
        NAME,
        column("Request", "What may be asked for: used and allowed."),
        column("Limit", "What limits may come to: used and allowed."),
        AGE,
    ],
    cells: |object, now| {
        let used = object.pointer("/status/used");
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (what, hard) in object.pointer("/status/hard").and_then(Value::as_object).into_iter().flatten() {
            let used = used.and_then(|u| u.get(what)).map_or_else(|| "0".to_owned(), plain);
            let side = if what.starts_with("limits") { &mut limits } else { &mut requests };
            side.push(format!("{what}: {used}/{}", plain(hard)));
        }
        vec![show::name(object), requests.join(", ").into(), limits.join(", ").into(), age(object, now)]
    },
};

pub(super) const NODE: Sheet = Sheet {
    columns: &[
        NAME,
        column("Status", "Whether the node takes pods."),
        column("Roles", "What the node is for."),
        AGE,
        column("Version", "Version of the kubelet."),
        column("Internal-IP", "Address inside the cluster.").wide(),
        column("External-IP", "Address outside the cluster.").wide(),
        column("OS-Image", "Operating system.").wide(),
        column("Kernel-Version", "Version of the kernel.").wide(),
        column("Container-Runtime", "What runs the containers.").wide(),
    ],
    cells: |object, now| {
        let address = |kind: &str| {
            let all = list(object, "/status/addresses");
            all.iter().find(|a| text(a, "/type") == kind).map_or(NONE, |a| text(a, "/address")).to_owned()
        };
        vec![
            show::name(object),
            node_state(object).into(),
            roles(object).into(),
            age(object, now),
            text(object, "/status/nodeInfo/kubeletVersion").into(),
            address("InternalIP").into(),
            address("ExternalIP").into(),
            text_or(object, "/status/nodeInfo/osImage", UNKNOWN).into(),
            text_or(object, "/status/nodeInfo/kernelVersion", UNKNOWN).into(),
            text_or(object, "/status/nodeInfo/containerRuntimeVersion", UNKNOWN).into(),
        ]
    },
};

fn node_state(object: &Value) -> String {
    let all = list(object, "/status/conditions");
    let state = match all.iter().find(|c| text(c, "/type") == "Ready").map(|c| text(c, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let closed = object.pointer("/spec/unschedulable") == Some(&json!(true));
    if closed { format!("{state},SchedulingDisabled") } else { state.to_owned() }
}

fn roles(object: &Value) -> String {
    let mut roles: BTreeSet<String> = BTreeSet::new();
    for (label, value) in object.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten()
    {
        let role = match label.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => role.to_owned(),
            None if label == "kubernetes.io/role" => plain(value),
            None => continue,
        };
        roles.extend((!role.is_empty()).then_some(role));
    }
    let shown = roles.into_iter().collect::<Vec<_>>().join(",");
    if shown.is_empty() { NONE.to_owned() } else { shown }
}

pub(super) const EVENT: Sheet = Sheet {
    columns: &[
        column("Last Seen", "Time since it happened last."),
        column("Type", "Good news or bad."),
        column("Reason", "What happened, in a word."),
        column("Object", "What it happened to."),
        column("Subobject", "Which part of that.").wide(),
        column("Source", "Who tells it.").wide(),
        column("Message", "What happened."),
        column("First Seen", "Time since it happened first.").wide(),
        column("Count", "How often it happened.").wide(),
        column("Name", "Name of the object.").named().wide(),
    ],
    cells: event,
};

/// The same Event in its two API groups has two sets of fields; the first that is there counts.
fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let first = |pointers: [&'static str; 2]| {
        if text(object, pointers[0]).is_empty() { pointers[1] } else { pointers[0] }
    };
    let about = |field: &str| {
        let old = text(object, &format!("/involvedObject/{field}"));
        if old.is_empty() { text(object, &format!("/regarding/{field}")) } else { old }.to_owned()
    };
    let started = first(["/firstTimestamp", "/deprecatedFirstTimestamp"]);
    let mut ended = first(["/lastTimestamp", "/deprecatedLastTimestamp"]);
    let started = if text(object, started).is_empty() { "/eventTime" } else { started };
    if text(object, ended).is_empty() {
        ended = started;
    }
    let mut times = count(object, "/count").max(count(object, "/deprecatedCount")).max(1);
    if object.get("series").is_some_and(Value::is_object) {
        ended = "/series/lastObservedTime";
        times = count(object, "/series/count");
    }
    let kind = about("kind").to_lowercase();
    let target = if about("name").is_empty() { kind } else { format!("{kind}/{}", about("name")) };
    vec![
        since(object, ended, now).into(),
        text(object, "/type").into(),
        text(object, "/reason").into(),
        target.into(),
        about("fieldPath").into(),
        source(object).into(),
        text(object, first(["/message", "/note"])).trim().into(),
        since(object, started, now).into(),
        times.into(),
        show::name(object),
    ]
}

fn source(object: &Value) -> String {
    let pick = |pointers: &[&str]| {
        pointers.iter().map(|p| text(object, p)).find(|t| !t.is_empty()).unwrap_or_default().to_owned()
    };
    let who = pick(&[
        "/source/component",
        "/deprecatedSource/component",
        "/reportingComponent",
        "/reportingController",
    ]);
    let place = pick(&["/source/host", "/deprecatedSource/host", "/reportingInstance"]);
    if place.is_empty() { who } else { format!("{who}, {place}") }
}
