//! Decides the table of some objects: columns, rows, and what of each object goes along.
//! It never decides what stands in a cell.

use super::column::{AGE_DATE, CREATED, Column, NAME, Sheet};
use super::{cluster, custom, network, pod, policy, show, storage, workload};
use crate::api::kinds::Kind;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What of each object goes along with its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing.
    None,
    /// Its metadata, as `PartialObjectMetadata`: what a client gets that does not ask.
    Metadata,
    /// All of it.
    Object,
}

/// The `meta.k8s.io/v1` Table of `objects` of one kind at `now`.
///
/// `printed` are the `additionalPrinterColumns` of a custom kind's version; a built-in kind has none. The table's
/// `metadata` is empty: the caller puts `resourceVersion`, `continue` and `remainingItemCount` in. In a watch only the
/// first table announces its columns; the caller makes `columnDefinitions` null in the others.
#[must_use]
pub(crate) fn table(
    kind: &Kind,
    objects: &[Value],
    printed: Option<&[Value]>,
    include: Include,
    now: Timestamp,
) -> Value {
    let named = |own: &dyn Fn(&Value) -> Value| objects.iter().map(|o| vec![show::name(o), own(o)]).collect();
    let (columns, cells): (Vec<Value>, Vec<Vec<Value>>) = match (printed, sheet(kind)) {
        (Some([]), _) => (vec![NAME.json(), AGE_DATE.json()], named(&|o| show::age(o, now))),
        (Some(printed), _) => custom::table(printed, objects, now),
        (None, Some(sheet)) => (
            sheet.columns.iter().map(Column::json).collect(),
            objects.iter().map(|o| (sheet.cells)(o, now)).collect(),
        ),
        (None, None) => (
            vec![NAME.json(), CREATED.json()],
            named(&|o| show::text(o, "/metadata/creationTimestamp").into()),
        ),
    };
    let rows: Vec<Value> = objects.iter().zip(cells).map(|(o, cells)| row(kind, o, cells, include)).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "columnDefinitions": columns, "rows": rows,
    })
}

fn row(kind: &Kind, object: &Value, cells: Vec<Value>, include: Include) -> Value {
    let along = match include {
        Include::None => Value::Null,
        Include::Object => object.clone(),
        Include::Metadata => json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
        }),
    };
    let mut row = json!({"cells": cells, "object": along});
    let over = match show::text(object, "/status/phase") {
        "Succeeded" => Some(("Succeeded", "All containers ended well.")),
        "Failed" => Some(("Failed", "A container ended badly.")),
        _ => None,
    };
    if let (Some((reason, message)), Some(row), "Pod", "") =
        (over, row.as_object_mut(), kind.kind.as_str(), kind.group.as_str())
    {
        let condition = json!({"type": "Completed", "status": "True", "reason": reason, "message": message});
        row.insert("conditions".to_owned(), json!([condition]));
    }
    row
}

/// The columns of the kinds that have their own.
fn sheet(kind: &Kind) -> Option<Sheet> {
    Some(match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod::POD,
        ("", "ConfigMap") => cluster::CONFIG_MAP,
        ("", "Secret") => cluster::SECRET,
        ("", "ServiceAccount") => cluster::NAME_AND_AGE,
        ("", "Namespace") => cluster::NAMESPACE,
        ("", "Node") => cluster::NODE,
        ("" | "events.k8s.io", "Event") => cluster::EVENT,
        ("", "ResourceQuota") => cluster::QUOTA,
        ("coordination.k8s.io", "Lease") => cluster::LEASE,
        ("scheduling.k8s.io", "PriorityClass") => cluster::PRIORITY_CLASS,
        (
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        ) => cluster::WEBHOOKS,
        ("", "PodTemplate") => workload::POD_TEMPLATE,
        ("", "ReplicationController") => workload::REPLICATION_CONTROLLER,
        ("apps", "ReplicaSet") => workload::REPLICA_SET,
        ("apps", "Deployment") => workload::DEPLOYMENT,
        ("apps", "StatefulSet") => workload::STATEFUL_SET,
        ("apps", "DaemonSet") => workload::DAEMON_SET,
        ("apps", "ControllerRevision") => workload::CONTROLLER_REVISION,
        ("batch", "Job") => workload::JOB,
        ("batch", "CronJob") => workload::CRON_JOB,
        ("", "Service") => network::SERVICE,
        ("", "Endpoints") => network::ENDPOINTS,
        ("discovery.k8s.io", "EndpointSlice") => network::ENDPOINT_SLICE,
        ("networking.k8s.io", "Ingress") => network::INGRESS,
        ("networking.k8s.io", "IngressClass") => network::INGRESS_CLASS,
        ("networking.k8s.io", "NetworkPolicy") => network::NETWORK_POLICY,
        ("", "PersistentVolume") => storage::VOLUME,
        ("", "PersistentVolumeClaim") => storage::CLAIM,
        ("storage.k8s.io", "StorageClass") => storage::CLASS,
        ("policy", "PodDisruptionBudget") => policy::BUDGET,
        ("autoscaling", "HorizontalPodAutoscaler") => policy::AUTOSCALER,
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => policy::BINDING,
        _ => return None,
    })
}
