//! Decides what an object's place is, and how a refusal names it.
//! It never looks at what is there.

use super::refuse::Refusal;
use super::route::Target;
use super::served::Served;
use std::sync::Arc;

/// An object's place: its kind, namespace (empty for cluster-wide kinds), name, and the subresource written.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The kind.
    pub served: Arc<Served>,
    /// The namespace.
    pub namespace: String,
    /// The name; empty for a new object that brings its own.
    pub name: String,
    /// The subresource, empty for the object itself.
    pub sub: String,
}

impl Place {
    /// The place that a request's target names.
    #[must_use]
    pub(crate) fn of(target: &Target) -> Self {
        Self {
            served: Arc::clone(&target.served),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            sub: target.sub.clone(),
        }
    }

    /// 404 for the object at this place.
    #[must_use]
    pub(crate) fn missing(&self) -> Refusal {
        let kind = &self.served.kind;
        Refusal::not_found(&kind.group, &kind.plural, &self.name)
    }

    /// 409: someone else wrote first.
    #[must_use]
    pub(crate) fn modified(&self) -> Refusal {
        let kind = &self.served.kind;
        Refusal::modified(&kind.group, &kind.plural, &self.name)
    }

    /// 409 with the reason for it.
    #[must_use]
    pub(crate) fn conflict(&self, why: &str) -> Refusal {
        let kind = &self.served.kind;
        Refusal::conflict(&kind.group, &kind.plural, &self.name, why)
    }
}
