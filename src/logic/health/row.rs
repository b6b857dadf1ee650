//! Decides what is told of each kind of workload, and what holds for all of them: what is not there, is going or was not
//! seen yet is waited for. It never knows a kind.

use crate::base::json::{list, number, text};
use serde_json::Value;

/// How it goes with a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It is as it was asked to be.
    Healthy,
    /// It is not yet, and why.
    Progressing(String),
    /// It will not be by itself, and why.
    Failed(String),
}

/// A kind of workload.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Its API group.
    pub(super) group: &'static str,
    /// Its name.
    pub(super) kind: &'static str,
    /// How it goes with one that its controller has seen as it is.
    pub(super) health: fn(&Value) -> Health,
    /// Whether it comes to an end: it may go by itself then, and its status knows no generation.
    pub(super) ends: bool,
}

impl Workload {
    /// How it goes with an object of this kind; with none when it is not there.
    #[must_use]
    pub(crate) fn health(&self, object: Option<&Value>) -> Health {
        let Some(object) = object else {
            return if self.ends { Health::Healthy } else { progressing("it is not there") };
        };
        if !text(object, "/metadata/deletionTimestamp").is_empty() {
            return progressing("it is being deleted");
        }
        let (now, seen) =
            (number(object, "/metadata/generation"), number(object, "/status/observedGeneration"));
        if !self.ends && now.is_some_and(|now| seen.unwrap_or(0) < now) {
            return progressing("its controller has not seen it as it is now");
        }
        (self.health)(object)
    }
}

/// That it is not there yet, for this reason.
pub(super) fn progressing(why: impl Into<String>) -> Health {
    Health::Progressing(why.into())
}

/// The pods that are asked for.
pub(super) fn wanted(object: &Value) -> i64 {
    number(object, "/spec/replicas").unwrap_or(1)
}

/// The condition of this type, when it has this status.
pub(super) fn condition<'o>(object: &'o Value, kind: &str, status: &str) -> Option<&'o Value> {
    let is_it = |c: &&Value| text(c, "/type") == kind && text(c, "/status") == status;
    list(object, "/status/conditions").iter().find(is_it)
}

/// What the cluster says of pods that it cannot create, after a semicolon.
pub(super) fn no_pods(object: &Value) -> String {
    let message = condition(object, "ReplicaFailure", "True").map(|c| text(c, "/message"));
    message.map(|m| format!("; {m}")).unwrap_or_default()
}
