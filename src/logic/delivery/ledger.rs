//! Decides what counts as applied, with what a commit that was cut short may have left, and what is written down of the
//! next one. It never writes it.

use crate::api::inventory::{Applying, Inventory};
use crate::api::key::Key;
use crate::api::names;
use crate::logic::delivery::facts::Facts;
use crate::logic::manifest::object::{annotation, pod_template, workload_of};
use crate::logic::manifest::{Manifest, Manifests};
use crate::logic::plan::{Action, Change, Plan, base};
use crate::logic::revert::good::{self, Standing};
use crate::logic::revert::template;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What counts as applied, and what of it is not certain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Every object that may be ours, with everything that may have been applied of it.
    pub(crate) inventory: Arc<Inventory>,
    /// The commit that was cut short, and the objects that it may have written.
    pub(crate) cut_short: Option<Arc<Applying>>,
    /// What was applied of those objects before.
    pub(crate) before: BTreeMap<Key, Arc<Value>>,
}

impl Ledger {
    /// The ledger of what is written down: `applied`, and a commit that was cut short.
    #[must_use]
    pub(crate) fn of(applied: Arc<Inventory>, cut_short: Option<Arc<Applying>>) -> Self {
        let (mut all, mut before) = (applied, BTreeMap::new());
        if let Some(cut_short) = &cut_short {
            let inventory = Arc::make_mut(&mut all);
            for (key, (version, value)) in &cut_short.base {
                let old = inventory.base.get(key);
                let both = base::union(key, version, old.map(|old| &**old), value);
                before
                    .extend(inventory.base.insert(key.clone(), Arc::new(both)).map(|old| (key.clone(), old)));
                inventory.objects.insert(key.clone(), version.clone());
            }
            inventory.adopted.extend(cut_short.adopted.iter().cloned());
            inventory.good.clone_from(&cut_short.good);
        }
        Self { inventory: all, cut_short, before }
    }

    /// Whether nothing but the commit that was cut short may have applied an object.
    fn is_new(&self, key: &Key) -> bool {
        self.is_uncertain(key) && !self.before.contains_key(key)
    }

    /// Whether it is not certain how an object was left.
    #[must_use]
    pub(crate) fn is_uncertain(&self, key: &Key) -> bool {
        self.cut_short.as_ref().is_some_and(|a| a.base.contains_key(key))
    }

    /// The objects of which it is not certain how they were left.
    pub(crate) fn uncertain(&self) -> impl Iterator<Item = &Key> {
        self.cut_short.iter().flat_map(|a| a.base.keys())
    }

    /// The pod template that Git asked for when the Rollout was applied last.
    #[must_use]
    pub(crate) fn template(&self, rollout: &Key) -> Option<&Value> {
        pod_template(rollout, |key| self.applied(key))
    }

    /// What was applied last of an object, or may have been.
    pub(crate) fn applied(&self, key: &Key) -> Option<&Value> {
        self.inventory.base.get(key).map(|value| &**value)
    }

    /// Whether an object is to be as it was applied last.
    #[must_use]
    pub(crate) fn is_as_applied(&self, manifest: &Manifest) -> bool {
        let key = &manifest.key;
        self.applied(key).is_some_and(|applied| self.inventory.seal.is_same(key, applied, &manifest.value))
    }

    /// What is written down before `plan` for `commit` is made; none when it writes nothing.
    #[must_use]
    pub(crate) fn attempt(
        &self,
        commit: &str,
        manifests: &Manifests,
        plan: &Plan,
        good: &BTreeMap<Key, String>,
    ) -> Option<Applying> {
        let writes = plan.changes.iter().filter(|c| matches!(c.action, Action::Create(_) | Action::Patch(_)));
        let mut attempt = Applying {
            number: self.inventory.number + 1,
            commit: commit.to_owned(),
            base: self.cut_short.as_ref().map(|a| a.base.clone()).unwrap_or_default(),
            adopted: self.inventory.adopted.clone(),
            good: good.clone(),
            seal: self.inventory.seal.clone(),
        };
        let mut is_needed = false;
        for (change, manifest) in writes.filter_map(|c| Some((c, manifests.get(&c.key)?))) {
            match &change.before {
                None => drop(attempt.adopted.remove(&change.key)),
                Some(_) if is_adopted(change) => drop(attempt.adopted.insert(change.key.clone())),
                Some(_) => {}
            }
            let version = &manifest.target.api_version;
            let before = attempt.base.get(&manifest.key).map(|(_, value)| &**value);
            let both = base::union(&manifest.key, version, before, &manifest.value);
            attempt.base.insert(manifest.key.clone(), (version.clone(), Arc::new(both)));
            is_needed = true;
        }
        is_needed.then_some(attempt)
    }

    /// What is to be known of the good commits once `manifests`, those of `commit`, are applied: nothing new when they
    /// were before.
    #[must_use]
    pub(crate) fn good(&self, commit: &str, manifests: &Manifests, facts: &Facts) -> BTreeMap<Key, String> {
        if commit == self.inventory.commit {
            return self.inventory.good.clone();
        }
        let rollouts = manifests.objects.keys().filter(|k| *k == &Key::rollout(&k.namespace, &k.name));
        let standing = |rollout: &Key| {
            let known = facts.rollouts.get(rollout);
            let live = known.map(|facts| &*facts.template);
            let holds =
                |git: Option<&Value>| git.zip(live).is_some_and(|(git, live)| template::holds(live, git));
            let wanted = manifests.pod_template(rollout);
            let (before, tried) = (self.template_before(rollout), self.template_tried(rollout));
            let is_as_before = tried.is_none() && before.is_some() && before == wanted;
            let is_touched = !(is_as_before || before.is_none() && tried.is_none() && holds(wanted));
            let healthy_at = match known.filter(|facts| facts.is_healthy).zip(self.cut_short.as_ref()) {
                Some((_, cut_short)) if holds(tried) => Some(cut_short.commit.as_str()),
                _ if known.is_some_and(|f| f.is_healthy) && (is_as_before || holds(before)) => {
                    Some(self.inventory.commit.as_str())
                }
                _ => None,
            };
            Standing { healthy_at, is_touched }
        };
        good::next(&self.inventory, rollouts.map(|rollout| (rollout, standing(rollout))))
    }

    /// The pod template of a Rollout as it was applied last for certain.
    pub(crate) fn template_before(&self, rollout: &Key) -> Option<&Value> {
        let base = |key: &Key| self.applied(key).filter(|_| !self.is_new(key));
        pod_template(rollout, |key| self.before.get(key).map(|value| &**value).or_else(|| base(key)))
    }

    /// The pod template of a Rollout that the commit that was cut short may have written.
    fn template_tried(&self, rollout: &Key) -> Option<&Value> {
        let tried = &self.cut_short.as_ref()?.base;
        let value = |key: &Key| tried.get(key).map(|(_, value)| &**value).or_else(|| self.applied(key));
        let workload = value(rollout).and_then(|value| workload_of(rollout, value));
        let mut holders = std::iter::once(rollout).chain(workload.as_ref());
        if holders.any(|key| tried.contains_key(key)) { pod_template(rollout, value) } else { None }
    }

    /// The inventory once `manifests` are applied without the objects that are `held`.
    #[must_use]
    pub(crate) fn after(
        &self,
        commit: &str,
        manifests: &Manifests,
        held: &BTreeSet<Key>,
        good: BTreeMap<Key, String>,
    ) -> Inventory {
        let before = &self.inventory;
        let mut after = Inventory {
            commit: commit.to_owned(),
            good,
            number: before.number + u64::from(self.cut_short.is_some()),
            fences: before.fences.clone(),
            former: before.former.clone(),
            seal: before.seal.clone(),
            ..Inventory::default()
        };
        for (key, manifest) in &manifests.objects {
            let applied = before.base.get(key);
            let (version, value) = match held.contains(key) {
                true => (before.objects.get(key), applied.cloned()),
                false => (Some(&manifest.target.api_version), Some(Arc::clone(&manifest.value))),
            };
            after.objects.extend(version.map(|v| (key.clone(), v.clone())));
            after.base.extend(value.map(|v| (key.clone(), v)));
        }
        after
    }
}

/// Whether the object carries our mark that others had made it.
fn is_adopted(change: &Change) -> bool {
    change.after.as_ref().is_some_and(|after| annotation(after, names::ADOPTED).is_some())
}
