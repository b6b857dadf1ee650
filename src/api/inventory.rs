//! Decides what is written down in the cluster of a delivery: which objects are ours, what was applied last, and
//! which commits must not be applied again. No value of a Secret is ever written down, only what [`seal`](crate::seal) makes.

use crate::key::Key;
use crate::meta::Owner;
use crate::seal::Seal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::sync::Arc;
use thiserror::Error;

/// Label on the Secrets that hold inventories.
pub const LABEL: &str = "switchback.dev/inventory";
/// What it says of those that continue another.
const PART: &str = "part";
/// Annotation on those: the one that they continue.
const PART_OF: &str = "switchback.dev/part-of";
/// Bytes of compressed inventory in one Secret at most; the API server takes a mebibyte in all.
pub const CHUNK: usize = 700_000;
/// Bytes of an unpacked inventory at most.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// What is written down of one delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// The commit applied last.
    #[serde(default)]
    pub commit: String,
    /// Objects that are ours, with the API version they were written in.
    #[serde(default, with = "pairs")]
    pub objects: BTreeMap<Key, String>,
    /// Their manifests as applied last; those of Secrets that were read rather than applied hold digests.
    #[serde(default, with = "pairs")]
    pub base: BTreeMap<Key, Arc<Value>>,
    /// Those of them that others had made before they were first applied.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopted: BTreeSet<Key>,
    /// Commits that must not be applied again.
    #[serde(default)]
    pub fences: Vec<Fence>,
    /// Good commits of the Rollouts that were changed by the commit applied last, or were not healthy then; empty where
    /// none is known. Every other one was healthy and left alone, so that commit itself is its good one.
    #[serde(default, with = "pairs")]
    pub good: BTreeMap<Key, String>,
    /// Counts what was applied, so that an [`Applying`] is known to be done.
    #[serde(default)]
    pub number: u64,
    /// Makes the digests.
    #[serde(default)]
    pub seal: Seal,
    /// Names it had before: objects that carry one are ours.
    #[serde(default)]
    pub former: BTreeSet<String>,
}

/// What is being applied, written down before the first write: what was cut short may be in the cluster or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Applying {
    /// The [`Inventory::number`] that it makes once it is done.
    pub number: u64,
    /// The commit.
    pub commit: String,
    /// The manifests it writes, with the API version they are written in.
    #[serde(default, with = "pairs")]
    pub base: BTreeMap<Key, (String, Arc<Value>)>,
    /// As in [`Inventory::adopted`], once it is done.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopted: BTreeSet<Key>,
    /// As in [`Inventory::good`], once it is done.
    #[serde(default, with = "pairs")]
    pub good: BTreeMap<Key, String>,
    /// As in [`Inventory::seal`].
    #[serde(default)]
    pub seal: Seal,
}

/// A commit that must not be applied again until somebody reverts its revert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The commits that go back, newest first.
    pub commits: Vec<String>,
    /// The Rollout that failed.
    pub rollout: Key,
    /// Its revision.
    pub revision: i64,
    /// Key of the pod template that failed, as Git has it.
    pub template: String,
    /// Key of the same template as the cluster had it, with what others added to it.
    #[serde(default)]
    pub live: String,
    /// The commit of the revision that stays.
    pub good: String,
    /// Why, with the numbers.
    pub verdict: String,
    /// Our commit that takes it back; it may not be pushed yet.
    #[serde(default)]
    pub made: String,
    /// Our commit that took it back; none while it could not be pushed.
    #[serde(default)]
    pub revert: Option<String>,
    /// Key of the pod template that Git asked for after that.
    #[serde(default)]
    pub kept: String,
    /// How often it was taken back again since.
    #[serde(default)]
    pub again: u32,
}

/// Why a Secret cannot be read as (a part of) an inventory. Whoever reports it says what to do: delete the Secret.
#[derive(Debug, Error)]
pub enum BadInventory {
    /// Its data is not base64.
    #[error(transparent)]
    Encoding(#[from] base64::DecodeError),
    /// A Secret that its head names is not there.
    #[error("its part {0} is missing")]
    PartMissing(String),
    /// Its bytes are none that we wrote, or far more than an inventory may have.
    #[error(transparent)]
    Content(#[from] std::io::Error),
}

impl BadInventory {
    /// A word that programs read.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Encoding(_) => "Encoding",
            Self::PartMissing(_) => "PartMissing",
            Self::Content(_) => "Content",
        }
    }
}

/// Maps whose keys are objects, written as lists of pairs.
mod pairs {
    use super::{BTreeMap, Key};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer, T: Serialize>(
        map: &BTreeMap<Key, T>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_seq(map.iter())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        d: D,
    ) -> Result<BTreeMap<Key, T>, D::Error> {
        Ok(Vec::<(Key, T)>::deserialize(d)?.into_iter().collect())
    }
}

impl Inventory {
    /// The inventory as bytes for Secrets, compressed.
    ///
    /// # Errors
    /// None is known; writing to memory does not fail.
    pub fn pack(&self) -> std::io::Result<Vec<u8>> {
        let base = self.base.iter().map(|(key, value)| (key.clone(), self.seal.seal(key, value))).collect();
        pack(&Self { base, ..self.clone() })
    }

    /// Whether both are the same once written down.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let rest = |i: &Self| (i.commit.clone(), i.number, i.seal.clone(), i.former.clone());
        let is_same = |key: &Key, a: &Arc<Value>, b: &Arc<Value>| {
            Arc::ptr_eq(a, b) || self.seal.is_same(key, a, b) || self.seal.is_same(key, b, a)
        };
        let mut both = self.base.iter().zip(&other.base);
        rest(self) == rest(other)
            && (&self.objects, &self.fences, &self.good) == (&other.objects, &other.fences, &other.good)
            && self.adopted == other.adopted
            && self.base.len() == other.base.len()
            && both.all(|((key, a), (other, b))| key == other && is_same(key, a, b))
    }

    /// Reads what [`Inventory::pack`] wrote.
    ///
    /// # Errors
    /// Bytes that are none, or far larger unpacked than an inventory may be.
    pub fn unpack(bytes: &[u8]) -> std::io::Result<Self> {
        unpack(bytes)
    }
}

impl Applying {
    /// The attempt as bytes for Secrets, compressed.
    ///
    /// # Errors
    /// None is known; writing to memory does not fail.
    pub fn pack(&self) -> std::io::Result<Vec<u8>> {
        let sealed = |(key, (version, value)): (&Key, &(String, Arc<Value>))| {
            (key.clone(), (version.clone(), self.seal.seal(key, value)))
        };
        pack(&Self { base: self.base.iter().map(sealed).collect(), ..self.clone() })
    }

    /// Reads what [`Applying::pack`] wrote.
    ///
    /// # Errors
    /// Bytes that are none, or far larger unpacked than an attempt may be.
    pub fn unpack(bytes: &[u8]) -> std::io::Result<Self> {
        unpack(bytes)
    }
}

fn pack<T: Serialize>(what: &T) -> std::io::Result<Vec<u8>> {
    let json = serde_json::to_vec(what).map_err(std::io::Error::other)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(&json)?;
    encoder.finish()
}

fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> std::io::Result<T> {
    let mut json = Vec::new();
    GzDecoder::new(bytes).take(MOST_BYTES).read_to_end(&mut json)?;
    serde_json::from_slice(&json).map_err(std::io::Error::other)
}

/// The Secret that holds `part` of a packed inventory, or its head: the head names the commit for people and the
/// number of parts that follow it. It goes with `owner`.
#[must_use]
pub fn secret(
    name: &str,
    namespace: &str,
    commit: &str,
    part: &[u8],
    more: &[String],
    owner: Option<&Owner>,
) -> Value {
    let mut metadata = json!({
        "name": name,
        "namespace": namespace,
        "labels": {LABEL: "true"},
        "annotations": {"switchback.dev/commit": commit, "switchback.dev/parts": more.join(",")},
    });
    if let (Some(owner), Some(metadata)) = (owner, metadata.as_object_mut()) {
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "switchback.dev/inventory",
        "data": {"inventory": STANDARD.encode(part)},
    })
}

/// The Secret called `name` that continues the one called `head` with `part` of a packed inventory.
#[must_use]
pub fn part(
    head: &str,
    name: &str,
    namespace: &str,
    commit: &str,
    part: &[u8],
    owner: Option<&Owner>,
) -> Value {
    let mut object = secret(name, namespace, commit, part, &[], owner);
    for (which, key, text) in [("labels", LABEL, PART), ("annotations", PART_OF, head)] {
        if let Some(marks) = object.pointer_mut(&format!("/metadata/{which}")).and_then(Value::as_object_mut)
        {
            marks.insert(key.to_owned(), Value::from(text));
        }
    }
    object
}

/// The label selector of all such Secrets.
#[must_use]
pub fn parts_selector() -> String {
    format!("{LABEL}={PART}")
}

/// The name of the Secret that such a one continues.
#[must_use]
pub fn head_of_part(part: &Value) -> Option<&str> {
    part.get("metadata")?.get("annotations")?.get(PART_OF)?.as_str()
}

/// The bytes a Secret of an inventory holds, and the names of the Secrets that continue it.
///
/// # Errors
/// [`BadInventory::Encoding`] for a Secret that is none of an inventory.
pub fn of_secret(secret: &Value) -> Result<(Vec<u8>, Vec<String>), BadInventory> {
    let text = |p: &str| secret.pointer(p).and_then(Value::as_str).unwrap_or_default();
    let bytes = STANDARD.decode(text("/data/inventory"))?;
    let parts = text("/metadata/annotations/switchback.dev~1parts");
    Ok((bytes, parts.split(',').filter(|p| !p.is_empty()).map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_the_secret() {
        let key = Key::core("ConfigMap", "shop", "web");
        let inventory = Inventory {
            commit: "abc".into(),
            objects: [(key.clone(), "v1".to_owned())].into(),
            base: [(key.clone(), Arc::new(json!({"data": {"a": "b"}})))].into(),
            adopted: [key.clone()].into(),
            fences: vec![Fence {
                commits: vec!["abc".into()],
                rollout: Key::rollout("shop", "web"),
                revision: 7,
                template: "t".into(),
                good: "g".into(),
                verdict: "x".into(),
                ..Fence::default()
            }],
            good: [(Key::rollout("shop", "web"), "g".to_owned())].into(),
            number: 3,
            seal: Seal::new("k"),
            former: ["old".to_owned()].into(),
        };
        let packed = inventory.pack().unwrap();
        let object = secret("n", "default", "abc", &packed, &["n-1".into()], None);
        let (bytes, parts) = of_secret(&object).unwrap();
        assert_eq!((Inventory::unpack(&bytes).unwrap(), parts), (inventory, vec!["n-1".to_owned()]));
        assert!(Inventory::unpack(b"junk").is_err());
    }
}
