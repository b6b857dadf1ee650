//! Decides what is kept of an object of each kind; the rows of ReplicaSets and Services are those that decisions read.
//! It never decides how a row is read from an object.

use crate::api::analysis::AnalysisTemplate;
use crate::api::podhash::{self, Unfit, same};
use crate::api::rollout::Rollout;
use crate::api::run::AnalysisRun;
use crate::api::selector::LabelSelector;
use crate::api::time::Time;
use crate::logic::analysis::shown::ShownRun;
use crate::logic::analysis::view::JobState;
use crate::logic::lease::Observed;
use crate::logic::rollout::validate::pods;
use crate::logic::rollout::view::{AnalysisRunRow, TemplateCheck, Workload};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::time::Instant;

/// The row of a Rollout.
#[derive(Clone, Debug, Default)]
pub(crate) struct RolloutRow {
    /// The Rollout; only its metadata when the rest cannot be read.
    pub(crate) rollout: Arc<Rollout>,
    /// Why the rest cannot be read.
    pub(crate) problem: Option<String>,
    /// Why some of the rest cannot be read and is left out.
    pub(crate) left_out: Option<String>,
    /// The delivery it belongs to.
    pub(crate) source: Option<String>,
    /// Services it names.
    pub(crate) services: BTreeSet<String>,
    /// Whether its pods are looked at.
    pub(crate) fails_fast: bool,
    /// Whether it refers to analyses.
    pub(crate) has_analyses: bool,
    /// The template it stands for.
    pub(crate) stands_for: Arc<Template>,
    /// When Argo Rollouts' controller wrote its status, if later than we did; taken once it is looked at.
    pub(super) argo_wrote: Option<Time>,
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
    /// What of the pod template, as it is stored, cannot be held and is left out.
    pub(crate) left_out: Option<Unfit>,
    /// What is wrong with the template.
    pub(crate) check: TemplateCheck,
    pub(super) collisions: Option<i32>,
}

impl Template {
    /// The same with another template, selector or number of collisions: itself when none of them is another, and
    /// otherwise with those of its hashes that still hold.
    pub(super) fn with(
        self: &Arc<Self>,
        template: Arc<Value>,
        selector: LabelSelector,
        collisions: Option<i32>,
    ) -> Arc<Self> {
        if template.is_null() {
            return Arc::new(Self { template, selector, ..Self::default() });
        }
        let is_same = Arc::ptr_eq(&self.template, &template) || self.template == template;
        let is_hashed = is_same && !self.template_key.is_empty();
        if is_hashed && self.collisions == collisions && self.selector == selector {
            return self.clone();
        }
        let mut template = if is_same { self.template.clone() } else { template };
        let mut left_out = self.left_out.clone().filter(|_| is_same);
        let pod_hash = match is_hashed && self.collisions == collisions {
            true => self.pod_hash.clone(),
            false => podhash::hash(&template, collisions).unwrap_or_else(|unfit| {
                left_out = Some(unfit);
                template = Arc::new(podhash::held(&template));
                podhash::hash(&template, collisions).unwrap_or_default()
            }),
        };
        let template_key = if is_hashed { self.template_key.clone() } else { same::template_key(&template) };
        let check = if is_hashed && self.selector == selector {
            self.check.clone()
        } else {
            TemplateCheck::Done(pods::obstacle(&template, &selector))
        };
        Arc::new(Self { template, selector, pod_hash, template_key, left_out, check, collisions })
    }
}

/// The row of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunRow {
    /// What Rollouts read of it.
    pub(crate) row: AnalysisRunRow,
    /// The run, while there is something to do for us and it can be read.
    pub(crate) run: Option<Arc<AnalysisRun>>,
    /// What metrics say of it.
    pub(crate) shown: Arc<ShownRun>,
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

/// The row of a pod of a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobPodRow {
    /// Uid of the AnalysisRun that the Job measures for.
    pub(crate) run_uid: String,
    /// Uid of the Job.
    pub(crate) job_uid: String,
    /// What keeps it from ever running.
    pub(crate) stuck: Option<String>,
}

/// The row of the Lease of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct LeaseRow {
    /// The delivery.
    pub(crate) source: String,
    /// The Lease, as it was when we saw it so first.
    pub(super) observed: Observed,
    /// When that was.
    pub(super) since: Instant,
}

impl LeaseRow {
    /// Until when its holder acts unless it is renewed; none when nobody does.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.observed.until().map(|after| self.since + after)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_are_made_again_only_when_what_they_are_made_of_is_another() {
        let template =
            |image: &str| Arc::new(json!({"spec": {"containers": [{"name": "web", "image": image}]}}));
        let first = Arc::<Template>::default().with(template("a"), LabelSelector::default(), None);
        let same = first.with(template("a"), LabelSelector::default(), None);
        assert!(Arc::ptr_eq(&first, &same), "an equal template is the one that is known");
        let collided = first.with(template("a"), LabelSelector::default(), Some(1));
        assert_eq!(collided.template_key, first.template_key);
        assert_ne!(collided.pod_hash, first.pod_hash);
        assert!(Arc::ptr_eq(&collided.template, &first.template));
        let other = first.with(template("b"), LabelSelector::default(), None);
        assert_ne!((&other.template_key, &other.pod_hash), (&first.template_key, &first.pod_hash));
        let none = first.with(Arc::default(), LabelSelector::default(), None);
        assert_eq!((none.template_key.as_str(), none.pod_hash.as_str()), ("", ""));
    }

    #[test]
    fn what_was_wrong_with_a_template_is_not_said_of_another_one() {
        let labels = |app: &str| json!({"matchLabels": {"app": app}});
        let selector = |app: &str| serde_json::from_value::<LabelSelector>(labels(app)).unwrap();
        let template = |container: serde_json::Value| {
            Arc::new(json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}))
        };
        let whole = json!({"name": "web", "image": "web:1"});
        let is_well = |t: &Template| matches!(t.check, TemplateCheck::Done(None));
        let bad = Arc::<Template>::default().with(template(json!({"name": "web"})), selector("web"), None);
        assert!(!is_well(&bad));
        let mended = bad.with(template(whole.clone()), selector("web"), None);
        assert!(is_well(&mended) && is_well(&mended.with(template(whole.clone()), selector("web"), Some(1))));
        assert!(!is_well(&mended.with(template(whole), selector("other"), None)), "it is not selected");
    }
}
