//! Decides what a reconcile has come to: what it changed in the cluster, when to reconcile again, why it failed.
//! It never decides what follows from that.

use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::api::write::Write;
use crate::engine::controllers::asking::Ask;
use crate::engine::controllers::refusals::{Creation, Writes};
use crate::engine::index::kinds::{self, Change, Followed};
use crate::world::cluster::ClusterError;
use jiff::Timestamp;
use std::time::Duration;

/// What a reconcile has come to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Objects as they are after our writes.
    pub(crate) written: Vec<Change>,
    /// Objects we deleted: kind, name, uid.
    pub(crate) removed: Vec<(&'static Followed, ObjectName, String)>,
    /// Measurements for which somebody is to be asked.
    pub(crate) asks: Vec<Ask>,
    /// What has become of the ReplicaSet of a Rollout's template.
    pub(crate) creation: Creation,
    /// What has become of the other writes of a Rollout's decision.
    pub(crate) writes: Writes,
    /// When to reconcile again.
    pub(crate) wake: Option<Timestamp>,
    /// How long a status that was held back may wait for more.
    pub(crate) debounce: Option<Duration>,
    /// Why it failed.
    pub(crate) error: Option<ClusterError>,
}

impl Outcome {
    /// That it failed before anything was written.
    #[must_use]
    pub(crate) fn failed(error: ClusterError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }

    /// Whether something was written, so that a further reconcile may find more to do.
    #[must_use]
    pub(crate) fn has_changed(&self) -> bool {
        !self.written.is_empty() || !self.removed.is_empty()
    }

    /// Adds what the cluster answered to a write.
    pub(crate) fn add(&mut self, write: &Write, answer: Option<RawObject>) {
        let target = write.target();
        let Some(followed) = kinds::own(&target.kind) else { return };
        match write {
            Write::Delete { uid, .. } => {
                match answer.filter(|object| object.metadata.deletion_timestamp.is_some()) {
                    Some(object) => self.written.push(followed.present(object)),
                    None => {
                        let name = ObjectName::new(target.namespace, target.name);
                        self.removed.push((followed, name, uid.clone()));
                    }
                }
            }
            _ => self.written.extend(answer.map(|object| followed.present(object))),
        }
    }
}
