//! Decides that the sandbox has one node, which is always ready and never full.
//! It never touches nodes that others made.

use super::object::{deleting, holds, put, stamp};
use super::task::Key;
use super::turn::Turn;
use super::{HOST, NODE};
use serde_json::{Value, json};

/// Registers the node and writes its status once.
pub(super) fn register(turn: &mut Turn<'_>, key: &Key) {
    if key.name != NODE {
        return;
    }
    match turn.read(key) {
        None => turn.create(json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": NODE, "labels": {
                "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            }},
            "spec": {},
        })),
        Some(node) if !holds(&node, "Ready") && !deleting(&node) => {
            let told = with_status(turn, node);
            turn.update_status(told);
        }
        Some(_) => {}
    }
}

fn with_status(turn: &Turn<'_>, mut node: Value) -> Value {
    let now = stamp(turn.now);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    let room = json!({"cpu": "1000", "memory": "4Ti", "pods": "100k", "ephemeral-storage": "4Ti"});
    put(&mut node, &["status", "capacity"], room.clone());
    put(&mut node, &["status", "allocatable"], room);
    let addresses = json!([{"type": "InternalIP", "address": HOST}, {"type": "Hostname", "address": NODE}]);
    put(&mut node, &["status", "addresses"], addresses);
    let info = json!({
        "architecture": "amd64", "operatingSystem": "linux", "osImage": "Switchback sandbox",
        "kubeletVersion": "v1.35.4", "kubeProxyVersion": "", "kernelVersion": "none",
        "containerRuntimeVersion": "none://0", "bootID": "", "machineID": "", "systemUUID": "",
    });
    put(&mut node, &["status", "nodeInfo"], info);
    let conditions = json!([
        condition(
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"
        ),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", "True", "KubeletReady", "the sandbox's node is always ready"),
    ]);
    put(&mut node, &["status", "conditions"], conditions);
    node
}
