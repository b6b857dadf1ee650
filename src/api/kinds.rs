//! Decides which resource a kind is served as: group, version, plural, scope, short names.
//! It never asks a server; kinds outside this table come from discovery or from a CRD.

/// How one kind is served.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: String,
    /// Version, such as `v1`.
    pub version: String,
    /// Kind as written in manifests.
    pub kind: String,
    /// Plural name in URLs.
    pub plural: String,
    /// Singular name for kubectl.
    pub singular: String,
    /// Short names for kubectl.
    pub short: Vec<String>,
    /// Categories for kubectl, such as `all`.
    pub categories: Vec<String>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
}

impl Kind {
    /// `group/version`, or only the version for the core group: the text of `apiVersion`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `plural.group`, or only the plural for the core group, as Kubernetes' messages name resources.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `singular.group`, or only the singular for the core group, as kubectl's `-o name` names the kind of an object.
    #[must_use]
    pub fn one(&self) -> String {
        if self.group.is_empty() {
            self.singular.clone()
        } else {
            format!("{}.{}", self.singular, self.group)
        }
    }

    /// The URL of a collection (`name` none) or of one object.
    #[must_use]
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let mut path = format!("{root}/{}", self.api_version());
        if let Some(ns) = namespace.filter(|_| self.namespaced) {
            path.push_str("/namespaces/");
            path.push_str(ns);
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(name);
        }
        path
    }
}

/// One line of the table: group, version, kind, plural, short names, categories, namespaced.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, bool);

/// The kinds that every cluster has and that manifests commonly hold, Argo Rollouts' five and our own.
const TABLE: &[Row] = &[
    ("", "v1", "ConfigMap", "configmaps", "cm", "", true),
    ("", "v1", "Endpoints", "endpoints", "ep", "", true),
    ("", "v1", "Event", "events", "ev", "", true),
    ("", "v1", "LimitRange", "limitranges", "limits", "", true),
    ("", "v1", "Namespace", "namespaces", "ns", "", false),
    ("", "v1", "Node", "nodes", "no", "", false),
    ("", "v1", "PersistentVolume", "persistentvolumes", "pv", "", false),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "", true),
    ("", "v1", "Pod", "pods", "po", "all", true),
    ("", "v1", "PodTemplate", "podtemplates", "", "", true),
    ("", "v1", "ReplicationController", "replicationcontrollers", "rc", "all", true),
    ("", "v1", "ResourceQuota", "resourcequotas", "quota", "", true),
    ("", "v1", "Secret", "secrets", "", "", true),
    ("", "v1", "Service", "services", "svc", "all", true),
    ("", "v1", "ServiceAccount", "serviceaccounts", "sa", "", true),
    (
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        "",
        "api-extensions",
        false,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "",
        "api-extensions",
        false,
    ),
    (
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "crd,crds",
        "api-extensions",
        false,
    ),
    ("apps", "v1", "ControllerRevision", "controllerrevisions", "", "", true),
    ("apps", "v1", "DaemonSet", "daemonsets", "ds", "all", true),
    ("apps", "v1", "Deployment", "deployments", "deploy", "all", true),
    ("apps", "v1", "ReplicaSet", "replicasets", "rs", "all", true),
    ("apps", "v1", "StatefulSet", "statefulsets", "sts", "all", true),
    ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "all", true),
    ("batch", "v1", "CronJob", "cronjobs", "cj", "all", true),
    ("batch", "v1", "Job", "jobs", "", "all", true),
    ("coordination.k8s.io", "v1", "Lease", "leases", "", "", true),
    ("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "", "", true),
    ("events.k8s.io", "v1", "Event", "events", "ev", "", true),
    ("networking.k8s.io", "v1", "Ingress", "ingresses", "ing", "", true),
    ("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "", "", false),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol", "", true),
    ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", "", true),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "", "", false),
    ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "", "", false),
    ("rbac.authorization.k8s.io", "v1", "Role", "roles", "", "", true),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "", "", true),
    ("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "pc", "", false),
    ("storage.k8s.io", "v1", "StorageClass", "storageclasses", "sc", "", false),
    ("argoproj.io", "v1alpha1", "Rollout", "rollouts", "ro", "", true),
    ("argoproj.io", "v1alpha1", "AnalysisTemplate", "analysistemplates", "at", "", true),
    ("argoproj.io", "v1alpha1", "ClusterAnalysisTemplate", "clusteranalysistemplates", "cat", "", false),
    ("argoproj.io", "v1alpha1", "AnalysisRun", "analysisruns", "ar", "", true),
    ("argoproj.io", "v1alpha1", "Experiment", "experiments", "exp", "", true),
    ("switchback.dev", "v1alpha1", "Delivery", "deliveries", "dlv", "", true),
];

fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

fn from_row((group, version, kind, plural, short, categories, namespaced): &Row) -> Kind {
    Kind {
        group: (*group).to_owned(),
        version: (*version).to_owned(),
        kind: (*kind).to_owned(),
        plural: (*plural).to_owned(),
        singular: kind.to_lowercase(),
        short: list(short),
        categories: list(categories),
        namespaced: *namespaced,
    }
}

/// Every kind of the table, the built-in ones first, then those that come with definitions.
pub fn all() -> impl Iterator<Item = Kind> {
    TABLE.iter().map(from_row)
}

/// The kind that `apiVersion` and `kind` of a manifest name, if this table has it.
///
/// ```
/// use switchback_api::kinds;
/// let rollout = kinds::find("argoproj.io/v1alpha1", "Rollout").expect("in the table");
/// let path = rollout.path(Some("shop"), Some("web"));
/// assert_eq!(path, "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web");
/// assert!(kinds::find("example.com/v1", "Rollout").is_none());
/// ```
#[must_use]
pub fn find(api_version: &str, kind: &str) -> Option<Kind> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    TABLE.iter().find(|r| r.0 == group && r.1 == version && r.2 == kind).map(from_row)
}

/// The API version in which the table has a kind of the API server itself that `api_version` no longer serves; kinds
/// have moved between its groups, too.
///
/// ```
/// use switchback_api::kinds;
/// assert_eq!(kinds::moved("extensions/v1beta1", "Ingress").as_deref(), Some("networking.k8s.io/v1"));
/// assert_eq!(kinds::moved("serving.knative.dev/v1", "Service"), None);
/// ```
#[must_use]
pub fn moved(api_version: &str, kind: &str) -> Option<String> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let own = TABLE.iter().find(|r| r.0 == group && r.2 == kind);
    let is_own = group == "extensions" || is_built_in(group);
    let other = || TABLE.iter().find(|r| r.2 == kind && is_own && is_built_in(r.0));
    own.or_else(other).map(from_row).map(|kind| kind.api_version()).filter(|known| known != api_version)
}

/// Whether `group` is served by the API server itself, so that strategic merge patches work on its kinds.
#[must_use]
pub fn is_built_in(group: &str) -> bool {
    TABLE.iter().any(|r| r.0 == group) && !["argoproj.io", "switchback.dev"].contains(&group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_core_grouped_and_cluster_kinds() {
        let path = |v, k, ns, name| find(v, k).map(|f| f.path(ns, name)).unwrap_or_default();
        assert_eq!(path("v1", "ConfigMap", Some("a"), Some("b")), "/api/v1/namespaces/a/configmaps/b");
        assert_eq!(path("apps/v1", "ReplicaSet", Some("a"), None), "/apis/apps/v1/namespaces/a/replicasets");
        assert_eq!(path("v1", "Namespace", Some("a"), Some("b")), "/api/v1/namespaces/b");
        assert_eq!(
            path("argoproj.io/v1alpha1", "Rollout", None, None),
            "/apis/argoproj.io/v1alpha1/rollouts"
        );
        assert!(find("apps/v1beta1", "Deployment").is_none());
    }

    #[test]
    fn what_has_moved_is_found_where_it_is_now() {
        for (version, kind, now) in [
            ("policy/v1beta1", "PodDisruptionBudget", Some("policy/v1")),
            ("extensions/v1beta1", "Deployment", Some("apps/v1")),
            ("v1", "Deployment", Some("apps/v1")),
            ("apps/v1beta2", "Deployment", Some("apps/v1")),
            ("argoproj.io/v1", "Rollout", Some("argoproj.io/v1alpha1")),
            ("policy/v1beta1", "PodSecurityPolicy", None),
            ("example.com/v1", "Deployment", None),
            ("apps/v1", "Deployment", None),
        ] {
            assert_eq!(moved(version, kind).as_deref(), now, "{version} {kind}");
        }
    }
}
