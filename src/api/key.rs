//! Decides what makes two objects the same one: group, kind, namespace and name, whatever the version.
//! It never holds the object.

use crate::object_name::ObjectName;
use crate::write::Target;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Identity of an object in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// The identity of what `target` names.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        let group = target.api_version.split_once('/').map_or("", |(group, _)| group);
        Self {
            group: group.to_owned(),
            kind: target.kind.clone(),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
        }
    }

    /// A key of a kind of the core group.
    #[must_use]
    pub fn core(kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            group: String::new(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key of a Rollout.
    #[must_use]
    pub fn rollout(namespace: &str, name: &str) -> Self {
        Self { group: "argoproj.io".to_owned(), ..Self::core("Rollout", namespace, name) }
    }

    /// Namespace and name, for whoever knows the kind.
    #[must_use]
    pub fn object_name(&self) -> ObjectName {
        ObjectName::new(&*self.namespace, &*self.name)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// The target that an object's own words name; empty words where it has none.
#[must_use]
pub fn target_of(object: &Value) -> Target {
    Target::of_object(object)
}
