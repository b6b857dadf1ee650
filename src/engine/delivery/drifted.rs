//! Decides which objects that others have changed are looked at, how often they are brought back, and what people were
//! told of them already. It never asks the cluster for anything.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::kinds::Kind;
use crate::logic::manifest::{Manifest, Manifests};
use crate::logic::plan::{Change, DriftPolicy, PlanContext, drift};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Times that the same of one object is brought back within [`FIGHT`]; then somebody else means it.
const MOST_HEALS: u32 = 3;
/// An object that stayed as it is for so long is not fought over.
const FIGHT: SignedDuration = SignedDuration::from_mins(10);

/// What is remembered of objects that somebody else has changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drift {
    /// What all changes of the commit applied last have in common; none before the cluster was compared whole.
    pub(crate) common: Option<PlanContext>,
    /// How the kinds of the objects are served, by API version and kind.
    pub(crate) kinds: BTreeMap<(String, String), Kind>,
    /// Objects that were left as they are when that commit was applied.
    pub(crate) left_alone: BTreeSet<Key>,
    /// Objects to be looked at.
    pub(crate) due: BTreeSet<Key>,
    /// What people were told of each object that is not brought back.
    told: BTreeMap<Key, String>,
    /// How often the same fields of each (none: it was deleted) were brought back in a row, and when last.
    heals: BTreeMap<(Key, Vec<String>), (u32, Timestamp)>,
}

impl Drift {
    /// A commit was applied: what was fought over is tried again, and told again. `older` are kinds of objects that stay ours
    /// though the commit does not have them.
    pub(crate) fn applied(
        &mut self,
        common: PlanContext,
        manifests: &Manifests,
        held: &BTreeSet<Key>,
        older: BTreeMap<(String, String), Kind>,
    ) {
        let kind = |m: &Manifest| ((m.target.api_version.clone(), m.key.kind.clone()), m.kind.clone());
        if self.common.as_ref().is_none_or(|before| before.commit != common.commit) {
            self.told.clear();
            self.heals.clear();
        }
        self.kinds = older;
        self.kinds.extend(manifests.objects.values().map(kind));
        self.left_alone.clone_from(held);
        self.common = Some(PlanContext { uncertain: BTreeSet::new(), adopted: BTreeSet::new(), ..common });
    }

    /// What was applied of `key`, as if Git said it again.
    pub(crate) fn applied_as(&self, inventory: &Inventory, key: &Key) -> Option<Manifest> {
        let (base, version) = (inventory.base.get(key)?, inventory.objects.get(key)?);
        let kind = self.kinds.get(&(version.clone(), key.kind.clone()))?;
        Some(drift::again(key, version, kind, base))
    }

    /// Takes in what was seen of an object (none: it is gone). Answers whether it is to be looked at.
    pub(crate) fn see(
        &mut self,
        inventory: &Inventory,
        key: &Key,
        object: Option<&Value>,
        policy: DriftPolicy,
    ) -> bool {
        let Some(common) = self.common.as_ref().filter(|_| !self.left_alone.contains(key)) else {
            return false;
        };
        let Some(manifest) = self.applied_as(inventory, key) else { return false };
        let is_ignored = policy.of(object, &manifest.value) == DriftPolicy::Ignore;
        if is_ignored || drift::of(&manifest, object, common).is_none() {
            self.told.remove(key);
            return false;
        }
        self.due.insert(key.clone())
    }

    /// Counts that the same is brought back once more; false once that was too often.
    pub(crate) fn may_heal(&mut self, change: &Change, now: Timestamp) -> bool {
        let what = (change.key.clone(), change.overwrites.clone());
        let (count, last) = self.heals.entry(what).or_insert((0, now));
        if now.duration_since(*last) > FIGHT {
            *count = 0;
        }
        *last = now;
        *count += 1;
        *count <= MOST_HEALS
    }

    /// Whether people were not told of this yet.
    pub(crate) fn is_news(&mut self, key: &Key, text: &str) -> bool {
        let is_news = self.told.get(key).is_none_or(|told| told != text);
        if is_news {
            self.told.insert(key.clone(), text.to_owned());
        }
        is_news
    }
}
