//! Decides how `metadata.managedFields` is read and written: who owns which fields, since when, in which order.
//! It never decides who gains or loses a field.

use super::fields::{FieldSet, FieldsError};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How a manager came to own fields. `Apply` sorts first, as in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By creating, updating or patching.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Who owns fields: one entry of the list each. Somebody who applies has one entry whatever the version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manager {
    /// The name the client gives itself.
    pub name: String,
    /// How it came to own the fields.
    pub operation: Operation,
    /// The version it wrote in; empty for `Apply`.
    pub api_version: String,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: String,
}

/// What a manager owns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Owned {
    pub set: FieldSet,
    /// The version the set is written in.
    pub api_version: String,
}

/// All owners of an object's fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Managed {
    pub owners: BTreeMap<Manager, Owned>,
    /// When each last changed what it owns, as RFC 3339 text. Outlives an owner that comes back.
    pub times: BTreeMap<Manager, Value>,
}

/// Why `managedFields` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManagedError {
    /// An entry says neither `Apply` nor `Update`.
    #[error("operation must be `Apply` or `Update`")]
    Operation,
    /// An entry names no version.
    #[error("apiVersion must not be empty")]
    Version,
    /// An entry does not say in which format its set is.
    #[error("missing fieldsType in managed fields entry {0}")]
    NoFieldsType(usize),
    /// An entry's set is in a format that does not exist.
    #[error("invalid fieldsType {1:?} in managed fields entry {0}")]
    FieldsType(usize, String),
    /// An entry's set cannot be read.
    #[error("error decoding set: {0}")]
    Set(#[from] FieldsError),
}

/// At most this many entries come from updates; the oldest beyond that are merged.
const MOST_UPDATERS: usize = 10;
/// The name under which the oldest entries are merged.
const ANCIENT: &str = "ancient-changes";

impl Managed {
    /// Reads `metadata.managedFields`; an object without it has no owners.
    pub(crate) fn read(object: &Value) -> Result<Self, ManagedError> {
        let mut managed = Self::default();
        let list = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        for (at, entry) in list.into_iter().flatten().enumerate() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let operation = match text("operation").as_str() {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return Err(ManagedError::Operation),
            };
            let api_version = text("apiVersion");
            if api_version.is_empty() {
                return Err(ManagedError::Version);
            }
            match text("fieldsType").as_str() {
                "FieldsV1" => {}
                "" => return Err(ManagedError::NoFieldsType(at)),
                other => return Err(ManagedError::FieldsType(at, other.to_owned())),
            }
            let set = entry.get("fieldsV1").map_or(Ok(FieldSet::default()), FieldSet::from_fields_v1)?;
            let (name, subresource) = (text("manager"), text("subresource"));
            let manager = Manager::new(name, operation, &api_version, subresource);
            if let Some(time) = entry.get("time").filter(|t| !t.is_null()) {
                managed.times.insert(manager.clone(), time.clone());
            }
            managed.owners.insert(manager, Owned { set, api_version });
        }
        Ok(managed)
    }

    /// Writes `metadata.managedFields` into an object; without owners there is none.
    pub(crate) fn write(&self, object: &mut Value) {
        let mut entries: Vec<(Operation, i64, &Manager, &Owned)> = Vec::new();
        for (manager, owned) in &self.owners {
            entries.push((manager.operation, self.seconds(manager), manager, owned));
        }
        let key = |(operation, seconds, manager, owned): &(Operation, i64, &Manager, &Owned)| {
            let rest = (manager.name.clone(), owned.api_version.clone(), manager.subresource.clone());
            (*operation, *seconds, rest)
        };
        entries.sort_by_key(key);
        let list: Vec<Value> = entries.iter().map(|(_, _, m, o)| entry(m, o, self.times.get(*m))).collect();
        strip(object);
        let Some(map) = object.as_object_mut().filter(|_| !list.is_empty()) else { return };
        let metadata = map.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        if !metadata.is_object() {
            *metadata = Value::Object(Map::new());
        }
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("managedFields".to_owned(), Value::Array(list));
        }
    }

    /// When a manager last changed what it owns, in seconds since 1970; 0 when unknown.
    fn seconds(&self, manager: &Manager) -> i64 {
        let text = self.times.get(manager).and_then(Value::as_str);
        text.and_then(|t| t.parse::<jiff::Timestamp>().ok()).map_or(0, jiff::Timestamp::as_second)
    }

    /// Forgets owners that own nothing.
    pub(crate) fn drop_empty(&mut self) {
        self.owners.retain(|_, owned| !owned.set.is_empty());
    }

    /// Merges the oldest entries from updates, version by version, until there are few enough.
    pub(crate) fn cap(&mut self) {
        let mut updaters: Vec<Manager> =
            self.owners.keys().filter(|m| m.operation == Operation::Update).cloned().collect();
        let mut count = updaters.len();
        updaters.sort_by_key(|m| (self.seconds(m), m.clone()));
        let mut first_of: BTreeMap<String, Manager> = BTreeMap::new();
        for manager in updaters {
            if count <= MOST_UPDATERS {
                return;
            }
            let Some(owned) = self.owners.get(&manager).cloned() else { continue };
            let version = owned.api_version.clone();
            let Some(first) = first_of.get(&version).cloned() else {
                first_of.insert(version, manager);
                continue;
            };
            let bucket = Manager::new(ANCIENT.to_owned(), Operation::Update, &version, String::new());
            if !self.owners.contains_key(&bucket)
                && let Some(moved) = self.owners.remove(&first)
            {
                self.owners.insert(bucket.clone(), moved);
            }
            if let Some(all) = self.owners.get_mut(&bucket) {
                all.set = owned.set.union(&all.set);
            }
            self.owners.remove(&manager);
            count -= 1;
            // The entry being merged is the younger one: its time is the bucket's.
            match self.times.get(&manager).cloned() {
                Some(time) => self.times.insert(bucket, time),
                None => self.times.remove(&bucket),
            };
        }
    }
}

impl Manager {
    pub(super) fn new(name: String, operation: Operation, api_version: &str, subresource: String) -> Self {
        let api_version = if operation == Operation::Apply { "" } else { api_version }.to_owned();
        Self { name, operation, api_version, subresource }
    }
}

fn entry(manager: &Manager, owned: &Owned, time: Option<&Value>) -> Value {
    let mut entry = json!({
        "manager": manager.name,
        "operation": manager.operation.name(),
        "apiVersion": owned.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": owned.set.to_fields_v1(),
    });
    if let Some(map) = entry.as_object_mut() {
        if let Some(time) = time {
            map.insert("time".to_owned(), time.clone());
        }
        if !manager.subresource.is_empty() {
            map.insert("subresource".to_owned(), json!(manager.subresource));
        }
        if manager.name.is_empty() {
            map.remove("manager");
        }
    }
    entry
}

/// Takes `metadata.managedFields` out of an object.
pub(super) fn strip(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}
