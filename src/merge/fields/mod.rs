//! Decides what a set of fields is, as `metadata.managedFields` holds one, and how sets combine.
//! It never decides who owns a set.
//!
//! A set holds paths. A path being in the set says nothing about the paths below it: who owns `.spec` alone owns its
//! presence, and not `.spec.replicas`.

mod wire;

pub use super::typed::{fields_of, without};
pub use wire::FieldsError;

use super::text;
use crate::api::listkeys::Schema;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A value inside a path. Values compare as API servers compare them: by type, numbers by size, `1` equal to `1.0`.
#[derive(Clone, Debug)]
pub struct Atom(pub Value);

impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Atom {}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Atom {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

/// A total order over values: numbers, then strings, booleans, lists, maps and last `null`.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    };
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (whole(x), whole(y)) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().unwrap_or_default().total_cmp(&y.as_f64().unwrap_or_default()),
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        (Value::Array(x), Value::Array(y)) => {
            let unequal = x.iter().zip(y).map(|(a, b)| compare(a, b)).find(|o| o.is_ne());
            unequal.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        (Value::Object(x), Value::Object(y)) => {
            let pairs = x.iter().zip(y).map(|((k, a), (l, b))| k.cmp(l).then_with(|| compare(a, b)));
            let unequal = { pairs }.find(|o| o.is_ne());
            unequal.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn whole(number: &serde_json::Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Whether two values are equal to an API server, which does not tell `1` from `1.0`.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    compare(a, b) == Ordering::Equal
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field of a map: `.spec`.
    Field(String),
    /// The item of a list whose fields have these values, sorted by name: `[name="a"]`.
    Key(Vec<(String, Atom)>),
    /// The item of a set: `[="a"]`.
    Value(Atom),
    /// The item at a place: `[0]`. API servers read it but never write it.
    Index(i64),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                let shown: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", shown(&v.0))).collect();
                write!(f, "[{}]", shown.join(","))
            }
            Self::Value(value) => write!(f, "[={}]", shown(&value.0)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(s) => crate::base::go_text::quote(s),
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => text::plain(value),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Object(map) => map.iter().map(|(k, v)| format!("{k}={}", shown(v))).collect(),
    }
}

/// A path from the root of an object to one of its fields.
pub type Path = Vec<Step>;

/// A path as API servers print it in conflicts: `.spec.containers[name="a"].image`.
#[must_use]
pub fn path_text(path: &[Step]) -> String {
    path.iter().map(Step::to_string).collect()
}

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    members: BTreeSet<Step>,
    children: BTreeMap<Step, FieldSet>,
}

impl FieldSet {
    /// The set of these paths.
    #[must_use]
    pub fn of(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            set.insert(&path.iter().map(|name| Step::Field((*name).to_owned())).collect::<Path>());
        }
        set
    }

    /// Adds a path, not the ones above it. The empty path is no field and stays out.
    pub fn insert(&mut self, path: &[Step]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether exactly this path is in the set.
    #[must_use]
    pub fn has(&self, path: &[Step]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|child| child.has(rest)),
        }
    }

    /// Whether the step itself is in the set.
    pub(super) fn has_step(&self, step: &Step) -> bool {
        self.members.contains(step)
    }

    /// What the set holds below a step, if anything.
    pub(super) fn below(&self, step: &Step) -> Option<&Self> {
        self.children.get(step)
    }

    /// Whether no path is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// How many paths are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len() + self.children.values().map(Self::len).sum::<usize>()
    }

    /// Every path, those of one level before those below.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    fn collect(&self, prefix: &mut Path, found: &mut Vec<Path>) {
        for step in &self.members {
            found.push(prefix.iter().cloned().chain([step.clone()]).collect());
        }
        for (step, child) in &self.children {
            prefix.push(step.clone());
            child.collect(prefix, found);
            prefix.pop();
        }
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.members.extend(other.members.iter().cloned());
        for (step, theirs) in &other.children {
            let merged = all.children.get(step).map_or_else(|| theirs.clone(), |ours| ours.union(theirs));
            all.children.insert(step.clone(), merged);
        }
        all
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let both = |(step, ours): (&Step, &Self)| {
            let shared = ours.intersection(other.children.get(step)?);
            (!shared.is_empty()).then(|| (step.clone(), shared))
        };
        Self { members, children: self.children.iter().filter_map(both).collect() }
    }

    /// What is in this set and not in the other. A path taken away leaves the paths below it.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.subtract(other, false)
    }

    /// What is in this set and neither in the other nor below a path of the other.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        self.subtract(other, true)
    }

    fn subtract(&self, other: &Self, recursive: bool) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let mut children = BTreeMap::new();
        for (step, ours) in &self.children {
            if recursive && other.members.contains(step) {
                continue;
            }
            let rest = other.children.get(step).map_or_else(|| ours.clone(), |o| ours.subtract(o, recursive));
            if !rest.is_empty() {
                children.insert(step.clone(), rest);
            }
        }
        Self { members, children }
    }

    /// The set with every struct field added that has a path of the set below it: a field of a struct exists as soon
    /// as something in it does, while an entry of a map must be owned to exist.
    pub(super) fn with_named_parents(&self, schema: &Schema) -> Self {
        let mut members = self.members.clone();
        let mut children = BTreeMap::new();
        for (step, child) in &self.children {
            if matches!(step, Step::Field(name) if schema.declares(name)) {
                members.insert(step.clone());
            }
            children.insert(step.clone(), child.with_named_parents(&below(schema, step)));
        }
        Self { members, children }
    }

    /// The set as it is under a schema that has changed since it was written: where a map or list has become atomic,
    /// who owned something in it owns all of it.
    pub(super) fn reconciled(&self, schema: &Schema) -> Self {
        if schema.map().is_some() && schema.is_deduced_map() {
            return self.clone();
        }
        let mut set = Self { members: self.members.clone(), children: BTreeMap::new() };
        for (step, child) in &self.children {
            let known = !matches!(step, Step::Field(name) if schema.field(name).is_none());
            let at = below(schema, step);
            if known && super::typed::is_atomic(&at) {
                set.members.insert(step.clone());
            } else {
                set.children.insert(step.clone(), if known { child.reconciled(&at) } else { child.clone() });
            }
        }
        set
    }
}

/// The schema one step below.
pub(super) fn below(schema: &Schema, step: &Step) -> Schema {
    match step {
        Step::Field(name) => schema.field(name).unwrap_or_else(Schema::deduced),
        _ => schema.items(),
    }
}

#[cfg(test)]
mod tests;
