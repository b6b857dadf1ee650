//! Decides what a pod shows in a table: the one word for its state, above all.
//! It never decides the state.

use super::column::{AGE, NAME, Sheet, text as column};
use super::show::{self, NONE, age, between, count, deleting, list, text, text_or};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) const POD: Sheet = Sheet {
    columns: &[
        NAME,
        column("Ready", "Containers that are ready, of all that run on."),
        column("Status", "What the pod does, or why it does not."),
        column("Restarts", "Restarts of all containers, and how long ago the last was."),
        AGE,
        column("IP", "Address of the pod.").wide(),
        column("Node", "Node that runs the pod.").wide(),
        column("Nominated Node", "Node on which the scheduler makes room for the pod.").wide(),
        column("Readiness Gates", "Readiness gates that are open, of all.").wide(),
    ],
    cells,
};

/// What is added up over the containers.
#[derive(Default)]
struct Sums {
    ready: usize,
    all: usize,
    restarts: i64,
    sidecar_restarts: i64,
    last_restart: Option<Timestamp>,
    last_sidecar_restart: Option<Timestamp>,
}

fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let mut sums = Sums { all: list(pod, "/spec/containers").len(), ..Sums::default() };
    sums.all += list(pod, "/spec/initContainers").iter().filter(|c| is_sidecar(c)).count();
    let state = state(pod, &mut sums);
    let restarts = match sums.last_restart {
        Some(last) if sums.restarts > 0 => format!("{} ({} ago)", sums.restarts, between(last, now)),
        _ => sums.restarts.to_string(),
    };
    let address = match list(pod, "/status/podIPs").first() {
        Some(first) => text_or(first, "/ip", NONE),
        None => text_or(pod, "/status/podIP", NONE),
    };
    vec![
        show::name(pod),
        format!("{}/{}", sums.ready, sums.all).into(),
        state.into(),
        restarts.into(),
        age(pod, now),
        address.into(),
        text_or(pod, "/spec/nodeName", NONE).into(),
        text_or(pod, "/status/nominatedNodeName", NONE).into(),
        gates(pod).into(),
    ]
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return NONE.to_owned();
    }
    let open = gates.iter().filter(|g| condition(pod, text(g, "/conditionType"))).count();
    format!("{open}/{}", gates.len())
}

fn condition(pod: &Value, kind: &str) -> bool {
    list(pod, "/status/conditions").iter().any(|c| text(c, "/type") == kind && text(c, "/status") == "True")
}

fn is_sidecar(container: &Value) -> bool {
    text(container, "/restartPolicy") == "Always"
}

/// When a container ended last before it started again.
fn restarted(status: &Value) -> Option<Timestamp> {
    text(status, "/lastState/terminated/finishedAt").parse().ok()
}

/// Why a container ended: its reason, its signal or its code.
fn ending(status: &Value) -> Option<String> {
    let end = status.pointer("/state/terminated").filter(|t| !t.is_null())?;
    Some(match (text(end, "/reason"), count(end, "/signal")) {
        ("", 0) => format!("ExitCode:{}", count(end, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    })
}

fn state(pod: &Value, sums: &mut Sums) -> String {
    let mut state = text_or(pod, "/status/phase", "Pending").to_owned();
    if !text(pod, "/status/reason").is_empty() {
        text(pod, "/status/reason").clone_into(&mut state);
    }
    let gated = list(pod, "/status/conditions")
        .iter()
        .any(|c| text(c, "/type") == "PodScheduled" && text(c, "/reason") == "SchedulingGated");
    if gated {
        "SchedulingGated".clone_into(&mut state);
    }
    match beginning(pod, sums) {
        Some(found) if !condition(pod, "Initialized") => state = found,
        _ => main(pod, &mut state, sums),
    }
    if deleting(pod) && text(pod, "/status/reason") == "NodeLost" {
        return "Unknown".to_owned();
    }
    let ended = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    if deleting(pod) && !ended { "Terminating".to_owned() } else { state }
}

/// What the init containers wait for; none when they are done.
fn beginning(pod: &Value, sums: &mut Sums) -> Option<String> {
    let specs = list(pod, "/spec/initContainers");
    let spec_of = |status: &Value| specs.iter().find(|s| text(s, "/name") == text(status, "/name"));
    for (i, status) in list(pod, "/status/initContainerStatuses").iter().enumerate() {
        let sidecar = spec_of(status).is_some_and(is_sidecar);
        sums.restarts += count(status, "/restartCount");
        sums.last_restart = sums.last_restart.max(restarted(status));
        if sidecar {
            sums.sidecar_restarts += count(status, "/restartCount");
            sums.last_sidecar_restart = sums.last_sidecar_restart.max(restarted(status));
        }
        let flag = |field: &str| status.get(field).and_then(Value::as_bool) == Some(true);
        match ending(status) {
            Some(_) if status.pointer("/state/terminated/exitCode") == Some(&json!(0)) => continue,
            _ if sidecar && flag("started") => {
                sums.ready += usize::from(flag("ready"));
                continue;
            }
            Some(why) => return Some(format!("Init:{why}")),
            None => {}
        }
        let waiting = text(status, "/state/waiting/reason");
        if !waiting.is_empty() && waiting != "PodInitializing" {
            return Some(format!("Init:{waiting}"));
        }
        return Some(format!("Init:{i}/{}", specs.len()));
    }
    None
}

/// The state that the containers themselves give; the first container has the last word.
fn main(pod: &Value, state: &mut String, sums: &mut Sums) {
    sums.restarts = sums.sidecar_restarts;
    sums.last_restart = sums.last_sidecar_restart;
    let mut running = false;
    for status in list(pod, "/status/containerStatuses").iter().rev() {
        sums.restarts += count(status, "/restartCount");
        sums.last_restart = sums.last_restart.max(restarted(status));
        let waiting = text(status, "/state/waiting/reason");
        if !waiting.is_empty() {
            waiting.clone_into(state);
        } else if let Some(why) = ending(status) {
            *state = why;
        } else if status.get("ready").and_then(Value::as_bool) == Some(true)
            && status.pointer("/state/running").is_some_and(|r| !r.is_null())
        {
            running = true;
            sums.ready += 1;
        }
    }
    if state == "Completed" && running {
        *state = if condition(pod, "Ready") { "Running" } else { "NotReady" }.to_owned();
    }
}
