//! Decides which Rollouts are looked at before a plan is made true, and gathers all they refer to, from Git or else from
//! the cluster, so that the controller's own validation can judge them. It never judges one itself.

use crate::api::analysis::SecretKeyRef;
use crate::api::key::Key;
use crate::api::names;
use crate::api::raw_object::RawObject;
use crate::api::rollout::RolloutSpec;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::engine::index::Index;
use crate::engine::index::kinds::{own, referred::referred, rollout::analyses};
use crate::engine::index::scope::Scope;
use crate::logic::manifest::{Manifest, Manifests, Problem};
use crate::logic::plan::{Action, Change};
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::{askable, validate};
use crate::world::cluster::ClusterError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is done about an obstacle.
const HELP: &str = "correct it; nothing of this commit was applied, the cluster stays as it is";

/// What is known of objects that Git does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// What the cluster holds.
    Cluster,
    /// Nothing: they may be there or not.
    Unknown,
}

/// What is wrong with Rollouts that `changes` touch, by themselves or by what they refer to; `pruned` is what Git no
/// longer has.
///
/// # Errors
/// The cluster is away.
pub(crate) async fn problems(
    context: &Context,
    manifests: &Manifests,
    changes: &[Change],
    pruned: &BTreeSet<&Key>,
    elsewhere: Elsewhere,
) -> Result<Vec<Problem>, ClusterError> {
    let mut around = Around::new(context, manifests, changes, pruned, elsewhere);
    let rollouts: Vec<&Manifest> = manifests.objects.values().filter(|m| m.target.is_rollout()).collect();
    let mut taken = Vec::new();
    for rollout in rollouts {
        let named = around.named_by(rollout);
        if around.is_touched(&rollout.key) || named.iter().any(|key| around.is_touched(key)) {
            for key in named {
                around.take_in(&key).await?;
            }
            around.take_in(&rollout.key).await?;
            taken.push(&rollout.key);
        }
    }
    let mut found = Vec::new();
    for key in taken {
        found.extend(around.problem(key).await?);
    }
    Ok(found)
}

/// The Rollouts of a commit and what is around them, as the controller will find it.
struct Around<'a> {
    context: &'a Context,
    manifests: &'a Manifests,
    changes: BTreeMap<&'a Key, &'a Change>,
    pruned: &'a BTreeSet<&'a Key>,
    elsewhere: Elsewhere,
    index: Index,
    /// What was taken in or is not there.
    known: BTreeSet<Key>,
    /// What we may not read, so that nothing can be said of whether it is there.
    hidden: BTreeSet<Key>,
}

impl<'a> Around<'a> {
    fn new(
        context: &'a Context,
        manifests: &'a Manifests,
        changes: &'a [Change],
        pruned: &'a BTreeSet<&'a Key>,
        elsewhere: Elsewhere,
    ) -> Self {
        let changes = changes.iter().map(|change| (&change.key, change)).collect();
        let index = Index::new(match elsewhere {
            Elsewhere::Cluster => Scope::of_instance(context.instance.clone()),
            Elsewhere::Unknown => Scope::every(),
        });
        let (known, hidden) = (BTreeSet::new(), BTreeSet::new());
        Self { context, manifests, changes, pruned, elsewhere, index, known, hidden }
    }

    /// Whether the object is written or pruned.
    fn is_touched(&self, key: &Key) -> bool {
        let is_written = |c: &&Change| matches!(c.action, Action::Create(_) | Action::Patch(_));
        self.pruned.contains(key) || self.changes.get(key).is_some_and(is_written)
    }

    /// What the Rollout names, and what templates of Git name in turn.
    fn named_by(&self, rollout: &Manifest) -> Vec<Key> {
        let Some(spec) = rollout.value.get("spec").and_then(|s| RolloutSpec::deserialize(s).ok()) else {
            return Vec::new();
        };
        let namespace = &rollout.key.namespace;
        let services =
            spec.strategy.services().into_iter().map(|name| Key::core("Service", namespace, &name));
        let workload = spec.workload_ref.iter().map(|r| {
            let version = referred(&r.kind).map_or(r.api_version.as_str(), |followed| followed.api_version);
            Key::of(&Target::new(version, &r.kind, namespace, &r.name))
        });
        let mut found: Vec<Key> = services.chain(workload).collect();
        let references = analyses(&spec.strategy).into_iter().flat_map(|a| a.templates.clone());
        let mut open: Vec<Key> = references
            .map(|r| template_key(namespace, r.cluster_scope.unwrap_or(false), &r.template_name))
            .collect();
        while let Some(key) = open.pop() {
            if !found.contains(&key) {
                let value = self.manifests.get(&key).map(|m| &m.value);
                open.extend(value.map(|v| templates_of(v, namespace)).unwrap_or_default());
                found.push(key);
            }
        }
        found
    }

    /// Takes in the object at `key` as it will be, and the templates it names.
    async fn take_in(&mut self, key: &Key) -> Result<(), ClusterError> {
        let mut open = vec![key.clone()];
        while let Some(key) = open.pop() {
            if !self.known.insert(key.clone()) {
                continue;
            }
            let Some(object) = self.object(&key).await? else { continue };
            open.extend(templates_of(&object, &key.namespace));
            if let Some(followed) = own(&key.kind).or_else(|| referred(&key.kind))
                && let Ok(object) = RawObject::of(&object)
            {
                self.index.take_in(followed.present(object));
            }
        }
        Ok(())
    }

    /// The object as it will be: as it was tried, as Git says, or as it is in the cluster.
    async fn object(&mut self, key: &Key) -> Result<Option<Value>, ClusterError> {
        if self.pruned.contains(key) {
            return Ok(None);
        }
        let tried = self.changes.get(key).and_then(|c| c.after.clone());
        if let Some(object) = tried.or_else(|| self.manifests.get(key).map(|m| Value::clone(&m.value))) {
            return Ok(Some(object));
        }
        if self.elsewhere == Elsewhere::Unknown {
            self.hidden.insert(key.clone());
            return Ok(None);
        }
        let version = match own(&key.kind).or_else(|| referred(&key.kind)) {
            Some(followed) => followed.api_version,
            None if key.group.is_empty() => "v1",
            None => return Ok(None), // a kind that no Rollout can refer to
        };
        let target = Target::new(version, &key.kind, &key.namespace, &key.name);
        match self.context.cluster.get(&target).await {
            Err(ClusterError::Refused { code: 403, .. }) => {
                self.hidden.insert(key.clone());
                Ok(None)
            }
            other => other,
        }
    }

    /// What is wrong with the Rollout at `key`, once all it names is taken in.
    async fn problem(&mut self, key: &Key) -> Result<Option<Problem>, ClusterError> {
        let Some(view) = self.index.view(&key.object_name(), true) else { return Ok(None) }; // another controller's
        let builder = Builder::new(&view, self.context.clock.now());
        let obstacle = match validate::obstacle_to_delivery(&builder) {
            Some(obstacle) => Some(obstacle),
            None if self.elsewhere == Elsewhere::Unknown => None,
            None => {
                let missing = self.missing(&key.namespace, askable::secrets(&builder)).await?;
                askable::obstacle(&builder, &self.context.providers, &missing)
            }
        };
        let believed = obstacle.filter(|o| !o.is_missing || self.hidden.is_empty());
        let problem =
            believed.map(|o| self.manifests.problem(key, &o.path, format!("{key}: {}", o.text), HELP));
        Ok(problem)
    }

    /// Those of the keys that no Secret of `namespace` has.
    async fn missing(
        &mut self,
        namespace: &str,
        wanted: BTreeSet<SecretKeyRef>,
    ) -> Result<BTreeSet<SecretKeyRef>, ClusterError> {
        let mut missing = BTreeSet::new();
        for reference in wanted {
            let key = Key::core("Secret", namespace, &reference.name);
            let secret = self.object(&key).await?;
            let has = |word: &str| secret.as_ref().and_then(|s| s.get(word)?.get(&reference.key)).is_some();
            if !has("data") && !has("stringData") && !self.hidden.contains(&key) {
                missing.insert(reference);
            }
        }
        Ok(missing)
    }
}

fn template_key(namespace: &str, is_cluster: bool, name: &str) -> Key {
    let (kind, namespace) = match is_cluster {
        true => ("ClusterAnalysisTemplate", ""),
        false => ("AnalysisTemplate", namespace),
    };
    Key::of(&Target::new(names::ARGO, kind, namespace, name))
}

/// The templates that a template names, in `namespace` or in the cluster.
fn templates_of(object: &Value, namespace: &str) -> Vec<Key> {
    let is_one = object.get("kind").and_then(Value::as_str).is_some_and(is_template);
    let all = object.pointer("/spec/templates").and_then(Value::as_array).filter(|_| is_one);
    let key = |reference: &Value| {
        let name = reference.get("templateName").and_then(Value::as_str)?;
        let is_cluster = reference.get("clusterScope").and_then(Value::as_bool).unwrap_or(false);
        Some(template_key(namespace, is_cluster, name))
    };
    all.into_iter().flatten().filter_map(key).collect()
}

fn is_template(kind: &str) -> bool {
    ["AnalysisTemplate", "ClusterAnalysisTemplate"].contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_name_templates_of_their_namespace_or_of_the_cluster() {
        let templates = json!([{"templateName": "a"}, {"templateName": "b", "clusterScope": true}]);
        let object = json!({"kind": "AnalysisTemplate", "spec": {"templates": templates}});
        let found: Vec<String> = templates_of(&object, "shop").iter().map(ToString::to_string).collect();
        assert_eq!(found, ["AnalysisTemplate shop/a", "ClusterAnalysisTemplate b"]);
        assert!(
            templates_of(&json!({"kind": "ConfigMap", "spec": {"templates": templates}}), "shop").is_empty()
        );
    }
}
