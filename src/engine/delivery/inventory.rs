//! Decides how an inventory is kept in the cluster: one Secret, or several when it is large.
//! It never decides what stands in it.

use crate::api::inventory::{self, BadInventory, CHUNK, Inventory};
use crate::api::write::{Patch, Target, Write};
use crate::base::digest;
use crate::world::cluster::{Cluster, ClusterError, Mode};
use serde_json::{Value, json};

/// Where an inventory is kept, and what of it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct InventoryStore {
    /// Name of the Secret.
    pub(crate) name: String,
    /// Namespace of the Secret.
    pub(crate) namespace: String,
    /// What stands in it; none before it was read.
    pub(crate) inventory: Option<Inventory>,
    parts: Vec<String>,
    exists: bool,
}

impl InventoryStore {
    /// A store that was not read yet.
    #[must_use]
    pub(crate) fn new(name: &str, namespace: &str) -> Self {
        Self { name: name.to_owned(), namespace: namespace.to_owned(), ..Self::default() }
    }

    fn target(&self, name: &str) -> Target {
        Target::new("v1", "Secret", &self.namespace, name)
    }

    /// Reads the inventory; an empty one when there is none.
    ///
    /// # Errors
    /// The cluster refuses, or the Secret holds something else.
    pub(crate) async fn load(&mut self, cluster: &Cluster) -> Result<&Inventory, ClusterError> {
        if self.inventory.is_none() {
            let head = cluster.get(&self.target(&self.name)).await?;
            self.exists = head.is_some();
            let found = match head {
                None => Inventory::default(),
                Some(head) => self.unpack(cluster, &head).await?,
            };
            self.inventory = Some(found);
        }
        Ok(self.inventory.get_or_insert_default())
    }

    async fn unpack(&mut self, cluster: &Cluster, head: &Value) -> Result<Inventory, ClusterError> {
        let target = self.target(&self.name);
        let spoilt = |why: BadInventory| ClusterError::Unreadable {
            what: format!(
                "{target} holds what was applied last, but {why}; delete it to start over (nothing is \
                           pruned then until Git changes again)"
            ),
            why: "it is spoilt".to_owned(),
            source: None,
        };
        let (mut bytes, parts) = inventory::of_secret(head).map_err(spoilt)?;
        for part in &parts {
            let more = cluster.get(&self.target(part)).await?;
            let more = more.ok_or_else(|| spoilt(BadInventory::PartMissing(part.clone())))?;
            bytes.extend(inventory::of_secret(&more).map_err(spoilt)?.0);
        }
        self.parts = parts;
        Inventory::unpack(&bytes).map_err(|e| spoilt(e.into()))
    }

    /// Writes `new` in place of what stands there; nothing when it is the same.
    ///
    /// # Errors
    /// The cluster refuses.
    pub(crate) async fn save(&mut self, cluster: &Cluster, new: Inventory) -> Result<(), ClusterError> {
        if self.exists && self.inventory.as_ref() == Some(&new) {
            return Ok(());
        }
        let packed =
            new.pack().map_err(|e| ClusterError::Unreachable { why: e.to_string(), source: None })?;
        let mut chunks = packed.chunks(CHUNK);
        let first = chunks.next().unwrap_or_default();
        let mark = digest::sha256_hex(&packed);
        let mark = mark.get(..8).unwrap_or_default();
        let mut parts = Vec::new();
        for (i, chunk) in chunks.enumerate() {
            let name = format!("{}-{mark}-{i}", self.name);
            let object = inventory::secret(&name, &self.namespace, &new.commit, chunk, &[]);
            match cluster.perform(&Write::Create { object }, Mode::Plain).await {
                Err(e) if e.already_exists() => {} // the name holds the digest of the whole
                other => drop(other?),
            }
            parts.push(name);
        }
        let head = inventory::secret(&self.name, &self.namespace, &new.commit, first, &parts);
        self.write_head(cluster, head).await?;
        let stale: Vec<String> = self.parts.iter().filter(|p| !parts.contains(p)).cloned().collect();
        self.parts = parts;
        self.inventory = Some(new);
        for part in stale {
            let delete = Write::Delete {
                target: self.target(&part),
                uid: String::new(),
                expect: None,
                foreground: false,
            };
            cluster.perform(&delete, Mode::Plain).await?;
        }
        Ok(())
    }

    async fn write_head(&mut self, cluster: &Cluster, head: Value) -> Result<(), ClusterError> {
        if !self.exists {
            match cluster.perform(&Write::Create { object: head.clone() }, Mode::Plain).await {
                Ok(_) => {
                    self.exists = true;
                    return Ok(());
                }
                Err(e) if e.already_exists() => self.exists = true,
                Err(e) => return Err(e),
            }
        }
        let pick = |p: &str| head.pointer(p).cloned().unwrap_or(Value::Null);
        let body = json!({"metadata": {"annotations": pick("/metadata/annotations")}, "data": pick("/data")});
        let patch = Write::Patch {
            target: self.target(&self.name),
            subresource: "",
            patch: Patch::Merge(body),
            expect: None,
        };
        cluster.perform(&patch, Mode::Plain).await.map(drop)
    }
}
