//! Decides which part of an object's metadata the engine keeps, and answers who owns it.
//! It never keeps managed fields.

use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Metadata of an object, without what only the API server needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Name.
    pub name: String,
    /// Namespace; empty on cluster-scoped objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Identity that survives nothing: a recreated object has another.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Version of the stored object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// Counts changes of the desired state.
    pub generation: i64,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When the object was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<Time>,
    /// When deletion was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<Time>,
    /// Owners.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owner_references: Vec<Owner>,
    /// When the status was written.
    #[serde(rename = "managedFields", skip_serializing, deserialize_with = "status_written")]
    pub status_written: StatusWritten,
}

/// One owner of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Owner {
    /// API version of the owner.
    pub api_version: String,
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner, in the same namespace.
    pub name: String,
    /// Uid of the owner.
    pub uid: String,
    /// Whether this owner manages the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<bool>,
    /// Whether foreground deletion of the owner waits for the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_owner_deletion: Option<bool>,
}

fn null_is_empty<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// When the status of an object was written: the API server's time, which a restart of ours does not begin anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusWritten {
    /// The last time, by whomever.
    pub last: Option<Time>,
    /// By Argo Rollouts' controller, if later than by us.
    pub by_argo: Option<Time>,
}

/// Of managed fields only when those of the status were written.
fn status_written<'de, D: serde::Deserializer<'de>>(d: D) -> Result<StatusWritten, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Managed<'a> {
        #[serde(borrow)]
        manager: Cow<'a, str>,
        #[serde(borrow)]
        subresource: Cow<'a, str>,
        #[serde(borrow)]
        time: Option<Cow<'a, str>>,
    }
    let all = Option::<Vec<Managed<'de>>>::deserialize(d)?.unwrap_or_default();
    let mut written = StatusWritten::default();
    let mut ours = None;
    for entry in all.iter().filter(|m| m.subresource == "status") {
        let at = entry.time.as_deref().and_then(Time::parse);
        written.last = written.last.max(at);
        if entry.manager == crate::names::FIELD_MANAGER {
            ours = ours.max(at);
        } else if entry.manager == crate::names::ARGO_FIELD_MANAGER {
            written.by_argo = written.by_argo.max(at);
        }
    }
    written.by_argo = written.by_argo.filter(|at| ours.is_none_or(|ours| *at > ours));
    Ok(written)
}

impl Meta {
    /// Reads metadata as JSON; none when it is of another shape.
    #[must_use]
    pub fn of(metadata: &serde_json::Value) -> Option<Self> {
        Self::deserialize(metadata).ok()
    }

    /// The owner that manages the object, if any (source: apimachinery's controller_ref.go, `GetControllerOf`).
    #[must_use]
    pub fn controller(&self) -> Option<&Owner> {
        self.owner_references.iter().find(|o| o.controller == Some(true))
    }

    /// Whether the object is managed by the owner with `uid`.
    #[must_use]
    pub fn is_controlled_by(&self, uid: &str) -> bool {
        self.controller().is_some_and(|o| o.uid == uid)
    }

    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    /// The revision number in the annotation; 0 without one.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.annotation(crate::names::REVISION).and_then(|v| v.parse().ok()).unwrap_or(0)
    }
}
