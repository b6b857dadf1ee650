//! Decides how an object of a known kind is named: namespace and name, in that order.
//! It never tells the kind; [`Key`](crate::key::Key) does.

use serde::{Deserialize, Serialize};

/// Namespace and name of an object whose kind is known already.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectName {
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectName {
    /// The name of an object by its two words.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for ObjectName {
    /// `namespace/name`, or the name alone of a cluster-scoped object.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// Whether `text` is an RFC 1123 label, its length aside.
#[must_use]
pub fn is_label(text: &str) -> bool {
    let lower_or_digit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(lower_or_digit)
        && text.ends_with(lower_or_digit)
        && text.chars().all(|c| lower_or_digit(c) || c == '-')
}

/// Whether `text` is an RFC 1123 subdomain, its length aside: labels with dots between them.
#[must_use]
pub fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// Whether `text` can be one part of a path, which the names of all objects have to be.
#[must_use]
pub fn is_path_segment(text: &str) -> bool {
    !matches!(text, "." | "..") && !text.contains(['/', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_scoped_object_has_its_name_alone() {
        let names = [ObjectName::new("shop", "web"), ObjectName::new("", "errors")];
        assert_eq!(names.map(|n| n.to_string()), ["shop/web", "errors"]);
    }

    #[test]
    fn names_sort_by_namespace_first() {
        assert!(ObjectName::new("a", "z") < ObjectName::new("b", "a"));
    }
}
