//! Decides how each kind is served: which subresources it has, what a PUT may do, what a DELETE answers.
//! It never holds objects; kinds defined by a CustomResourceDefinition are described in `custom`.

use super::custom::Custom;
use crate::api::kinds::{self, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What raises `metadata.generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The kind has no generation.
    None,
    /// It is 1 and stays 1.
    Fixed,
    /// A change of `spec` (for some kinds: of another single field).
    Field(&'static str),
    /// A change of `spec` or of the annotations.
    SpecOrAnnotations,
    /// A change of anything but `metadata` and, where it is a subresource, `status`.
    Content,
    /// A change of anything but `metadata`, or of labels or annotations.
    ContentOrLabels,
}

/// The server's manners towards one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// `status` is a subresource of its own.
    pub status: bool,
    /// What raises the generation.
    pub generation: Generation,
    /// A PUT without a resourceVersion is taken.
    pub unconditional_update: bool,
    /// A PUT of a missing object creates it.
    pub create_on_update: bool,
    /// A DELETE answers with the object instead of a Status.
    pub returns_deleted: bool,
    /// A DELETE without a propagation policy leaves the dependents alone.
    pub orphans_by_default: bool,
}

/// Where a scale subresource finds its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Pointer of the wanted replicas.
    pub spec_replicas: String,
    /// Pointer of the present replicas.
    pub status_replicas: String,
    /// Pointer of the label selector; a label selector object for built-in kinds, a text for custom ones.
    pub selector: Option<String>,
}

/// One kind in one version, as it is served.
#[derive(Clone, Debug)]
pub struct Served {
    /// Group, version, names, scope.
    pub kind: Kind,
    /// Name of the list kind.
    pub list_kind: String,
    /// Where its objects are kept: versions of one resource share a shelf.
    pub shelf: Arc<str>,
    /// How writes are treated.
    pub manners: Manners,
    /// The scale subresource.
    pub scale: Option<Scale>,
    /// The definition, for kinds that a CustomResourceDefinition brought.
    pub custom: Option<Arc<Custom>>,
}

impl Served {
    /// Whether the kind is one of the API server's own.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.custom.is_none()
    }

    /// Whether it is `kind` of `group`.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.kind.group == group && self.kind.kind == kind
    }
}

/// Every kind served now, by group, version and plural.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    rows: BTreeMap<(String, String, String), Arc<Served>>,
}

impl Kinds {
    /// The kinds every API server has.
    #[must_use]
    pub fn built_in() -> Self {
        let mut all = Self::default();
        for kind in kinds::all().filter(|k| k.group != "argoproj.io") {
            all.insert(built_in(kind));
        }
        all
    }

    /// Serves one more kind, or serves it differently.
    pub fn insert(&mut self, served: Served) {
        let k = &served.kind;
        self.rows.insert((k.group.clone(), k.version.clone(), k.plural.clone()), Arc::new(served));
    }

    /// Stops serving every version of `plural.group`.
    pub fn remove(&mut self, group: &str, plural: &str) {
        self.rows.retain(|(g, _, p), _| g != group || p != plural);
    }

    /// The kind at a URL.
    #[must_use]
    pub fn at(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Served>> {
        self.rows.get(&(group.to_owned(), version.to_owned(), plural.to_owned())).cloned()
    }

    /// The kind a manifest names.
    #[must_use]
    pub fn named(&self, api_version: &str, kind: &str) -> Option<Arc<Served>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.all()
            .find(|s| s.kind.group == group && s.kind.version == version && s.kind.kind == kind)
            .map(Arc::clone)
    }

    /// Any served version of `kind` in `group`.
    #[must_use]
    pub fn in_group(&self, group: &str, kind: &str) -> Option<Arc<Served>> {
        self.all().find(|s| s.is(group, kind)).map(Arc::clone)
    }

    /// Everything served, in order of group, version and plural.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.rows.values()
    }
}

fn built_in(kind: Kind) -> Served {
    let manners = manners(&kind.group, &kind.kind);
    let scales =
        matches!(kind.kind.as_str(), "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController");
    let scale = scales.then(|| Scale {
        spec_replicas: "/spec/replicas".to_owned(),
        status_replicas: "/status/replicas".to_owned(),
        selector: Some("/spec/selector".to_owned()),
    });
    let shelf = match (kind.group.as_str(), kind.plural.as_str()) {
        ("events.k8s.io", "events") => "events".into(),
        _ => kind.resource().into(),
    };
    Served { list_kind: format!("{}List", kind.kind), kind, shelf, manners, scale, custom: None }
}

const STATUS: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "ReplicationController"),
    ("", "ResourceQuota"),
    ("", "Service"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("networking.k8s.io", "Ingress"),
    ("policy", "PodDisruptionBudget"),
];

const CONDITIONAL_UPDATE: &[&str] = &[
    "PodDisruptionBudget",
    "Lease",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "CustomResourceDefinition",
];

const CREATE_ON_UPDATE: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Lease",
    "LimitRange",
    "Event",
    "Service",
    "Endpoints",
];

const RETURNS_DELETED: &[&str] = &[
    "Namespace",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ResourceQuota",
    "Service",
    "ServiceAccount",
    "StorageClass",
];

fn generation(kind: &str) -> Generation {
    match kind {
        "Deployment" => Generation::SpecOrAnnotations,
        "PodTemplate" => Generation::Field("template"),
        "EndpointSlice" => Generation::ContentOrLabels,
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => Generation::Field("webhooks"),
        "PriorityClass" => Generation::Fixed,
        "CronJob"
        | "CustomResourceDefinition"
        | "DaemonSet"
        | "Ingress"
        | "IngressClass"
        | "Job"
        | "NetworkPolicy"
        | "Pod"
        | "PodDisruptionBudget"
        | "ReplicaSet"
        | "ReplicationController"
        | "StatefulSet" => Generation::Field("spec"),
        _ => Generation::None,
    }
}

fn manners(group: &str, kind: &str) -> Manners {
    Manners {
        status: STATUS.contains(&(group, kind)),
        generation: generation(kind),
        unconditional_update: !CONDITIONAL_UPDATE.contains(&kind),
        create_on_update: CREATE_ON_UPDATE.contains(&kind),
        returns_deleted: RETURNS_DELETED.contains(&kind),
        orphans_by_default: matches!(kind, "Job" | "ReplicationController"),
    }
}

/// The manners towards kinds that a CustomResourceDefinition brings.
#[must_use]
pub fn custom_manners(status: bool) -> Manners {
    Manners {
        status,
        generation: Generation::Content,
        unconditional_update: false,
        create_on_update: false,
        returns_deleted: false,
        orphans_by_default: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_event_kinds_share_a_shelf_and_argo_comes_only_with_its_definitions() {
        let all = Kinds::built_in();
        let shelf = |v, k| all.named(v, k).map(|s| s.shelf.to_string());
        assert_eq!(shelf("v1", "Event"), shelf("events.k8s.io/v1", "Event"));
        assert_eq!(shelf("apps/v1", "Deployment").as_deref(), Some("deployments.apps"));
        assert!(all.named("argoproj.io/v1alpha1", "Rollout").is_none());
    }
}
