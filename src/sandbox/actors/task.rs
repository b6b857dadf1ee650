//! Decides what the actors are told, what they ask for, and how a piece of their work is named.
//! It never decides what work there is.

use crate::base::json;
use crate::propagation::Propagation;
use serde_json::Value;
use std::time::Duration;

/// How the actors behave.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a pod takes from its node's assignment until its containers run.
    pub ready_after: Duration,
    /// Where generated names come from: the same seed and the same changes give the same names.
    pub seed: u64,
    /// Whether Events are written.
    pub events: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { ready_after: Duration::from_secs(1), seed: 0, events: true }
    }
}

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is new, or it was there before the actors came.
    Added,
    /// It was written again.
    Modified,
    /// It is gone; the object is its last state.
    Deleted,
}

/// The name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// `group/version`, or only the version for the core group.
    pub api_version: String,
    /// Kind as written in manifests.
    pub kind: String,
    /// Namespace, empty for cluster-wide kinds.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// A key of its four parts.
    #[must_use]
    pub(crate) fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The group of `api_version`, empty for the core group.
    #[must_use]
    pub(crate) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The key an object carries in itself.
    #[must_use]
    pub(crate) fn of(object: &Value) -> Self {
        let text = |pointer| json::text(object, pointer);
        Self::new(text("/apiVersion"), text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
    }
}

/// One request to the API server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// `POST` of a new object.
    Create {
        /// The object, with its name.
        object: Value,
    },
    /// `PUT` on the main endpoint; the object carries the `resourceVersion` it was read at.
    Update {
        /// The whole object.
        object: Value,
    },
    /// `PUT` on `/status`; the object carries the `resourceVersion` it was read at.
    UpdateStatus {
        /// The whole object.
        object: Value,
    },
    /// `PUT` of a Namespace on `/finalize`: the only way to change `spec.finalizers`.
    Finalize {
        /// The whole namespace.
        object: Value,
    },
    /// `POST` on a pod's `/binding`: writes `spec.nodeName` and the condition `PodScheduled` in one step.
    Bind {
        /// The pod.
        key: Key,
        /// Refuse if the pod is another one by now.
        uid: String,
        /// The node's name.
        node: String,
    },
    /// `DELETE` with a uid as precondition.
    Delete {
        /// What to delete.
        key: Key,
        /// Refuse if the object is another one by now.
        uid: String,
        /// What becomes of the objects it owns.
        propagation: Propagation,
        /// `gracePeriodSeconds`; none leaves it to the object.
        grace: Option<u32>,
    },
}

impl Action {
    /// The object this asks to change.
    #[must_use]
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Create { object }
            | Self::Update { object }
            | Self::UpdateStatus { object }
            | Self::Finalize { object } => Key::of(object),
            Self::Bind { key, .. } | Self::Delete { key, .. } => key.clone(),
        }
    }
}

/// The parts of a cluster that the actors play, in the order in which they act.
///
/// | part | faithful | not |
/// |---|---|---|
/// | Deployment | rolling, recreation, pause, revisions, shares, deadlines | the hash's own bytes |
/// | ReplicaSet | pods made, given up, adopted, released; status; `minReadySeconds` | slow start |
/// | StatefulSet | order, claims, partitions, revisions | `maxUnavailable`, claim retention |
/// | DaemonSet | one pod on the one node, updates, revisions | taints, affinity, surge |
/// | Services' endpoints | both kinds, readiness, named ports, 100 a slice | topology hints, IPv6 |
/// | disruption budgets | numbers allowed | arbitrary scalable owners |
/// | claims | bound at once, kept while pods use them | volumes |
/// | definitions | their objects go with them | conditions while they go |
/// | Job | completions, parallelism, back-off, deadline, suspension, indexes, TTL | policies |
/// | pods | phases, conditions, gates, hooks, crashes, Jobs' ends | probes run, resources, affinity |
/// | collector | background, foreground, orphan; absent owners; any kind | |
/// | namespaces | furniture, emptying | conditions while emptying |
/// | CronJobs, HorizontalPodAutoscalers, Ingresses, load balancers | accepted | nothing happens |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Controller {
    /// Registers the sandbox's node and keeps its status.
    Node,
    /// Fills new namespaces and empties the ones that go.
    Namespace,
    /// Collects objects whose owners are gone.
    Garbage,
    /// Rolls Deployments out.
    Deployment,
    /// Keeps the number of a ReplicaSet's pods.
    ReplicaSet,
    /// Keeps a StatefulSet's pods, in order.
    StatefulSet,
    /// Keeps a DaemonSet's pod on the node.
    DaemonSet,
    /// Runs Jobs to completion.
    Job,
    /// Binds volume claims, and lets them and volumes go.
    Claim,
    /// Empties the CustomResourceDefinitions that go.
    Definition,
    /// Keeps the status of disruption budgets.
    Budget,
    /// Assigns pods to the node.
    Scheduler,
    /// Runs pods, as far as anyone can tell from their status.
    Kubelet,
    /// Keeps the Endpoints and EndpointSlices of Services.
    Endpoints,
    /// Takes Events away after an hour.
    Events,
}

/// One piece of work: a controller and the object it looks after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Task {
    /// Who.
    pub controller: Controller,
    /// For which object.
    pub key: Key,
}

/// An action and the task that asks for it, so that a refusal finds its way back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Errand {
    /// Who asks.
    pub task: Task,
    /// What for.
    pub action: Action,
}
