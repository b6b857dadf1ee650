//! Decides what all changes of one commit have in common. It never decides a change.

use crate::api::key::Key;
use crate::api::seal::Seal;
use crate::logic::manifest::Manifest;
use crate::logic::plan::size::Scaler;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What every change of one delivery has in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlanContext {
    /// Name of the inventory.
    pub(crate) source: String,
    /// The commit that is applied.
    pub(crate) commit: String,
    /// Its subject and author, for people.
    pub(crate) subject: String,
    /// Workloads whose size is not Git's to say, with who says it.
    pub(crate) scaled: BTreeMap<Key, Scaler>,
    /// Objects of which it is not certain what was applied last.
    pub(crate) uncertain: BTreeSet<Key>,
    /// Whether lists are replaced whole rather than merged, because what the merge makes of them is refused.
    pub(crate) whole_lists: bool,
    /// Names that the inventory had before: objects that carry one are ours.
    pub(crate) former: BTreeSet<String>,
    /// Tells what was applied of Secrets where only digests are known of it.
    pub(crate) seal: Seal,
    /// Objects that others had made before they were first applied.
    pub(crate) adopted: BTreeSet<Key>,
    /// Whether objects that leave Git stay in the cluster.
    pub(crate) keeps: bool,
    /// Objects that the commit may prune at once, however many there are.
    pub(crate) may_prune: usize,
}

impl PlanContext {
    /// Whether an object marked so is ours, by the present name of the inventory or a former one.
    #[must_use]
    pub(crate) fn is_ours(&self, mark: &str) -> bool {
        mark == self.source || self.former.contains(mark)
    }

    /// Whether nothing of an object was applied before, for certain, so that it is somebody else's if it is there unmarked.
    #[must_use]
    pub(crate) fn is_new_to_us(&self, key: &Key, applied: Option<&Value>) -> bool {
        applied.is_none() || self.uncertain.contains(key)
    }

    /// Whether Git says of an object what it said when it was `applied` last, for certain.
    #[must_use]
    pub(crate) fn is_as_applied(&self, manifest: &Manifest, applied: Option<&Value>) -> bool {
        let key = &manifest.key;
        applied.is_some_and(|applied| self.seal.is_same(key, applied, &manifest.value))
            && !self.uncertain.contains(key)
    }
}
