//! Decides which objects a commit changed, and whether a change is one that a revision is made of or judged by.
//! It never decides which commits go back.

use crate::api::commit::FileChange;
use crate::api::key::{Key, target_of};
use crate::base::yaml;
use crate::logic::manifest::object::{objects_of, strip};
use crate::logic::manifest::pick::is_manifest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fields of a Rollout's specification that make no revision and judge none: changing them is nobody's failure.
const NO_REVISION: [&str; 4] = ["replicas", "paused", "restartAt", "revisionHistoryLimit"];

/// Objects by identity.
pub(super) type Objects = BTreeMap<Key, Value>;

/// The objects of the files that a commit changed, before and after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Touched {
    /// Before the commit.
    pub(super) old: Objects,
    /// After it.
    pub(super) new: Objects,
}

/// Which files may concern some objects, told from their texts before those are read: of commits that are taken in from the
/// oldest on.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// Names without which a text holds none of these objects.
    names: BTreeSet<String>,
    /// Files that once held one: what becomes of them matters as long as they cannot be read.
    paths: BTreeSet<String>,
}

impl Named {
    /// Files that may concern `keys`.
    #[must_use]
    pub(crate) fn new(keys: &BTreeSet<Key>) -> Self {
        Self { names: keys.iter().map(|k| k.name.clone()).collect(), paths: BTreeSet::new() }
    }

    /// Whether a change of the file at `path` may concern the objects, by its texts before and after.
    pub(crate) fn concerns(&mut self, path: &str, sides: [Option<&[u8]>; 2]) -> bool {
        if !is_manifest(path) {
            return false;
        }
        let is_known = self.paths.contains(path);
        if !is_known && sides.into_iter().flatten().any(|text| self.is_in(text)) {
            self.paths.insert(path.to_owned());
            return true;
        }
        is_known
    }

    fn is_in(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        self.names.iter().any(|name| text.contains(name.as_str()))
    }
}

/// Reads what commits changed, one after the other from the oldest on, as far as some objects go.
pub(super) struct Reader<'a> {
    namespace: &'a str,
    named: Named,
    /// What files held that can no longer be read, by path: nothing of such a commit was ever applied.
    lost: BTreeMap<String, Objects>,
}

impl<'a> Reader<'a> {
    /// A reader for `keys`; `namespace` is that of objects that name none.
    pub(super) fn new(keys: &BTreeSet<Key>, namespace: &'a str) -> Self {
        Self { namespace, named: Named::new(keys), lost: BTreeMap::new() }
    }

    /// What the next commit changed.
    pub(super) fn read(&mut self, changes: &[FileChange]) -> Touched {
        let mut touched = Touched::default();
        for change in changes {
            let sides = [change.old.as_deref(), change.new.as_deref()];
            if !self.named.concerns(&change.path, sides) {
                continue;
            }
            let known = self.lost.remove(&change.path);
            let read = |side: Option<&[u8]>| match side {
                None => Some(Objects::new()),
                Some(text) => objects(text, self.namespace),
            };
            let old = known.or_else(|| read(change.old.as_deref())).unwrap_or_default();
            let new = read(change.new.as_deref()).unwrap_or_else(|| {
                self.lost.insert(change.path.clone(), old.clone());
                old.clone()
            });
            touched.old.extend(old);
            touched.new.extend(new);
        }
        touched
    }
}

impl Touched {
    /// The objects of `changes`; `namespace` is that of objects that name none. Files that cannot be read hold none.
    pub(super) fn of(changes: &[FileChange], namespace: &str) -> Self {
        let mut touched = Self::default();
        for change in changes.iter().filter(|c| is_manifest(&c.path)) {
            touched.old.extend(change.old.as_deref().and_then(|c| objects(c, namespace)).unwrap_or_default());
            touched.new.extend(change.new.as_deref().and_then(|c| objects(c, namespace)).unwrap_or_default());
        }
        touched
    }

    /// Those of `keys` that were changed in what a revision is made of or judged by. An object that only moved to
    /// another file was not changed.
    pub(super) fn among<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> BTreeSet<Key> {
        let part = |all: &Objects, key: &Key| all.get(key).map(|value| made_of(key, value));
        keys.into_iter().filter(|k| part(&self.old, k) != part(&self.new, k)).cloned().collect()
    }

    /// What concerns `keys`, without what only moved.
    pub(super) fn only(mut self, keys: &BTreeSet<Key>) -> Self {
        self.old.retain(|key, _| keys.contains(key));
        self.new.retain(|key, _| keys.contains(key));
        if self.old == self.new { Self::default() } else { self }
    }

    /// Whether nothing was changed.
    pub(super) fn is_empty(&self) -> bool {
        self.old.is_empty() && self.new.is_empty()
    }

    /// Every object that was changed at all.
    pub(super) fn all(&self) -> BTreeSet<&Key> {
        self.old.keys().chain(self.new.keys()).filter(|k| self.old.get(*k) != self.new.get(*k)).collect()
    }

    /// Whether it took `other` back, as far as `keys` go.
    pub(super) fn undoes(&self, other: &Self, keys: &BTreeSet<Key>) -> bool {
        keys.iter().all(|k| self.old.get(k) == other.new.get(k) && self.new.get(k) == other.old.get(k))
    }
}

/// The part of an object that revisions are made of or judged by.
fn made_of(key: &Key, value: &Value) -> Value {
    match key.kind.as_str() {
        "Rollout" => {
            let mut spec = value.get("spec").cloned().unwrap_or_default();
            if let Some(fields) = spec.as_object_mut() {
                NO_REVISION.iter().for_each(|field| drop(fields.remove(*field)));
            }
            spec
        }
        "Deployment" | "ReplicaSet" => value.pointer("/spec/template").cloned().unwrap_or_default(),
        _ => {
            let mut rest = value.clone();
            if let Some(fields) = rest.as_object_mut() {
                fields.remove("metadata");
            }
            rest
        }
    }
}

/// The objects of a text; none when it cannot be read.
pub(super) fn objects(content: &[u8], namespace: &str) -> Option<Objects> {
    let documents = yaml::read(content).ok()?;
    Some(documents.into_iter().flat_map(|d| of_document(d.value, namespace)).collect())
}

/// The objects of a document, by identity.
fn of_document(value: Value, namespace: &str) -> Vec<(Key, Value)> {
    let keyed = |(_, mut value): (Vec<String>, Value)| {
        strip(&mut value);
        let mut target = target_of(&value);
        if target.namespace.is_empty() {
            namespace.clone_into(&mut target.namespace); // only namespaced kinds are ever asked for
        }
        (Key::of(&target), value)
    };
    objects_of(value).into_iter().map(keyed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, old: &str, new: &str) -> FileChange {
        let content = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        FileChange { path: path.into(), old: content(old), new: content(new) }
    }

    fn rollout(image: &str, replicas: u32) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
             template: {{spec: {{containers: [{{name: c, image: {image}}}]}}}}\n"
        )
    }

    #[test]
    fn what_makes_no_revision_is_no_change_of_one() {
        let key = Key::rollout("shop", "web");
        let touched = |old: &str, new: &str| {
            let touched = Touched::of(&[change("web.yaml", old, new)], "shop");
            (touched.among([&key]).len(), touched.all().len())
        };
        assert_eq!(touched(&rollout("a", 1), &rollout("b", 1)), (1, 1));
        assert_eq!(
            touched(&rollout("a", 1), &rollout("a", 50)),
            (0, 1),
            "more replicas are nobody's failure"
        );
        assert_eq!(touched(&rollout("a", 1), ""), (1, 1));
    }

    #[test]
    fn an_object_that_moves_to_another_file_is_not_changed() {
        let moved = [change("web.yaml", &rollout("a", 1), ""), change("apps/web.yaml", "", &rollout("a", 1))];
        assert!(Touched::of(&moved, "shop").all().is_empty());
    }

    #[test]
    fn a_commit_is_undone_only_by_one_that_puts_everything_back() {
        let keys = BTreeSet::from([Key::rollout("shop", "web")]);
        let touched = |old: &str, new: &str| {
            Touched::of(&[change("web.yaml", &rollout(old, 1), &rollout(new, 1))], "shop")
        };
        assert!(touched("b", "a").undoes(&touched("a", "b"), &keys));
        assert!(
            !touched("b", "c").undoes(&touched("a", "b"), &keys),
            "it reverts and goes on to something else"
        );
    }
}
