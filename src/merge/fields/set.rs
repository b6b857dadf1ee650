//! Decides how sets of fields combine.
//! It never decides who owns a set.
//!
//! A set holds paths. A path being in the set says nothing about the paths below it: who owns `.spec` alone owns its
//! presence, and not `.spec.replicas`.

use super::{Path, PathElement, below};
use crate::api::listkeys::Schema;
use std::collections::{BTreeMap, BTreeSet};

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    pub(super) members: BTreeSet<PathElement>,
    pub(super) children: BTreeMap<PathElement, FieldSet>,
}

impl FieldSet {
    /// The set of these paths.
    #[must_use]
    pub fn of(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            set.insert(&path.iter().map(|name| PathElement::Field((*name).to_owned())).collect::<Path>());
        }
        set
    }

    /// Adds a path, not the ones above it. The empty path is no field and stays out.
    pub fn insert(&mut self, path: &[PathElement]) {
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
    pub fn has(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|child| child.has(rest)),
        }
    }

    /// Whether the step itself is in the set.
    pub(crate) fn has_step(&self, step: &PathElement) -> bool {
        self.members.contains(step)
    }

    /// What the set holds below a step, if anything.
    pub(crate) fn below(&self, step: &PathElement) -> Option<&Self> {
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
        let both = |(step, ours): (&PathElement, &Self)| {
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
    pub(crate) fn with_named_parents(&self, schema: &Schema) -> Self {
        let mut members = self.members.clone();
        let mut children = BTreeMap::new();
        for (step, child) in &self.children {
            if matches!(step, PathElement::Field(name) if schema.declares(name)) {
                members.insert(step.clone());
            }
            children.insert(step.clone(), child.with_named_parents(&below(schema, step)));
        }
        Self { members, children }
    }

    /// The set as it is under a schema that has changed since it was written: where a map or list has become atomic,
    /// who owned something in it owns all of it.
    pub(crate) fn reconciled(&self, schema: &Schema) -> Self {
        if schema.map().is_some() && schema.is_deduced_map() {
            return self.clone();
        }
        let mut set = Self { members: self.members.clone(), children: BTreeMap::new() };
        for (step, child) in &self.children {
            let known = !matches!(step, PathElement::Field(name) if schema.field(name).is_none());
            let at = below(schema, step);
            if known && crate::typed::is_atomic(&at) {
                set.members.insert(step.clone());
            } else {
                set.children.insert(step.clone(), if known { child.reconciled(&at) } else { child.clone() });
            }
        }
        set
    }
}
