//! Decides how an inventory is kept in the cluster: one Secret, or several when it is large.
//! It never decides what stands in it.

use crate::api::inventory::{self, Applying, BadInventory, CHUNK, Inventory};
use crate::api::key::Key;
use crate::api::write::{Patch, Target, Write};
use crate::base::digest;
use crate::logic::health;
use crate::world::cluster::{Cluster, ClusterError, Mode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where an inventory is kept, and what of it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct InventoryStore {
    inventory: Kept<Inventory>,
    attempt: Kept<Applying>,
    namespace: String,
}

/// A noun in one Secret, and in others that continue it.
#[derive(Clone, Debug, Default)]
struct Kept<T> {
    name: String,
    /// What stands there; none before it was read.
    value: Option<T>,
    parts: Vec<String>,
    exists: bool,
}

impl InventoryStore {
    /// A store that was not read yet.
    #[must_use]
    pub(crate) fn new(name: &str, namespace: &str) -> Self {
        let inventory = Kept { name: name.to_owned(), ..Kept::default() };
        let attempt = Kept { name: format!("{name}-attempt"), ..Kept::default() };
        Self { inventory, attempt, namespace: namespace.to_owned() }
    }

    /// Reads the inventory, if it is not known; an empty one when there is none.
    ///
    /// # Errors
    /// The cluster refuses, or the Secret holds something else.
    pub(crate) async fn load(&mut self, cluster: &Cluster) -> Result<&Inventory, ClusterError> {
        if self.inventory.value.is_none() {
            self.attempt.load(cluster, &self.namespace, Applying::unpack).await?;
            self.inventory.load(cluster, &self.namespace, Inventory::unpack).await?;
        }
        Ok(self.inventory.value.get_or_insert_default())
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
        self.inventory.value.as_ref()
    }

    /// What was being applied when it was cut short, if anything was.
    #[must_use]
    pub(crate) fn attempt(&self) -> Option<&Applying> {
        let done = self.inventory.value.as_ref().map_or(0, |i| i.number);
        self.attempt.value.as_ref().filter(|a| a.number > done)
    }

    /// Writes `new` in place of what stands there; nothing when it is the same.
    ///
    /// # Errors
    /// The cluster refuses.
    pub(crate) async fn save(&mut self, cluster: &Cluster, new: Inventory) -> Result<(), ClusterError> {
        if self.inventory.exists && self.inventory.value.as_ref() == Some(&new) {
            return Ok(());
        }
        let (packed, commit) = (new.pack(), new.commit.clone());
        self.inventory.save(cluster, &self.namespace, &commit, packed, new).await
    }

    /// Writes down what is about to be applied.
    ///
    /// # Errors
    /// The cluster refuses.
    pub(crate) async fn begin(&mut self, cluster: &Cluster, attempt: Applying) -> Result<(), ClusterError> {
        if self.attempt.exists && self.attempt.value.as_ref() == Some(&attempt) {
            return Ok(());
        }
        let (packed, commit) = (attempt.pack(), attempt.commit.clone());
        self.attempt.save(cluster, &self.namespace, &commit, packed, attempt).await
    }
}

impl<T> Kept<T> {
    async fn load(
        &mut self,
        cluster: &Cluster,
        namespace: &str,
        unpack: fn(&[u8]) -> std::io::Result<T>,
    ) -> Result<(), ClusterError> {
        let target = secret(namespace, &self.name);
        let head = cluster.get(&target).await?;
        self.exists = head.is_some();
        let Some(head) = head else { return Ok(()) };
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
        self.parts = parts;
        self.value = Some(unpack(&bytes).map_err(|e| spoilt(e.into()))?);
        Ok(())
    }

    async fn save(
        &mut self,
        cluster: &Cluster,
        namespace: &str,
        commit: &str,
        packed: std::io::Result<Vec<u8>>,
        new: T,
    ) -> Result<(), ClusterError> {
        let packed = packed.map_err(|e| ClusterError::Unreachable { why: e.to_string(), source: None })?;
        let mut chunks = packed.chunks(CHUNK);
        let first = chunks.next().unwrap_or_default();
        let mark = digest::sha256_hex(&packed);
        let mark = mark.get(..8).unwrap_or_default();
        let mut parts = Vec::new();
        for (i, chunk) in chunks.enumerate() {
            let name = format!("{}-{mark}-{i}", self.name);
            let object = inventory::secret(&name, namespace, commit, chunk, &[]);
            match cluster.perform(&Write::Create { object }, Mode::Plain).await {
                Err(e) if e.already_exists() => {} // the name holds the digest of the whole
                other => drop(other?),
            }
            parts.push(name);
        }
        let head = inventory::secret(&self.name, namespace, commit, first, &parts);
        self.write_head(cluster, namespace, head).await?;
        let stale: Vec<String> = self.parts.iter().filter(|p| !parts.contains(p)).cloned().collect();
        self.parts = parts;
        self.value = Some(new);
        for part in stale {
            let delete = Write::Delete {
                target: secret(namespace, &part),
                uid: String::new(),
                expect: None,
                foreground: false,
            };
            cluster.perform(&delete, Mode::Plain).await?;
        }
        Ok(())
    }

    /// Writes the first Secret, whether it is there, as far as we know, or not.
    async fn write_head(
        &mut self,
        cluster: &Cluster,
        namespace: &str,
        head: Value,
    ) -> Result<(), ClusterError> {
        let pick = |p: &str| head.pointer(p).cloned().unwrap_or(Value::Null);
        let body = json!({"metadata": {"annotations": pick("/metadata/annotations")}, "data": pick("/data")});
        let target = secret(namespace, &self.name);
        let patch = Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect: None };
        if self.exists {
            match cluster.perform(&patch, Mode::Plain).await {
                Err(e) if e.is_missing() => self.exists = false, // somebody has deleted it
                other => return other.map(drop),
            }
        }
        match cluster.perform(&Write::Create { object: head }, Mode::Plain).await {
            Err(e) if e.already_exists() => drop(cluster.perform(&patch, Mode::Plain).await?),
            other => drop(other?),
        }
        self.exists = true;
        Ok(())
    }
}

fn secret(namespace: &str, name: &str) -> Target {
    Target::new("v1", "Secret", namespace, name)
}
