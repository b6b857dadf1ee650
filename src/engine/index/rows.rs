//! Decides what is kept of an object of each kind; the rows of ReplicaSets and Services are those that decisions read.
//! It never decides how a row is read from an object.

use crate::api::analysis::AnalysisTemplate;
use crate::api::podhash::{self, same};
use crate::api::rollout::Rollout;
use crate::api::run::AnalysisRun;
use crate::api::selector::LabelSelector;
use crate::logic::analysis::view::JobState;
use crate::logic::rollout::view::{AnalysisRunRow, Workload};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The row of a Rollout.
#[derive(Clone, Debug, Default)]
pub(crate) struct RolloutRow {
    /// The Rollout; only its metadata when the rest cannot be read.
    pub(crate) rollout: Arc<Rollout>,
    /// Why the rest cannot be read.
    pub(crate) problem: Option<String>,
    /// The delivery it belongs to.
    pub(crate) source: Option<String>,
    /// Services it names.
    pub(crate) services: BTreeSet<String>,
    /// Whether it refers to analyses.
    pub(crate) has_analyses: bool,
    /// The template it stands for.
    pub(crate) stands_for: Arc<Template>,
}

/// The pods that a Rollout stands for, its own or those of the workload it refers to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Template {
    /// The pod template.
    pub(crate) template: Arc<Value>,
    /// The selector.
    pub(crate) selector: LabelSelector,
    /// Hash of the template with the collision count of the status.
    pub(crate) pod_hash: String,
    /// Key under which equal templates are equal.
    pub(crate) template_key: String,
    pub(super) collisions: Option<i32>,
}

impl Template {
    /// The same with its hashes, which are taken over from `before` if nothing has changed that they are made of.
    pub(super) fn hashed(
        template: Arc<Value>,
        selector: LabelSelector,
        collisions: Option<i32>,
        before: &Self,
    ) -> Self {
        if template.is_null() {
            return Self { template, selector, ..Self::default() };
        }
        let is_same = before.template == template && !before.template_key.is_empty();
        let (template_key, pod_hash) = match (is_same, before.collisions == collisions) {
            (true, true) => (before.template_key.clone(), before.pod_hash.clone()),
            (true, false) => (before.template_key.clone(), hash(&template, collisions)),
            (false, _) => (same::template_key(&template), hash(&template, collisions)),
        };
        Self { template, selector, pod_hash, template_key, collisions }
    }
}

fn hash(template: &Value, collisions: Option<i32>) -> String {
    podhash::hash(template, collisions).unwrap_or_default()
}

/// The row of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunRow {
    /// What Rollouts read of it.
    pub(crate) row: AnalysisRunRow,
    /// The run, while there is something to do for us and it can be read.
    pub(crate) run: Option<Arc<AnalysisRun>>,
}

/// The row of a template.
#[derive(Clone, Debug)]
pub(crate) struct TemplateRow(pub(crate) Arc<AnalysisTemplate>);

/// The row of a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobRow {
    /// Uid of the AnalysisRun it measures for.
    pub(crate) run_uid: String,
    /// How it stands.
    pub(crate) state: JobState,
}

/// The row of an object that Rollouts may refer to.
#[derive(Clone, Debug)]
pub(crate) struct ReferredRow {
    /// What is known of it beside its parts.
    pub(crate) workload: Workload,
    pub(super) parts: Parts,
}

/// What a Rollout takes over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The pod template.
    pub(crate) template: Arc<Value>,
    /// The selector.
    pub(crate) selector: LabelSelector,
}

/// The parts of an object, as text while nobody refers to it: there may be thousands.
#[derive(Clone, Debug)]
pub(super) enum Parts {
    Packed(Box<str>),
    Open(Arc<Taken>),
}

impl ReferredRow {
    /// The parts, open from now on.
    pub(crate) fn open(&mut self) -> Arc<Taken> {
        let open = match &self.parts {
            Parts::Open(open) => open.clone(),
            Parts::Packed(text) => Arc::new(serde_json::from_str(text).unwrap_or_default()),
        };
        self.parts = Parts::Open(open.clone());
        open
    }
}
