//! Decides what there is to know about one Rollout before a decision: the facts, and nothing but facts.
//! It never asks for more by itself; a decision that needs more says so.

use crate::api::analysis::{AnalysisTemplate, TemplateRef};
use crate::api::check::field::FieldError;
use crate::api::condition::Condition;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::pod_metadata::MetadataPatch;
use crate::api::rollout::Rollout;
use crate::api::run::Phase;
use crate::api::selector::LabelSelector;
use crate::api::time::Time;
use crate::base::go_text;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All facts about one Rollout at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The Rollout.
    pub rollout: Arc<Rollout>,
    /// Why it cannot be acted on: it does not parse, or its workload is missing.
    pub problem: Option<Obstacle>,
    /// What of it cannot be read, and is left out.
    pub left_out: Option<Obstacle>,
    /// The pod template, its own or its workload's.
    pub template: Arc<Value>,
    /// The selector, its own or its workload's.
    pub selector: LabelSelector,
    /// Hash of the template with the collision count of the status.
    pub pod_hash: String,
    /// Key under which equal templates (after defaulting) are equal.
    pub template_key: String,
    /// What is wrong with the template.
    pub template_check: TemplateCheck,
    /// Its ReplicaSets, oldest first.
    pub replica_sets: Vec<ReplicaSet>,
    /// ReplicaSets that nobody manages and the selector means.
    pub orphans: Vec<Orphan>,
    /// Whether the cluster, asked just now, has this very Rollout and does not delete it.
    pub is_there: bool,
    /// The Services it names, by name.
    pub services: BTreeMap<String, Service>,
    /// Its AnalysisRuns, oldest first.
    pub analysis_runs: Vec<AnalysisRunRow>,
    /// Names of AnalysisRuns that a Rollout of its name, which is gone, has left behind.
    pub left_runs: BTreeSet<String>,
    /// The templates it refers to, directly or through other templates.
    pub templates: BTreeMap<(bool, String), Arc<AnalysisTemplate>>,
    /// The workload it refers to.
    pub workload: Option<Workload>,
    /// Its pods, only when the decision before asked for them.
    pub pods: Option<Vec<Pod>>,
    /// Its pods with what keeps them from running; none unless it fails fast.
    pub running: Vec<PodRow>,
    /// That the cluster refused to make the ReplicaSet of the template, and that it is not to be tried again now.
    pub refused: Option<Refused>,
    /// Writes that the cluster has denied and not taken since.
    pub denied: Vec<Denied>,
    /// Whether the debounce has passed: a status that differs only in counts is to be written now.
    pub debounce_passed: bool,
}

/// A ReplicaSet that nobody manages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orphan {
    /// Namespace and name.
    pub name: ObjectName,
    /// Uid.
    pub uid: String,
    /// Resource version.
    pub resource_version: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A ReplicaSet that the cluster refused to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Hash of the template it was to have.
    pub hash: String,
    /// What the cluster says.
    pub why: String,
}

/// A write that the cluster denied, or a look at what is to be written: a webhook, a policy, a missing right.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    /// Kind of the object.
    pub kind: String,
    /// Its name; empty when it is about all of them.
    pub name: String,
    /// What was to become of it.
    pub aim: Aim,
    /// Whether it was to get more pods.
    pub grows: bool,
    /// What the cluster says.
    pub why: String,
    /// Whether it is too early to try it again.
    pub is_early: bool,
    /// Whether the object is left as it is for now: it is to be written so, and too early for that.
    pub waits: bool,
}

/// What a write is for; the same aim again is the same write, whatever times its annotations speak of.
#[derive(Clone, Debug, PartialEq)]
pub enum Aim {
    /// That the object is there.
    Create,
    /// That it is gone.
    Delete,
    /// That its spec changes so, and its annotations somehow.
    Spec(Value),
    /// That its status says something else.
    Status,
    /// That it is read, with all that are made like it.
    Read,
}

/// What is wrong with a pod template. It costs more to find than most decisions, so whoever keeps the template keeps this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TemplateCheck {
    /// Nobody has looked yet.
    #[default]
    Open,
    /// What was found.
    Done(Option<Obstacle>),
}

/// What keeps a Rollout from being acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The path of the field; empty when it is about none.
    pub path: String,
    /// The path of the field, what is wrong and what to do.
    pub text: String,
    /// Whether something it refers to is not there (yet): what is applied together is not seen at once.
    pub is_missing: bool,
}

impl Obstacle {
    /// Something is wrong with what is there.
    #[must_use]
    pub(crate) fn wrong(text: String) -> Self {
        Self { path: String::new(), text, is_missing: false }
    }

    /// Something is not there.
    #[must_use]
    pub(crate) fn missing(text: String) -> Self {
        Self { path: String::new(), text, is_missing: true }
    }

    /// The same, said of the field at `path`, whatever stands there
    /// (source: k8s.io/apimachinery/pkg/util/validation/field/errors.go, `ErrorBody`).
    #[must_use]
    pub(crate) fn at(self, path: &str) -> Self {
        Self { path: path.to_owned(), text: format!("{path}: Invalid value: {}", self.text), ..self }
    }

    /// The same, said of the field at `path`, where `value` stands.
    #[must_use]
    pub(crate) fn of(self, path: &str, value: &Value) -> Self {
        let value = value.as_str().map_or_else(|| value.to_string(), go_text::quote);
        Self { text: format!("{value}: {}", self.text), ..self }.at(path)
    }

    /// That the field at `path` is wanted and not there.
    #[must_use]
    pub(crate) fn required(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: format!("{path}: Required value: {text}"), is_missing: false }
    }
}

impl From<FieldError> for Obstacle {
    fn from(fault: FieldError) -> Self {
        Self { text: fault.text(), path: fault.path, is_missing: false }
    }
}

/// What is known of a ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Metadata; annotations are changed by decisions.
    pub meta: Meta,
    /// Hash label.
    pub hash: String,
    /// Key under which equal templates are equal.
    pub template_key: String,
    /// Desired pods; changed by decisions.
    pub replicas: i32,
    /// `minReadySeconds`; changed by decisions.
    pub min_ready_seconds: i32,
    /// The selector as one text.
    pub selector: String,
    /// Pods there are.
    pub current: i32,
    /// Ready pods.
    pub ready: i32,
    /// Available pods.
    pub available: i32,
    /// Generation that these counts speak of.
    pub observed_generation: i64,
    /// A `ReplicaFailure` condition, if it has one.
    pub failure: Option<Condition>,
    /// What its template says under the keys that it has been given for its role; changed by decisions, and then also what
    /// it says under those that it gives up.
    pub carried: MetadataPatch,
    /// The rule in its template that keeps its pods away from those of the stable revision; changed by decisions.
    pub apart: Option<Apart>,
    /// Whether this decision creates it.
    pub is_new: bool,
}

impl ReplicaSet {
    /// Revision number; 0 without one.
    #[must_use]
    pub(crate) fn revision(&self) -> i64 {
        self.meta.revision()
    }

    /// The desired replicas of the Rollout when this ReplicaSet was last scaled.
    #[must_use]
    pub(crate) fn desired_annotation(&self) -> Option<i32> {
        self.meta.annotation(names::DESIRED_REPLICAS)?.parse().ok()
    }

    /// Whether it is annotated with a deadline for scaling down.
    #[must_use]
    pub(crate) fn has_deadline(&self) -> bool {
        self.meta.annotation(names::SCALE_DOWN_DEADLINE).is_some_and(|t| !t.is_empty())
    }

    /// The deadline for scaling down; none when there is none or it cannot be read.
    #[must_use]
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        Time::parse(self.meta.annotation(names::SCALE_DOWN_DEADLINE)?).map(Time::at)
    }

    /// Whether every desired pod is available (and the counts are not zero for lack of any).
    #[must_use]
    pub(crate) fn is_available(&self) -> bool {
        self.replicas > 0 && self.available > 0 && self.available >= self.replicas
    }

    /// Whether it is fully scaled to the Rollout's size and available, its bookkeeping included.
    #[must_use]
    pub(crate) fn is_saturated(&self, replicas: i32) -> bool {
        self.replicas == replicas && self.desired_annotation() == Some(replicas) && self.available == replicas
    }

    /// When it was made; the beginning of time when unknown.
    #[must_use]
    pub(crate) fn created(&self) -> Timestamp {
        self.meta.creation_timestamp.map_or(Timestamp::MIN, Time::at)
    }
}

/// A rule that keeps pods away from the nodes where the pods of a stable revision run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// Hash of the stable revision.
    pub stable: String,
    /// How much it weighs where it can be helped; none when it must be kept.
    pub weight: Option<i32>,
}

/// What is known of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Name.
    pub name: String,
    /// Resource version.
    pub resource_version: String,
    /// Hash in the selector; none when the selector has no such key.
    pub hash: Option<String>,
    /// The Rollout that manages it.
    pub managed_by: Option<String>,
    /// Labels of the selector, without the hash.
    pub selector: BTreeMap<String, String>,
}

/// What is known of an AnalysisRun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnalysisRunRow {
    /// Metadata.
    pub meta: Meta,
    /// Phase.
    pub phase: Phase,
    /// Message.
    pub message: String,
    /// Whether it was asked to stop.
    pub terminate: bool,
    /// Digest of what it measures: whether an existing run is the wanted one.
    pub spec_digest: String,
}

/// What is known of the workload that a Rollout refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Generation.
    pub generation: i64,
    /// Resource version.
    pub resource_version: String,
    /// Desired pods; none for kinds without.
    pub replicas: Option<i32>,
}

/// What is known of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Metadata.
    pub meta: Meta,
    /// Whether it is ready.
    pub is_ready: bool,
    /// Since when it is so.
    pub ready_since: Option<Time>,
}

impl Pod {
    /// Whether it serves at `now`: ready for so many seconds, and not on its way out
    /// (source: k8s.io/kubernetes/pkg/api/v1/pod/util.go, `IsPodAvailable`).
    #[must_use]
    pub(crate) fn is_available(&self, min_ready_seconds: i32, now: Timestamp) -> bool {
        let seconds = i64::from(min_ready_seconds);
        let is_over = |since: Time| since.plus_seconds(seconds) <= now;
        let is_long_enough = seconds == 0 || self.ready_since.is_some_and(is_over);
        self.is_ready && is_long_enough && self.meta.deletion_timestamp.is_none()
    }
}

/// What is known of a pod when an update fails fast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodRow {
    /// Name.
    pub name: String,
    /// Uid of the ReplicaSet that made it.
    pub owner: String,
    /// When it was made.
    pub created: Option<Time>,
    /// Whether it is ready.
    pub is_ready: bool,
    /// When one of its containers ended last.
    pub last_crash: Option<Time>,
    /// What keeps it from running.
    pub fault: Option<PodFault>,
}

/// What keeps a pod from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodFault {
    /// A container crashes again and again.
    Crash {
        /// Name.
        container: String,
        /// How often it was started again.
        restarts: i64,
        /// How it ended last.
        why: String,
    },
    /// An image cannot be had.
    Image {
        /// Name of the container.
        container: String,
        /// The image.
        image: String,
        /// The kubelet's word for it.
        why: String,
        /// When that was first seen.
        since: Time,
    },
}

/// Which of `sets` is that of the template with this hash and this key: by hash, and else by an equal template, for it may
/// have been made by another version of the hash function. (Source: utils/replicaset/replicaset.go, `FindNewReplicaSet`,
/// which between the two looks for the hash of Kubernetes' own function; whoever has that has an equal template too.)
#[must_use]
pub(crate) fn of_template(sets: &[ReplicaSet], hash: &str, key: &str) -> Option<usize> {
    let alive = |s: &&ReplicaSet| s.meta.deletion_timestamp.is_none();
    let by_hash = sets.iter().position(|s| s.hash == hash && alive(&s));
    by_hash.or_else(|| sets.iter().position(|s| !key.is_empty() && s.template_key == key && alive(&s)))
}

impl View {
    /// The hash of the revision of the template, by which the status and its ReplicaSet call it.
    #[must_use]
    pub(crate) fn current_hash(&self) -> &str {
        let found = of_template(&self.replica_sets, &self.pod_hash, &self.template_key);
        found.and_then(|i| self.replica_sets.get(i)).map_or(&self.pod_hash, |set| &set.hash)
    }

    /// The template that `reference` names.
    #[must_use]
    pub(crate) fn template_of(&self, reference: &TemplateRef) -> Option<&AnalysisTemplate> {
        self.templates
            .get(&(reference.cluster_scope.unwrap_or(false), reference.template_name.clone()))
            .map(Arc::as_ref)
    }
}
