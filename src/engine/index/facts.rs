//! Decides how rows become the facts about one Rollout that decisions are made on.
//! It never asks the cluster for more.

use crate::api::analysis::{AnalysisRef, AnalysisTemplate, TemplateRef};
use crate::api::object_name::ObjectName;
use crate::engine::index::kinds::referred::referred_by;
use crate::engine::index::kinds::rollout::analyses;
use crate::engine::index::rows::RolloutRow;
use crate::engine::index::store::Index;
use crate::logic::rollout::view::{Obstacle, PodRow, View, Workload, of_template};
use std::collections::BTreeMap;
use std::sync::Arc;

impl RolloutRow {
    /// The field that cannot be read and is left out, as Argo Rollouts does; nobody may deliver one.
    #[must_use]
    pub(crate) fn what_is_left_out(&self) -> Option<Obstacle> {
        let of_template = self.stands_for.left_out.as_ref();
        let of_template = of_template
            .map(|unfit| Obstacle::wrong(unfit.why.clone()).at(&format!("spec.template{}", unfit.path)));
        of_template.or_else(|| Some(Obstacle::wrong(self.left_out.clone()?)))
    }
}

impl Index {
    /// The facts about the Rollout at `name`; none when it is gone or not ours. With `debounced`, a status that differs
    /// only in counts has waited long enough.
    #[must_use]
    pub(crate) fn view(&self, name: &ObjectName, debounced: bool) -> Option<View> {
        let row = self.rollouts.get(name)?;
        let uid = &row.rollout.metadata.uid;
        let named = row.services.iter().map(|service| ObjectName::new(&name.namespace, service));
        let services = named.filter_map(|at| Some((at.name.clone(), self.services.get(&at)?.clone())));
        let mut view = View {
            template: row.stands_for.template.clone(),
            selector: row.stands_for.selector.clone(),
            pod_hash: row.stands_for.pod_hash.clone(),
            template_key: row.stands_for.template_key.clone(),
            template_check: row.stands_for.check.clone(),
            replica_sets: self.replica_sets_of(uid),
            orphans: self.orphans(&name.namespace, &row.stands_for.selector),
            analysis_runs: self.runs_of(uid),
            left_runs: self.runs_left(name, uid),
            services: services.collect(),
            templates: self.templates_of(&name.namespace, analyses(&row.rollout.spec.strategy)),
            problem: row.problem.as_ref().map(|why| Obstacle::wrong(format!("spec: {why}"))),
            left_out: row.what_is_left_out(),
            running: self.running(row),
            rollout: row.rollout.clone(),
            debounce_passed: debounced,
            ..View::default()
        };
        match self.workload_of(name, row) {
            Some(Ok(workload)) => view.workload = Some(workload),
            Some(Err(obstacle)) => view.problem = view.problem.or(Some(obstacle)),
            None => {}
        }
        Some(view)
    }

    /// The pods of a Rollout that fails fast, while an update is under way.
    fn running(&self, row: &RolloutRow) -> Vec<PodRow> {
        let (hash, stable) = (self.current_hash(row), &row.rollout.status.stable_rs);
        if !row.fails_fast || stable.is_empty() || *stable == hash {
            return Vec::new();
        }
        let sets = self.replica_sets_of(&row.rollout.metadata.uid);
        let two = sets.iter().filter(|set| set.hash == hash || set.hash == *stable);
        two.flat_map(|set| self.pods_of(&set.meta.uid)).cloned().collect()
    }

    /// The hash by which the revision of its template is called.
    #[must_use]
    pub(crate) fn current_hash(&self, row: &RolloutRow) -> String {
        let (stands_for, status) = (&row.stands_for, &row.rollout.status);
        if status.current_pod_hash == stands_for.pod_hash {
            return stands_for.pod_hash.clone(); // as mostly
        }
        let sets = self.replica_sets_of(&row.rollout.metadata.uid);
        let found = of_template(&sets, &stands_for.pod_hash, &stands_for.template_key);
        found.and_then(|i| sets.get(i)).map_or(&stands_for.pod_hash, |set| &set.hash).clone()
    }

    /// The workload that a Rollout refers to, if it does, or why there is none.
    fn workload_of(&self, name: &ObjectName, row: &RolloutRow) -> Option<Result<Workload, Obstacle>> {
        let reference = row.rollout.spec.workload_ref.as_ref()?;
        let (kind, workload) = (&reference.kind, &reference.name);
        let (path, value) = ("spec.workloadRef", serde_json::json!(reference));
        let Some(followed) = referred_by(reference) else {
            let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
            let text = format!(
                "workload of type {group}/{kind} is not supported; use a Deployment or ReplicaSet of apps, or a PodTemplate"
            );
            return Some(Err(Obstacle::wrong(text).of(path, &value)));
        };
        let table = self.referred.get(followed.name);
        let found = table.and_then(|t| t.get(&ObjectName::new(&name.namespace, workload)));
        Some(
            found.map(|row| row.workload.clone()).ok_or_else(|| {
                Obstacle::missing(format!("{kind} \"{workload}\" not found")).of(path, &value)
            }),
        )
    }

    /// The templates that `references` name, directly or through others.
    fn templates_of(
        &self,
        namespace: &str,
        references: Vec<&AnalysisRef>,
    ) -> BTreeMap<(bool, String), Arc<AnalysisTemplate>> {
        let mut found = BTreeMap::new();
        let mut open: Vec<TemplateRef> = references.iter().flat_map(|r| r.templates.clone()).collect();
        while let Some(reference) = open.pop() {
            let is_cluster = reference.cluster_scope.unwrap_or(false);
            let key = (is_cluster, reference.template_name.clone());
            if found.contains_key(&key) {
                continue;
            }
            let place = (!is_cluster).then_some(namespace);
            if let Some(template) = self.template(place, &reference.template_name) {
                open.extend(template.spec.templates.clone());
                found.insert(key, template);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::raw_object::RawObject;
    use crate::engine::index::kinds::{replica_set, rollout};
    use crate::engine::index::scope::Scope;
    use serde_json::json;

    #[test]
    fn a_revision_that_another_version_has_hashed_is_called_by_its_label() {
        let template = |image: &str| {
            json!({"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": image}]}})
        };
        let hash = |image: &str| {
            let mut index = Index::new(Scope::default());
            let object = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
                "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template("web:1"), "strategy": {"canary": {}}},
                "status": {"stableRS": "older", "currentPodHash": "older"}});
            index.take_in(rollout::FOLLOWED.present(RawObject::of(&object).unwrap()));
            let owner = json!({"kind": "Rollout", "name": "web", "uid": "u", "controller": true});
            let object = json!({"metadata": {"name": "web-older", "namespace": "shop", "uid": "s", "resourceVersion": "2",
                "labels": {"app": "web", "rollouts-pod-template-hash": "older"}, "ownerReferences": [owner]},
                "spec": {"template": template(image)}});
            index.take_in(replica_set::FOLLOWED.present(RawObject::of(&object).unwrap()));
            let row = index.rollout(&ObjectName::new("shop", "web")).unwrap();
            (index.current_hash(row), row.stands_for.pod_hash.clone())
        };
        assert_eq!(hash("web:1").0, "older");
        let (called, own) = hash("web:2");
        assert_eq!(called, own, "its template is another");
    }
}
