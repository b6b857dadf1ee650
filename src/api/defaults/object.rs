//! Decides which defaults belong to which kind.
//! It never decides what they are.

use super::{pod, policy, service, volume, workload};
use serde_json::Value;

/// Fills in what the API server (1.35) would, by `apiVersion` and `kind`. Other kinds and versions stay unchanged.
///
/// Pod templates get the form in which the server stores them: unknown and empty fields dropped, quantities canonical,
/// `resources: {}` in each container. Assumes a cluster whose only address family is IPv4.
pub fn apply(object: &mut Value) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let Some(fields) = object.as_object_mut() else { return };
    match (version.as_str(), kind.as_str()) {
        ("v1", "Pod") => pod::pod(fields),
        ("v1", "PodTemplate") => pod::template_at(fields, "template"),
        ("v1", "Service") => service::service(fields),
        ("v1", "Endpoints") => service::endpoints(fields),
        ("discovery.k8s.io/v1", "EndpointSlice") => service::endpoint_slice(fields),
        ("networking.k8s.io/v1", "NetworkPolicy") => service::network_policy(fields),
        ("networking.k8s.io/v1", "IngressClass") => service::ingress_class(fields),
        ("v1", "PersistentVolume") => volume::persistent_volume(fields),
        ("v1", "PersistentVolumeClaim") => volume::claim(fields),
        ("storage.k8s.io/v1", "StorageClass") => volume::storage_class(fields),
        ("v1", "ReplicationController") => workload::replication_controller(fields),
        ("apps/v1", "Deployment") => workload::deployment(fields),
        ("apps/v1", "ReplicaSet") => workload::replica_set(fields),
        ("apps/v1", "StatefulSet") => workload::stateful_set(fields),
        ("apps/v1", "DaemonSet") => workload::daemon_set(fields),
        ("batch/v1", "Job") => workload::job(fields),
        ("batch/v1", "CronJob") => workload::cron_job(fields),
        ("v1", "Secret") => policy::secret(fields),
        ("v1", "Namespace") => policy::namespace(fields),
        ("v1", "LimitRange") => policy::limit_range(fields),
        ("v1", "ResourceQuota") => policy::resource_quota(fields),
        ("autoscaling/v1" | "autoscaling/v2", "HorizontalPodAutoscaler") => {
            policy::autoscaler(fields, &version)
        }
        ("scheduling.k8s.io/v1", "PriorityClass") => policy::priority_class(fields),
        ("rbac.authorization.k8s.io/v1", _) => policy::rbac(fields, &kind),
        ("admissionregistration.k8s.io/v1", _) => policy::webhooks(fields, &kind),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition") => policy::custom_resource(fields),
        _ => {}
    }
}
