//! Decides in which order objects are applied, and the reverse in which they are pruned.
//! It never waits between them.

use crate::logic::manifest::Manifest;

/// Kinds that others stand on, first to last; what is not named comes between the two lists.
const FIRST: &[&str] = &[
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "StorageClass",
    "IngressClass",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "Secret",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "Endpoints",
    "EndpointSlice",
    "Service",
    "ClusterAnalysisTemplate",
    "AnalysisTemplate",
];

/// Kinds that start something, or stand in front of what is started, first to last.
const LAST: &[&str] = &[
    "PodTemplate",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "Rollout",
    "Job",
    "CronJob",
    "HorizontalPodAutoscaler",
    "Ingress",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The rank of a kind; equal ranks may be applied side by side.
#[must_use]
pub(crate) fn rank(kind: &str) -> usize {
    if let Some(i) = FIRST.iter().position(|k| *k == kind) {
        return i;
    }
    match LAST.iter().position(|k| *k == kind) {
        Some(i) => FIRST.len() + 1 + i,
        None => FIRST.len(),
    }
}

/// Sorts manifests into the order in which they are applied.
pub(crate) fn sort(manifests: &mut [&Manifest]) {
    manifests.sort_by(|a, b| (rank(&a.key.kind), &a.key).cmp(&(rank(&b.key.kind), &b.key)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_stand_on_comes_first() {
        let chain = [
            "Namespace",
            "CustomResourceDefinition",
            "ConfigMap",
            "Service",
            "AnalysisTemplate",
            "Certificate",
            "Rollout",
            "Ingress",
        ];
        assert!(chain.windows(2).all(|w| rank(w[0]) < rank(w[1])));
    }
}
