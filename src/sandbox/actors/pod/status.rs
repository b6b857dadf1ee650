//! Decides how a step in a pod's life looks in its status, as a kubelet writes it.
//! It never decides the step.

use crate::actors::HOST;
use crate::actors::object::{condition, put, stamp, uid};
use crate::base::digest::sha256_hex;
use crate::base::json::{count, flag, list, number, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A step in a pod's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The containers are being made.
    Creating,
    /// The image cannot be pulled; `first` until the kubelet backs off.
    NoImage { first: bool },
    /// The containers run.
    Running { ready: bool, restarts: i64 },
    /// The containers ended with an error and will start again.
    Crashed { restarts: i64 },
    /// The containers ended for good.
    Finished { code: i64 },
}

/// The condition types of a pod's readiness gates that are not `True`.
fn shut_gates(pod: &Value) -> Vec<&str> {
    let gates = list(pod, "/spec/readinessGates").iter().map(|g| text(g, "/conditionType"));
    gates.filter(|gate| condition(pod, gate).is_none_or(|c| text(c, "/status") != "True")).collect()
}

/// Whether every readiness gate is open.
pub(super) fn gates_open(pod: &Value) -> bool {
    shut_gates(pod).is_empty()
}

/// The pod with the status of a step.
pub(super) fn write(pod: &Value, stage: &Stage, address: &str, now: Timestamp) -> Value {
    let mut told = pod.clone();
    let phase = match stage {
        Stage::Creating | Stage::NoImage { .. } => "Pending",
        Stage::Running { .. } | Stage::Crashed { .. } => "Running",
        Stage::Finished { code: 0 } => "Succeeded",
        Stage::Finished { .. } => "Failed",
    };
    put(&mut told, &["status", "phase"], json!(phase));
    put(&mut told, &["status", "hostIP"], json!(HOST));
    put(&mut told, &["status", "hostIPs"], json!([{"ip": HOST}]));
    if *stage != Stage::Creating {
        let address = if flag(pod, "/spec/hostNetwork") { HOST } else { address };
        put(&mut told, &["status", "podIP"], json!(address));
        put(&mut told, &["status", "podIPs"], json!([{"ip": address}]));
    }
    if text(pod, "/status/startTime").is_empty() {
        put(&mut told, &["status", "startTime"], stamp(now));
    }
    if text(pod, "/status/qosClass").is_empty() {
        put(&mut told, &["status", "qosClass"], json!(quality(pod)));
    }
    if let Some(generation) = number(pod, "/metadata/generation") {
        put(&mut told, &["status", "observedGeneration"], json!(generation));
    }
    let containers: Vec<Value> =
        list(pod, "/spec/containers").iter().map(|c| container(pod, c, stage, now)).collect();
    put(&mut told, &["status", "containerStatuses"], json!(containers));
    let first: Vec<Value> =
        list(pod, "/spec/initContainers").iter().map(|c| init_container(pod, c, stage, now)).collect();
    if !first.is_empty() {
        put(&mut told, &["status", "initContainerStatuses"], json!(first));
    }
    conditions(pod, &mut told, stage, now);
    told
}

/// The former status of a container.
fn former<'a>(pod: &'a Value, field: &str, name: &str) -> Option<&'a Value> {
    list(pod, &format!("/status/{field}")).iter().find(|c| text(c, "/name") == name)
}

fn container(pod: &Value, spec: &Value, stage: &Stage, now: Timestamp) -> Value {
    let name = text(spec, "/name");
    let before = former(pod, "containerStatuses", name);
    let restarts = match stage {
        Stage::Running { restarts, .. } | Stage::Crashed { restarts } => *restarts,
        _ => before.map_or(0, |b| count(b, "/restartCount")),
    };
    let ready = matches!(stage, Stage::Running { ready: true, .. });
    let mut status = json!({
        "name": name, "image": text(spec, "/image"), "imageID": "", "ready": ready,
        "started": matches!(stage, Stage::Running { .. }), "restartCount": restarts,
        "state": state(spec, before, stage, now),
        "lastState": before.and_then(|b| b.get("lastState")).cloned().unwrap_or_else(|| json!({})),
    });
    if !matches!(stage, Stage::Creating | Stage::NoImage { .. }) {
        let own =
            format!("containerd://{}", sha256_hex(format!("{}/{name}/{restarts}", uid(pod)).as_bytes()));
        put(&mut status, &["containerID"], json!(own));
        put(&mut status, &["imageID"], json!(image_id(text(spec, "/image"))));
    }
    if let Stage::Crashed { .. } = stage {
        let id = status.get("containerID").cloned().unwrap_or_default();
        let mut end = ended(before, 1, now);
        put(&mut end, &["containerID"], id);
        put(&mut status, &["lastState"], json!({"terminated": end}));
    }
    status
}

fn state(spec: &Value, before: Option<&Value>, stage: &Stage, now: Timestamp) -> Value {
    let image = text(spec, "/image");
    let waits = |reason: &str, message: String| json!({"waiting": {"reason": reason, "message": message}});
    match stage {
        Stage::Creating => json!({"waiting": {"reason": "ContainerCreating"}}),
        Stage::NoImage { first: true } => {
            waits("ErrImagePull", format!("failed to pull image \"{image}\": {image}: not found"))
        }
        Stage::NoImage { first: false } => {
            waits("ImagePullBackOff", format!("Back-off pulling image \"{image}\""))
        }
        Stage::Running { .. } => {
            let since = before.and_then(|b| b.pointer("/state/running/startedAt")).cloned();
            json!({"running": {"startedAt": since.unwrap_or_else(|| stamp(now))}})
        }
        Stage::Crashed { .. } => {
            waits("CrashLoopBackOff", format!("back-off restarting failed container {}", text(spec, "/name")))
        }
        Stage::Finished { code } => json!({"terminated": ended(before, *code, now)}),
    }
}

fn ended(before: Option<&Value>, code: i64, now: Timestamp) -> Value {
    let since = before.and_then(|b| b.pointer("/state/running/startedAt")).cloned();
    json!({
        "exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
        "startedAt": since.unwrap_or_else(|| stamp(now)), "finishedAt": stamp(now),
    })
}

/// Init containers have done their work before anything runs; sidecars among them run along.
fn init_container(pod: &Value, spec: &Value, stage: &Stage, now: Timestamp) -> Value {
    let name = text(spec, "/name");
    let before = former(pod, "initContainerStatuses", name);
    let sidecar = text(spec, "/restartPolicy") == "Always";
    let begun = !matches!(stage, Stage::Creating | Stage::NoImage { .. });
    let over = matches!(stage, Stage::Finished { .. });
    let kept = |pointer: &str| before.and_then(|b| b.pointer(pointer)).cloned();
    let state = match (begun, sidecar && !over) {
        (false, _) => json!({"waiting": {"reason": "PodInitializing"}}),
        (true, true) => {
            json!({"running": {"startedAt": kept("/state/running/startedAt").unwrap_or_else(|| stamp(now))}})
        }
        (true, false) => {
            json!({"terminated": kept("/state/terminated").unwrap_or_else(|| ended(before, 0, now))})
        }
    };
    json!({
        "name": name, "image": text(spec, "/image"), "imageID": if begun { image_id(text(spec, "/image")) } else { String::new() },
        "ready": begun && !(sidecar && over), "started": begun && sidecar && !over, "restartCount": 0,
        "state": state, "lastState": {},
    })
}

/// A digest made of the image's own name, so that equal names have equal digests.
fn image_id(image: &str) -> String {
    let last = image.rfind('/').unwrap_or(0);
    let colon = image.rfind(':').filter(|at| *at > last).unwrap_or(image.len());
    let bare = image.split('@').next().and_then(|i| i.get(..colon.min(i.len()))).unwrap_or(image);
    format!("{bare}@sha256:{}", sha256_hex(image.as_bytes()))
}

fn conditions(pod: &Value, told: &mut Value, stage: &Stage, now: Timestamp) {
    let names: Vec<&str> = list(pod, "/spec/containers").iter().map(|c| text(c, "/name")).collect();
    let begun = !matches!(stage, Stage::Creating | Stage::NoImage { .. });
    let running = matches!(stage, Stage::Running { ready: true, .. });
    let unready =
        Some(("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" "))));
    let finished = matches!(stage, Stage::Finished { .. });
    let completed = matches!(stage, Stage::Finished { code: 0 });
    let over = Some((if completed { "PodCompleted" } else { "PodFailed" }, String::new()));
    let gates = shut_gates(pod);
    let gated = gates.iter().map(|gate| match condition(pod, gate) {
        Some(_) => format!("the status of pod readiness gate \"{gate}\" is not \"True\", but False"),
        None => format!("corresponding condition of pod readiness gate \"{gate}\" does not exist."),
    });
    let shut = Some(("ReadinessGatesNotReady", gated.collect::<Vec<_>>().join(", ")));
    let wanted = [
        ("PodReadyToStartContainers", begun && !finished, None),
        (
            "Initialized",
            begun || list(pod, "/spec/initContainers").is_empty(),
            if completed { over.clone() } else { None },
        ),
        (
            "Ready",
            running && gates.is_empty(),
            if finished {
                over.clone()
            } else if running {
                shut
            } else {
                unready.clone()
            },
        ),
        ("ContainersReady", running, if finished { over } else { unready }),
        ("PodScheduled", true, None),
    ];
    let mut all = list(pod, "/status/conditions").to_vec();
    all.retain(|c| !wanted.iter().any(|(kind, ..)| text(c, "/type") == *kind));
    let others = std::mem::take(&mut all);
    for (kind, holds, why) in wanted {
        all.push(one(pod, kind, holds, why.filter(|_| !holds || completed), now));
    }
    all.extend(others);
    put(told, &["status", "conditions"], json!(all));
}

fn one(pod: &Value, kind: &str, holds: bool, why: Option<(&str, String)>, now: Timestamp) -> Value {
    let status = if holds { "True" } else { "False" };
    let before = condition(pod, kind);
    let same = before.filter(|c| text(c, "/status") == status);
    let since = same.and_then(|c| c.get("lastTransitionTime")).cloned().unwrap_or_else(|| stamp(now));
    let mut condition =
        json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since});
    if let Some((reason, message)) = why {
        put(&mut condition, &["reason"], json!(reason));
        if !message.is_empty() {
            put(&mut condition, &["message"], json!(message));
        }
    }
    condition
}

/// The class by which a node under pressure chooses whom to evict.
pub(super) fn quality(pod: &Value) -> &'static str {
    let resources: Vec<&Value> =
        list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers")).collect();
    let amount = |c: &Value, side: &str, what: &str| text_or_number(c, &format!("/resources/{side}/{what}"));
    let any = |c: &&&Value| {
        ["requests", "limits"]
            .iter()
            .any(|side| ["cpu", "memory"].iter().any(|w| amount(c, side, w).is_some()))
    };
    let full = |c: &Value| {
        ["cpu", "memory"].iter().all(|what| {
            let limit = amount(c, "limits", what);
            limit.is_some() && amount(c, "requests", what).is_none_or(|r| Some(r) == limit)
        })
    };
    match (resources.iter().any(|c| any(&c)), resources.iter().all(|c| full(c))) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn text_or_number(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
