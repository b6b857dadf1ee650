//! Decides how a write to the cluster is described before anybody makes it.
//! It never makes one; `world::cluster` does.

use serde::Serialize;
use serde_json::Value;

/// The object a write is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Target {
    /// `group/version`.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Target {
    /// A target by its four words.
    #[must_use]
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        let own = str::to_owned;
        Self { api_version: own(api_version), kind: own(kind), namespace: own(namespace), name: own(name) }
    }

    /// Whether it is a Rollout.
    #[must_use]
    pub fn is_rollout(&self) -> bool {
        self.api_version == crate::names::ARGO && self.kind == "Rollout"
    }

    /// The target that an object's own words name; empty words where it has none.
    #[must_use]
    pub fn of_object(object: &Value) -> Self {
        let text = |p: &str| object.pointer(p).and_then(Value::as_str).unwrap_or_default();
        Self::new(text("/apiVersion"), text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// The body of a patch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Patch {
    /// RFC 7396.
    Merge(Value),
    /// Kubernetes' strategic merge, for built-in kinds.
    Strategic(Value),
    /// RFC 6902.
    Json(Value),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Write {
    /// Create the object (its `apiVersion`, `kind` and metadata say where).
    Create {
        /// The whole object.
        object: Value,
    },
    /// Patch an object.
    Patch {
        /// Which.
        target: Target,
        /// `status` or `scale`; empty for the object itself.
        subresource: &'static str,
        /// How.
        patch: Patch,
        /// The resource version it was decided on; the write fails when the object has moved on.
        expect: Option<String>,
    },
    /// Delete an object.
    Delete {
        /// Which.
        target: Target,
        /// The uid it was decided on.
        uid: String,
        /// The resource version it was decided on, where that matters.
        expect: Option<String>,
        /// Whether to wait until the dependents are gone.
        foreground: bool,
    },
    /// Evict a pod, respecting its disruption budget.
    Evict {
        /// The pod.
        target: Target,
    },
}

impl Write {
    /// The object the write is about.
    #[must_use]
    pub fn target(&self) -> Target {
        match self {
            Self::Create { object } => Target::of_object(object),
            Self::Patch { target, .. } | Self::Delete { target, .. } | Self::Evict { target } => {
                target.clone()
            }
        }
    }
}
