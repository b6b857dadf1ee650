//! Decides how each kind is served: which subresources it has, what a PUT may do, what a DELETE answers.
//! It never holds objects; kinds defined by a CustomResourceDefinition are described in `custom`.

use super::custom::Custom;
use crate::api::kinds::{self, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What raises `metadata.generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
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
pub(crate) struct Manners {
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
pub(crate) struct Scale {
    /// Pointer of the wanted replicas.
    pub spec_replicas: String,
    /// Pointer of the present replicas.
    pub status_replicas: String,
    /// Pointer of the label selector; a label selector object for built-in kinds, a text for custom ones.
    pub selector: Option<String>,
}

/// A part of an object with an endpoint of its own, as discovery tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sub {
    /// Its name in the URL.
    pub name: &'static str,
    /// Group, version and kind it is read and written as; group and version are empty where they are the parent's.
    pub kind: (&'static str, &'static str, String),
    /// Its verbs.
    pub verbs: &'static [&'static str],
}

/// The verbs of most kinds.
pub(crate) const VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const NO_COLLECTION: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];
const ONLY_CREATE: &[&str] = &["create"];
const ONLY_READ: &[&str] = &["get", "list"];
const CHANGE: &[&str] = &["get", "patch", "update"];

/// One kind in one version, as it is served.
#[derive(Clone, Debug)]
pub(crate) struct Served {
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
    /// What may be asked of it.
    pub verbs: &'static [&'static str],
    /// The definition, for kinds that a CustomResourceDefinition brought.
    pub custom: Option<Arc<Custom>>,
}

impl Served {
    /// Whether the kind is one of the API server's own.
    #[must_use]
    pub(crate) fn is_built_in(&self) -> bool {
        self.custom.is_none()
    }

    /// The parts with an endpoint of their own, in order of their names.
    #[must_use]
    pub(crate) fn subresources(&self) -> Vec<Sub> {
        let kind = &self.kind;
        let own = |name, verbs| Sub { name, kind: ("", "", kind.kind.clone()), verbs };
        let other = |name, kind: &str, verbs| Sub { name, kind: ("", "", kind.to_owned()), verbs };
        let foreign =
            |name, group, kind: &str, verbs| Sub { name, kind: (group, "v1", kind.to_owned()), verbs };
        let proxy: &[&str] = &["create", "delete", "get", "patch", "update"];
        let stream: &[&str] = &["create", "get"];
        let mut all = match (kind.group.as_str(), kind.kind.as_str()) {
            ("", "Namespace") => vec![own("finalize", &["update"])],
            ("", "Node") => vec![other("proxy", "NodeProxyOptions", proxy)],
            ("", "Service") => vec![other("proxy", "ServiceProxyOptions", proxy)],
            ("", "ServiceAccount") => {
                vec![foreign("token", "authentication.k8s.io", "TokenRequest", ONLY_CREATE)]
            }
            ("certificates.k8s.io", _) => vec![own("approval", CHANGE)],
            ("", "Pod") => vec![
                other("attach", "PodAttachOptions", stream),
                other("binding", "Binding", ONLY_CREATE),
                own("ephemeralcontainers", CHANGE),
                foreign("eviction", "policy", "Eviction", ONLY_CREATE),
                other("exec", "PodExecOptions", stream),
                own("log", &["get"]),
                other("portforward", "PodPortForwardOptions", stream),
                other("proxy", "PodProxyOptions", proxy),
                own("resize", CHANGE),
            ],
            _ => Vec::new(),
        };
        if self.scale.is_some() {
            all.push(foreign("scale", "autoscaling", "Scale", CHANGE));
        }
        if self.manners.status {
            all.push(own("status", CHANGE));
        }
        all
    }

    /// Whether it is `kind` of `group`.
    #[must_use]
    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.kind.group == group && self.kind.kind == kind
    }
}

/// Every kind served now, by group, version and plural.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    rows: BTreeMap<(String, String, String), Arc<Served>>,
}

impl Kinds {
    /// The kinds every API server has.
    #[must_use]
    pub(crate) fn built_in() -> Self {
        let mut all = Self::default();
        for kind in kinds::all().filter(|k| kinds::is_built_in(&k.group)) {
            all.insert(built_in(kind));
        }
        for row in MORE {
            all.insert(built_in(more(row)));
        }
        all
    }

    /// Serves one more kind, or serves it differently.
    pub(crate) fn insert(&mut self, served: Served) {
        let k = &served.kind;
        self.rows.insert((k.group.clone(), k.version.clone(), k.plural.clone()), Arc::new(served));
    }

    /// Stops serving every version of `plural.group`.
    pub(crate) fn remove(&mut self, group: &str, plural: &str) {
        self.rows.retain(|(g, _, p), _| g != group || p != plural);
    }

    /// The kind at a URL.
    #[must_use]
    pub(crate) fn at(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Served>> {
        self.rows.get(&(group.to_owned(), version.to_owned(), plural.to_owned())).cloned()
    }

    /// The kind a manifest names.
    #[must_use]
    pub(crate) fn named(&self, api_version: &str, kind: &str) -> Option<Arc<Served>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.all()
            .find(|s| s.kind.group == group && s.kind.version == version && s.kind.kind == kind)
            .map(Arc::clone)
    }

    /// Everything served, in order of group, version and plural.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
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
    let verbs = match (kind.group.as_str(), kind.kind.as_str()) {
        ("authentication.k8s.io" | "authorization.k8s.io", _) | ("", "Binding") => ONLY_CREATE,
        ("", "ComponentStatus") => ONLY_READ,
        ("", "Namespace") => NO_COLLECTION,
        _ => VERBS,
    };
    Served { list_kind: format!("{}List", kind.kind), kind, shelf, manners, scale, verbs, custom: None }
}

/// Group, version, kind, plural, short names, whether it is namespaced.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], bool);

/// Kinds that a real server has besides those manifests commonly hold. Most of them are only kept.
const MORE: &[Row] = &[
    ("", "v1", "Binding", "bindings", &[], true),
    ("", "v1", "ComponentStatus", "componentstatuses", &["cs"], false),
    (ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", &[], false),
    (ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", &[], false),
    ("apiregistration.k8s.io", "v1", "APIService", "apiservices", &[], false),
    ("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", &[], false),
    ("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", &[], false),
    ("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", &[], true),
    ("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", &[], false),
    ("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", &[], false),
    ("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", &[], false),
    ("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", &["hpa"], true),
    ("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", &["csr"], false),
    ("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", "flowschemas", &[], false),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        &[],
        false,
    ),
    ("networking.k8s.io", "v1", "IPAddress", "ipaddresses", &["ip"], false),
    ("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", &[], false),
    ("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", &[], false),
    ("resource.k8s.io", "v1", "DeviceClass", "deviceclasses", &[], false),
    ("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", &[], true),
    ("resource.k8s.io", "v1", "ResourceClaimTemplate", "resourceclaimtemplates", &[], true),
    ("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", &[], false),
    ("storage.k8s.io", "v1", "CSIDriver", "csidrivers", &[], false),
    ("storage.k8s.io", "v1", "CSINode", "csinodes", &[], false),
    ("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities", &[], true),
    ("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", &[], false),
    ("storage.k8s.io", "v1", "VolumeAttributesClass", "volumeattributesclasses", &["vac"], false),
];

const ADMISSION: &str = "admissionregistration.k8s.io";

fn more((group, version, kind, plural, short, namespaced): &Row) -> Kind {
    let categories: &[&str] = match *group {
        ADMISSION | "apiregistration.k8s.io" => &["api-extensions"],
        "autoscaling" => &["all"],
        _ => &[],
    };
    let texts = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
    Kind {
        group: (*group).to_owned(),
        version: (*version).to_owned(),
        kind: (*kind).to_owned(),
        plural: (*plural).to_owned(),
        singular: kind.to_lowercase(),
        short: texts(short),
        categories: texts(categories),
        namespaced: *namespaced,
    }
}

const STATUS: &[(&str, &str)] = &[
    (ADMISSION, "ValidatingAdmissionPolicy"),
    ("apiregistration.k8s.io", "APIService"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("resource.k8s.io", "ResourceClaim"),
    ("storage.k8s.io", "VolumeAttachment"),
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
    "APIService",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "PodDisruptionBudget",
    "RuntimeClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "VolumeAttachment",
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
    "RuntimeClass",
    "Lease",
    "LimitRange",
    "Event",
    "Service",
    "Endpoints",
];

const RETURNS_DELETED: &[&str] = &[
    "CSIDriver",
    "CSINode",
    "DeviceClass",
    "Namespace",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
    "VolumeAttachment",
    "VolumeAttributesClass",
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
        "FlowSchema"
        | "PriorityLevelConfiguration"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding"
        | "DeviceClass"
        | "ResourceSlice"
        | "CSIDriver"
        | "CronJob"
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
pub(crate) fn custom_manners(status: bool) -> Manners {
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
