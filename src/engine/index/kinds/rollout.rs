//! Decides what is kept of a Rollout: itself, parsed, with what it names, and the hash of the template it stands for.
//! It never decides what becomes of it.

use crate::api::analysis::AnalysisRef;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::{Part, RawObject};
use crate::api::rollout::{Rollout, RolloutSpec};
use crate::api::status::RolloutStatus;
use crate::api::step::Step;
use crate::api::strategy::Strategy;
use crate::api::time::Time;
use crate::base::readable::readable;
use crate::engine::index::effects::{Effects, Gone};
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::kinds::pod;
use crate::engine::index::kinds::referred::referred_by;
use crate::engine::index::links::To;
use crate::engine::index::rows::{RolloutRow, Template};
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::{Head, Table};
use crate::engine::key::Key;
use crate::logic::rollout::fail_fast;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rollouts.
pub(crate) static FOLLOWED: Followed =
    Followed::of::<RolloutRow>("Rollout", names::ARGO, "Rollout", Picked::All, Presence::Required);

/// The analyses that a strategy refers to.
#[must_use]
pub(crate) fn analyses(strategy: &Strategy) -> Vec<&AnalysisRef> {
    let mut found = Vec::new();
    if let Some(canary) = &strategy.canary {
        found.extend(canary.steps.iter().filter_map(Step::analysis));
        found.extend(canary.analysis.as_ref().map(|b| &b.analysis));
    }
    if let Some(blue_green) = &strategy.blue_green {
        found.extend(blue_green.pre_promotion_analysis.iter());
        found.extend(blue_green.post_promotion_analysis.iter());
    }
    found
}

/// A part without what was taken out of it.
fn without_nulls(mut part: Value) -> Value {
    if let Some(fields) = part.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    part
}

/// A spec as it was read, and what it names even if it could not be.
struct ReadSpec {
    spec: Result<Arc<RolloutSpec>, serde_json::Error>,
    left_out: Option<String>,
    services: BTreeSet<String>,
    has_analyses: bool,
}

impl ReadSpec {
    fn of(text: &Part) -> Self {
        let none =
            Self { spec: Ok(Arc::default()), left_out: None, services: BTreeSet::new(), has_analyses: false };
        let mut object = match text.read::<Value>() {
            Ok(object) => object,
            Err(error) => return Self { spec: Err(error), ..none },
        };
        let mut take = |field: &str| object.get_mut(field).map(Value::take).filter(|part| !part.is_null());
        let (template, strategy) = (take("template").map(Arc::new), take("strategy"));
        // Read apart, so that what it names stays named while another of its fields cannot be read.
        let strategy = strategy.map_or_else(|| Ok((Strategy::default(), None)), readable);
        let named = strategy.as_ref().map(|(s, _)| (s.services(), !analyses(s).is_empty()));
        let (services, has_analyses) = named.unwrap_or_default();
        let read = strategy.and_then(|(strategy, wrong)| {
            let rest = without_nulls(object);
            let (spec, also) = if rest.is_null() { (RolloutSpec::default(), None) } else { readable(rest)? };
            Ok((Arc::new(RolloutSpec { template, strategy, ..spec }), wrong.or(also)))
        });
        match read {
            Ok((spec, wrong)) => {
                let left_out = wrong.map(|error| format!("spec: {error}"));
                Self { spec: Ok(spec), left_out, services, has_analyses }
            }
            Err(error) => Self { spec: Err(error), services, has_analyses, ..none },
        }
    }
}

/// A status, and what was left out of it.
fn status_of(text: &Part) -> Result<(RolloutStatus, Option<String>), serde_json::Error> {
    match text.read() {
        Ok(status) => Ok((status, None)),
        Err(_) => {
            let (status, error) = readable(text.read()?)?;
            Ok((status, error.map(|error| format!("status: {error}"))))
        }
    }
}

impl Row for RolloutRow {
    fn of(object: RawObject, before: Option<&Self>, scope: &Scope) -> Option<Self> {
        let metadata = object.metadata;
        if !scope.holds(&metadata) {
            return None;
        }
        // The API server counts the generation up with every change of the spec, and with nothing else.
        let is_same = |b: &&Self| {
            let known = &b.rollout.metadata;
            b.problem.is_none() && known.uid == metadata.uid && known.generation == metadata.generation
        };
        let read = match before.filter(|_| metadata.generation > 0).filter(is_same) {
            Some(known) => ReadSpec {
                spec: Ok(known.rollout.spec.clone()),
                left_out: known.left_out.clone(),
                services: known.services.clone(),
                has_analyses: known.has_analyses,
            },
            None => ReadSpec::of(&object.spec),
        };
        let parts = read.spec.and_then(|spec| Ok((spec, status_of(&object.status)?)));
        let (spec, status, problem, left_out) = match parts {
            Ok((spec, (status, also))) => (spec, status, None, read.left_out.or(also)),
            Err(error) => (Arc::default(), RolloutStatus::default(), Some(error.to_string()), None),
        };
        let known = before.map(|b| b.stands_for.clone()).unwrap_or_default();
        let mut rollout = Rollout { metadata, spec, status };
        let mut stands_for = known; // of a workload it is resolved once the row is here
        if rollout.spec.workload_ref.is_none() {
            let selector = rollout.spec.selector.clone().unwrap_or_default();
            let template = rollout.spec.template.clone().unwrap_or_default();
            stands_for = stands_for.with(template, selector, rollout.status.collision_count);
            // One of it in memory, however often the Rollout changes.
            if rollout.spec.template.as_ref().is_some_and(|t| !Arc::ptr_eq(t, &stands_for.template)) {
                Arc::make_mut(&mut rollout.spec).template = Some(stands_for.template.clone());
            }
        }
        let row = Self {
            problem,
            left_out,
            source: rollout.metadata.annotation(names::SOURCE).map(str::to_owned),
            services: read.services,
            fails_fast: fail_fast::is_on(&rollout.metadata),
            has_analyses: read.has_analyses,
            stands_for,
            argo_wrote: rollout.metadata.status_written.by_argo,
            rollout: Arc::new(rollout),
        };
        let left_out = row.what_is_left_out();
        if let Some(why) =
            left_out.filter(|why| before.and_then(Self::what_is_left_out).as_ref() != Some(why))
        {
            let name = Head::of(&row.rollout.metadata).name;
            tracing::warn!(rollout = %name, "a field that cannot be read is left out: {}; correct it in the Rollout", why.text);
        }
        Some(row)
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.rollouts
    }

    fn links(&self, name: &ObjectName) -> Vec<To> {
        let namespace = &name.namespace;
        let mut to: Vec<To> =
            self.services.iter().map(|s| To::Service(ObjectName::new(namespace, s))).collect();
        if self.has_analyses {
            to.push(To::Analyses(namespace.clone()));
        }
        if let Some(reference) = &self.rollout.spec.workload_ref
            && let Some(followed) = referred_by(reference)
        {
            to.push(To::Referred(followed.name, ObjectName::new(namespace, &reference.name)));
        }
        to.extend(self.source.clone().map(To::Source));
        to
    }

    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        index.resolve(name);
        let argo = index.news_of_argo(name);
        let now = index.rollouts.get(name);
        if now.is_none() && before.is_none() {
            return Effects::default();
        }
        let reference = now.and_then(|row| row.rollout.spec.workload_ref.as_ref());
        let workload = reference.and_then(referred_by).map(|f| f.name);
        let pods = now.is_some_and(|row| row.fails_fast).then_some(pod::FOLLOWED.name);
        let wanted = workload.into_iter().chain(pods).collect();
        let named = before.map(|b| b.services.clone()).unwrap_or_default();
        let mut keys = index.unnamed(&name.namespace, &named);
        keys.insert(Key::Rollout(name.clone()));
        let uid = |row: &Self| row.rollout.metadata.uid.clone();
        let gone = before.filter(|before| now.map(uid) != Some(uid(before)));
        let gone = gone.map(|row| Gone { name: name.clone(), uid: uid(row), source: row.source.clone() });
        let (rollouts, gone_rollouts) = ([name.clone()].into(), gone.into_iter().collect());
        Effects { keys, rollouts, gone_rollouts, wanted, argo, ..Effects::default() }
    }
}

impl Index {
    /// That Argo Rollouts' controller has written the status of the Rollout at `name` since we know of Rollouts. What a
    /// list brings is older, whoever is gone by now, and so is nothing later than the latest that we have seen.
    fn news_of_argo(&mut self, name: &ObjectName) -> Option<(ObjectName, Time)> {
        let at = self.rollouts.get_mut(name)?.argo_wrote.take()?;
        let is_news = self.argo_wrote.is_none_or(|latest| at > latest) && !self.rollouts.is_listing();
        self.argo_wrote = self.argo_wrote.max(Some(at));
        is_news.then(|| (name.clone(), at))
    }

    /// Puts the template and the selector of the workload that a Rollout refers to in place of its own; nothing while
    /// the workload is not there.
    pub(super) fn resolve(&mut self, name: &ObjectName) {
        let Some(row) = self.rollouts.get_mut(name) else { return };
        let Some(reference) = &row.rollout.spec.workload_ref else { return };
        let spec = &row.rollout.spec;
        let at = ObjectName::new(&name.namespace, &reference.name);
        let table = referred_by(reference).and_then(|f| self.referred.get_mut(f.name));
        row.stands_for = match table.and_then(|t| t.get_mut(&at)).map(|r| r.open()) {
            None => Arc::new(Template {
                template: spec.template.clone().unwrap_or_default(),
                selector: spec.selector.clone().unwrap_or_default(),
                ..Template::default()
            }),
            Some(taken) => {
                // Its own says nothing, or the Rollout is not acted on.
                let template = taken.template.clone();
                let selector = spec.selector.clone().unwrap_or_else(|| taken.selector.clone());
                let collisions = row.rollout.status.collision_count;
                row.stands_for.with(template, selector, collisions)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::phase::RolloutPhase;
    use serde_json::json;

    fn row(generation: i64, image: &str, phase: &str, before: Option<&RolloutRow>) -> RolloutRow {
        let template = json!({"spec": {"containers": [{"name": "web", "image": image}]}});
        let object = json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "generation": generation},
            "spec": {"strategy": {"canary": {"stableService": "web"}}, "template": template},
            "status": {"phase": phase},
        });
        RolloutRow::of(RawObject::of(&object).unwrap(), before, &Scope::default()).unwrap()
    }

    #[test]
    fn a_spec_is_read_again_only_when_the_generation_is_another() {
        let first = row(1, "web:1", "Progressing", None);
        let later = row(1, "web:1", "Healthy", Some(&first));
        assert!(Arc::ptr_eq(&first.rollout.spec, &later.rollout.spec));
        assert_eq!(later.rollout.status.phase, Some(RolloutPhase::Healthy));
        assert_eq!(later.services.len(), 1);
        let other = row(2, "web:2", "Healthy", Some(&later));
        assert_ne!(other.rollout.spec, later.rollout.spec);
        assert_ne!(other.stands_for.pod_hash, later.stands_for.pod_hash);
        let unknown = row(0, "web:1", "Healthy", Some(&other));
        assert_eq!(unknown.rollout.spec, first.rollout.spec, "without a generation nothing is taken over");
        let another = RolloutRow { problem: Some("no".to_owned()), ..first };
        assert!(!Arc::ptr_eq(&row(1, "web:1", "", Some(&another)).rollout.spec, &another.rollout.spec));
    }

    #[test]
    fn a_template_that_says_nothing_is_that_of_the_workload() {
        let pods = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web"}]}});
        let meta = json!({"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"});
        let (take, name) = (
            |index: &mut Index, followed: &'static Followed, object: Value| {
                index.take_in(followed.present(RawObject::of(&object).unwrap()))
            },
            ObjectName::new("shop", "web"),
        );
        for template in
            [json!({}), json!({"metadata": {"creationTimestamp": null}, "spec": {"containers": null}})]
        {
            let mut index = Index::new(Scope::default());
            let spec = json!({"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": pods});
            let deployment = crate::engine::index::kinds::referred::referred("Deployment").unwrap();
            take(&mut index, deployment, json!({"metadata": meta, "spec": spec}));
            let reference = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
            let spec = json!({"workloadRef": reference, "template": template, "strategy": {"canary": {}}});
            take(&mut index, &FOLLOWED, json!({"metadata": meta, "spec": spec}));
            let view = index.view(&name, false).unwrap();
            assert_eq!((&*view.template, view.problem), (&pods, None), "{template}");
            assert!(!view.pod_hash.is_empty() && !view.selector.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_read_of_a_stored_rollout_is_left_out_and_told_and_the_rest_is_acted_on() {
        let stored = |memory: &str, more: Value| {
            let resources = json!({"requests": {"memory": memory}});
            let container = json!({"name": "web", "image": "web:1", "resources": resources});
            let mut object = json!({
                "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1", "generation": 1},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                    "strategy": {"canary": {"stableService": "web"}},
                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}},
                "status": {"stableRS": "a", "currentStepIndex": 1},
            });
            for (pointer, value) in more.as_object().unwrap() {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                object.pointer_mut(parent).unwrap()[key] = value.clone();
            }
            object
        };
        let view = |object: &Value| {
            let mut index = Index::new(Scope::default());
            index.take_in(FOLLOWED.present(RawObject::of(object).unwrap()));
            index.view(&ObjectName::new("shop", "web"), false).unwrap()
        };
        let (good, bad) = (view(&stored("1Gi", json!({}))), view(&stored("invalid", json!({}))));
        assert_eq!((good.left_out, bad.problem), (None, None));
        assert!(!bad.pod_hash.is_empty() && bad.template.pointer("/spec/containers/0/image").is_some());
        assert_eq!(bad.rollout.spec.template, Some(bad.template.clone()), "one of it in memory");
        let why = bad.left_out.unwrap();
        assert_eq!(why.path, "spec.template.spec.containers[0].resources.requests.memory");
        let more = json!({"/spec/strategy/canary/steps": [{"setWeight": "a"}, {"setWeight": 5}],
            "/spec/minReadySeconds": {}, "/status/currentStepIndex": "x"});
        let other = view(&stored("1Gi", more));
        let (spec, status) = (&other.rollout.spec, &other.rollout.status);
        assert_eq!((other.problem, spec.replicas(), spec.min_ready_seconds()), (None, 2, 0));
        let canary = spec.strategy.canary.as_ref().unwrap();
        assert_eq!((canary.steps.len(), canary.stable_service.as_deref()), (2, Some("web")));
        assert_eq!((status.stable_rs.as_str(), status.current_step_index), ("a", None));
        assert!(other.left_out.unwrap().text.starts_with("spec: "));
    }
}
