//! Decides how an inventory is kept in the cluster: one Secret, or several when it is large; and where it is looked for.
//! It never decides what stands in it, and never overwrites what somebody else has written there since it was read.

use crate::api::delivery_name::former_names;
use crate::api::inventory::{self, Applying, BadInventory, CHUNK, Inventory};
use crate::api::key::Key;
use crate::api::meta::Owner;
use crate::api::seal::Seal;
use crate::api::write::{Patch, Target, Write};
use crate::base::digest;
use crate::base::json::text;
use crate::engine::delivery::source::Source;
use crate::logic::health;
use crate::world::cluster::{Cluster, ClusterError, Mode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// Where an inventory is kept, and what of it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct InventoryStore {
    inventory: Kept<Inventory>,
    attempt: Kept<Applying>,
    namespace: String,
    /// Names under which it may be kept still.
    former: Vec<String>,
    /// Where it was kept before, as long as that is there.
    old: Vec<(Kept<Inventory>, Kept<Applying>)>,
    /// Whether what stands there has to be written anew, as it was written without a seal.
    is_plain: bool,
    /// The object that it goes with, if there is one.
    owner: Option<Owner>,
    /// Draws its seal, so that a run can be repeated.
    seed: Option<u64>,
}

/// A noun in one Secret, and in others that continue it.
#[derive(Clone, Debug, Default)]
struct Kept<T> {
    name: String,
    /// What stands there; none before it was read.
    value: Option<Arc<T>>,
    parts: Vec<String>,
    /// The resource version of the first Secret; none while there is none.
    version: Option<String>,
    /// The uid of the object that the first Secret goes with; empty when with none.
    goes_with: String,
}

impl InventoryStore {
    /// The store of `source`, which was not read yet.
    #[must_use]
    pub(crate) fn new(source: &Source) -> Self {
        let mut former = former_names(&source.git.name(), &source.branch, &source.path, &source.namespace);
        former.retain(|name| *name != source.name);
        let (inventory, attempt) = kept(&source.name);
        let (namespace, owner) = (source.home.clone(), source.owner.clone());
        Self { inventory, attempt, namespace, former, owner, seed: source.seed, ..Self::default() }
    }

    /// The store of the inventory `name` in `namespace`, which was not read yet.
    #[must_use]
    pub(crate) fn named(name: &str, namespace: &str) -> Self {
        let (inventory, attempt) = kept(name);
        Self { inventory, attempt, namespace: namespace.to_owned(), ..Self::default() }
    }

    /// What is written from now on goes with `owner`.
    pub(crate) fn belongs_to(&mut self, owner: Option<&Owner>) {
        self.owner = owner.cloned();
    }

    /// Deletes what stands there, the inventory last.
    ///
    /// # Errors
    /// The cluster refuses or is away.
    pub(crate) async fn delete(&mut self, cluster: &Cluster) -> Result<(), ClusterError> {
        for (inventory, attempt) in std::mem::take(&mut self.old) {
            attempt.delete(cluster, &self.namespace).await?;
            inventory.delete(cluster, &self.namespace).await?;
        }
        self.attempt.delete(cluster, &self.namespace).await?;
        self.inventory.delete(cluster, &self.namespace).await
    }

    /// Reads the inventory, if it is not known; an empty one when there is none.
    ///
    /// # Errors
    /// The cluster refuses, or the Secret holds something else.
    pub(crate) async fn load(&mut self, cluster: &Cluster) -> Result<Arc<Inventory>, ClusterError> {
        match &self.inventory.value {
            Some(known) => Ok(Arc::clone(known)),
            None => self.read(cluster).await,
        }
    }

    async fn read(&mut self, cluster: &Cluster) -> Result<Arc<Inventory>, ClusterError> {
        self.old.clear();
        self.attempt.load(cluster, &self.namespace, Applying::unpack).await?;
        self.inventory.load(cluster, &self.namespace, Inventory::unpack).await?;
        let mut found = self.inventory.value.take().unwrap_or_default();
        if self.inventory.version.is_none() {
            for name in self.former.clone() {
                if self.read_old(cluster, &name).await? {
                    break;
                }
            }
            if let Some((inventory, attempt)) = self.old.first() {
                found = inventory.value.clone().unwrap_or_default();
                Arc::make_mut(&mut found).former.insert(inventory.name.clone());
                if self.attempt.version.is_none() {
                    self.attempt.value.clone_from(&attempt.value);
                }
            }
        } else {
            for name in &found.former {
                self.read_old(cluster, name).await?;
            }
        }
        self.is_plain = found.seal.is_none();
        if self.is_plain {
            let sealed = self.attempt.value.as_ref().map(|a| a.seal.clone()).filter(|seal| !seal.is_none());
            Arc::make_mut(&mut found).seal = sealed.unwrap_or_else(|| drawn_seal(self.seed));
        }
        self.inventory.value = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Looks for an inventory under a former name; whether there is one.
    async fn read_old(&mut self, cluster: &Cluster, name: &str) -> Result<bool, ClusterError> {
        let (mut inventory, mut attempt) = kept(name);
        inventory.load(cluster, &self.namespace, Inventory::unpack).await?;
        if inventory.version.is_none() {
            return Ok(false);
        }
        attempt.load(cluster, &self.namespace, Applying::unpack).await?;
        self.old.push((inventory, attempt));
        Ok(true)
    }

    /// The workloads that were applied, with the API version each was written in; none before it was read.
    #[must_use]
    pub(crate) fn workloads(&self) -> Option<BTreeMap<Key, String>> {
        let objects = self.inventory.value.as_ref()?.objects.iter();
        let ours = objects.filter(|(key, _)| health::workload(key).is_some());
        Some(ours.map(|(key, version)| (key.clone(), version.clone())).collect())
    }

    /// The inventory, if it was read.
    #[must_use]
    pub(crate) fn known(&self) -> Option<&Inventory> {
        self.inventory.value.as_deref()
    }

    /// What was being applied when it was cut short, if anything was.
    #[must_use]
    pub(crate) fn attempt(&self) -> Option<Arc<Applying>> {
        let done = self.inventory.value.as_ref().map_or(0, |i| i.number);
        self.attempt.value.as_ref().filter(|a| a.number > done).cloned()
    }

    /// Whether it was found under a former name, which objects may still be marked with.
    #[must_use]
    pub(crate) fn is_moved(&self) -> bool {
        !self.old.is_empty()
    }

    /// Whether there is none, though objects may have been applied.
    #[must_use]
    pub(crate) fn is_missing(&self) -> bool {
        self.inventory.version.is_none() && self.old.is_empty()
    }

    /// Writes `new` in place of what stands there; nothing when it is the same.
    ///
    /// # Errors
    /// The cluster refuses, or somebody else has written it since; then it is read anew.
    pub(crate) async fn save(&mut self, cluster: &Cluster, new: Inventory) -> Result<(), ClusterError> {
        let is_owned = self.owner.as_ref().is_none_or(|owner| owner.uid == self.inventory.goes_with);
        let is_there = self.inventory.version.is_some() && !self.is_plain && is_owned;
        if is_there && self.known().is_some_and(|known| known.is_same(&new)) {
            self.inventory.value = Some(Arc::new(new));
        } else {
            let (packed, commit) = (new.pack(), new.commit.clone());
            let place = Place { namespace: &self.namespace, owner: self.owner.as_ref() };
            let saved = self.inventory.save(cluster, &place, &commit, packed, new).await;
            self.heed(saved)?;
        }
        self.is_plain = false;
        self.end_plain_attempt(cluster).await?;
        for (inventory, attempt) in std::mem::take(&mut self.old) {
            attempt.delete(cluster, &self.namespace).await?;
            inventory.delete(cluster, &self.namespace).await?;
        }
        Ok(())
    }

    /// Writes down what is about to be applied.
    ///
    /// # Errors
    /// As [`InventoryStore::save`].
    pub(crate) async fn begin(
        &mut self,
        cluster: &Cluster,
        attempt: Arc<Applying>,
    ) -> Result<(), ClusterError> {
        if self.attempt.version.is_some() && self.attempt.value.as_ref() == Some(&attempt) {
            return Ok(());
        }
        let (packed, commit) = (attempt.pack(), attempt.commit.clone());
        let place = Place { namespace: &self.namespace, owner: self.owner.as_ref() };
        let saved = self.attempt.save(cluster, &place, &commit, packed, attempt).await;
        self.heed(saved)
    }

    /// Writes over a finished attempt that was written without a seal.
    async fn end_plain_attempt(&mut self, cluster: &Cluster) -> Result<(), ClusterError> {
        let known = self.inventory.value.clone().unwrap_or_default();
        let plain = self.attempt.value.as_ref().filter(|a| a.seal.is_none() && a.number <= known.number);
        if let Some(plain) = plain.filter(|_| self.attempt.version.is_some()) {
            let (number, commit, seal) = (plain.number, plain.commit.clone(), known.seal.clone());
            let over = Applying { number, commit, seal, ..Applying::default() };
            self.begin(cluster, Arc::new(over)).await?;
        }
        Ok(())
    }

    /// After a write of which it is not known what it has left, everything is read anew.
    fn heed<T>(&mut self, result: Result<T, ClusterError>) -> Result<T, ClusterError> {
        if result.is_err() {
            self.inventory.value = None;
        }
        result
    }
}

/// Where Secrets are written, and the object that they go with.
struct Place<'a> {
    namespace: &'a str,
    owner: Option<&'a Owner>,
}

fn kept(name: &str) -> (Kept<Inventory>, Kept<Applying>) {
    let inventory = Kept { name: name.to_owned(), ..Kept::default() };
    (inventory, Kept { name: format!("{name}-attempt"), ..Kept::default() })
}

/// A seal that nobody else has, of the system's own random numbers; with a seed one that comes again.
fn drawn_seal(seed: Option<u64>) -> Seal {
    if let Some(seed) = seed {
        return Seal::new(&digest::sha256_hex(&seed.to_be_bytes()));
    }
    let state = RandomState::new();
    let numbers: Vec<String> = (0..4_u8).map(|n| format!("{:016x}", state.hash_one(n))).collect();
    Seal::new(&digest::sha256_hex(numbers.concat().as_bytes()))
}

impl<T> Kept<T> {
    async fn load(
        &mut self,
        cluster: &Cluster,
        namespace: &str,
        unpack: fn(&[u8]) -> std::io::Result<T>,
    ) -> Result<(), ClusterError> {
        let target = secret(namespace, &self.name);
        (self.value, self.version, self.parts) = (None, None, Vec::new());
        let Some(head) = cluster.get(&target).await? else { return Ok(()) };
        let spoilt = |why: BadInventory| ClusterError::Unreadable {
            what: format!(
                "{target} holds what was applied last, but {why}; delete it to start over (nothing is \
                           pruned then until Git changes again)"
            ),
            why: "it is spoilt".to_owned(),
            source: None,
        };
        let (mut bytes, parts) = inventory::of_secret(&head).map_err(spoilt)?;
        for part in &parts {
            let more = cluster.get(&secret(namespace, part)).await?;
            let more = more.ok_or_else(|| spoilt(BadInventory::PartMissing(part.clone())))?;
            bytes.extend(inventory::of_secret(&more).map_err(spoilt)?.0);
        }
        self.value = Some(Arc::new(unpack(&bytes).map_err(|e| spoilt(e.into()))?));
        (self.version, self.parts) = (Some(version_of(&head)), parts);
        text(&head, "/metadata/ownerReferences/0/uid").clone_into(&mut self.goes_with);
        Ok(())
    }

    /// Parts first, then the head that names them, then what no head names any more: whenever it ends early, a whole one
    /// stands there.
    async fn save(
        &mut self,
        cluster: &Cluster,
        place: &Place<'_>,
        commit: &str,
        packed: std::io::Result<Vec<u8>>,
        new: impl Into<Arc<T>>,
    ) -> Result<(), ClusterError> {
        let packed = packed.map_err(|e| ClusterError::Unreachable { why: e.to_string(), source: None })?;
        let mut chunks = packed.chunks(CHUNK);
        let first = chunks.next().unwrap_or_default();
        let mark = digest::sha256_hex(&packed);
        let mark = mark.get(..8).unwrap_or_default();
        let mut parts = Vec::new();
        for (i, chunk) in chunks.enumerate() {
            let name = format!("{}-{mark}-{i}", self.name);
            let object = inventory::secret(&name, place.namespace, commit, chunk, &[], place.owner);
            match cluster.perform(&Write::Create { object }, Mode::Plain).await {
                Err(e) if e.already_exists() => {} // the name holds the digest of the whole
                other => drop(other?),
            }
            parts.push(name);
        }
        let head = inventory::secret(&self.name, place.namespace, commit, first, &parts, place.owner);
        self.write_head(cluster, place.namespace, head).await?;
        self.goes_with = place.owner.map(|owner| owner.uid.clone()).unwrap_or_default();
        let before = std::mem::replace(&mut self.parts, parts);
        self.value = Some(new.into());
        for part in before.iter().filter(|part| !self.parts.contains(part)) {
            delete(cluster, secret(place.namespace, part)).await?;
        }
        Ok(())
    }

    /// Writes the first Secret over what was read there, and over nothing else.
    async fn write_head(
        &mut self,
        cluster: &Cluster,
        namespace: &str,
        head: Value,
    ) -> Result<(), ClusterError> {
        if let Some(version) = self.version.take() {
            let pick = |p: &str| head.pointer(p).cloned().unwrap_or(Value::Null);
            let mut meta = json!({"annotations": pick("/metadata/annotations")});
            if let (Some(owners), Some(meta)) =
                (head.pointer("/metadata/ownerReferences"), meta.as_object_mut())
            {
                meta.insert("ownerReferences".to_owned(), owners.clone());
            }
            let body = json!({"metadata": meta, "data": pick("/data")});
            let (target, expect) = (secret(namespace, &self.name), Some(version));
            let patch = Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect };
            match cluster.perform(&patch, Mode::Plain).await {
                Err(e) if e.is_missing() => {} // somebody has deleted it
                other => {
                    self.version = other?.as_ref().map(version_of);
                    return Ok(());
                }
            }
        }
        let made = cluster.perform(&Write::Create { object: head }, Mode::Plain).await?;
        self.version = made.as_ref().map(version_of);
        Ok(())
    }

    async fn delete(&self, cluster: &Cluster, namespace: &str) -> Result<(), ClusterError> {
        for name in self.version.iter().map(|_| &self.name).chain(&self.parts) {
            delete(cluster, secret(namespace, name)).await?;
        }
        Ok(())
    }
}

/// Deletes what may be gone already.
async fn delete(cluster: &Cluster, target: Target) -> Result<(), ClusterError> {
    let delete = Write::Delete { target, uid: String::new(), expect: None, foreground: false };
    cluster.perform(&delete, Mode::Plain).await.map(drop)
}

fn version_of(object: &Value) -> String {
    text(object, "/metadata/resourceVersion").to_owned()
}

fn secret(namespace: &str, name: &str) -> Target {
    Target::new("v1", "Secret", namespace, name)
}
