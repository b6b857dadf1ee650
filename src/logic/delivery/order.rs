//! Decides which Deliveries have to wait for others, with what, and when they would wait for each other for ever.
//! It never decides when one is ready.

use crate::api::delivery::{DeliveryReason, Dependency};
use crate::api::object_name::ObjectName;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// What counts of a Delivery for those that wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// Whom it waits for itself.
    pub(crate) depends_on: Vec<ObjectName>,
    /// Whether it is ready as it is now.
    pub(crate) is_ready: bool,
}

/// Why a Delivery does not begin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Waits {
    /// Others have to be ready first.
    #[error(
        "waits for Delivery {}; see what it says: kubectl -n {} get delivery {}",
        joined(.0, ", "), first(.0).namespace, first(.0).name
    )]
    For(Vec<ObjectName>),
    /// Others are not there.
    #[error("waits for Delivery {}, which is not there; create it, or take it out of spec.dependsOn", joined(.0, ", "))]
    Absent(Vec<ObjectName>),
    /// Others deliver the same branch and have not applied the same commit yet.
    #[error("waits until Delivery {} has applied the same commit", joined(.0, ", "))]
    Behind(Vec<ObjectName>),
    /// It waits for itself.
    #[error("Deliveries wait for each other: {}; take one of them out of spec.dependsOn", joined(.0, " -> "))]
    Cycle(Vec<ObjectName>),
}

impl Waits {
    /// Whether it may be over without a person.
    #[must_use]
    pub(crate) fn may_pass(&self) -> bool {
        !matches!(self, Self::Cycle(_))
    }

    /// The same as one word.
    #[must_use]
    pub(crate) fn reason(&self) -> DeliveryReason {
        match self {
            Self::Cycle(_) => DeliveryReason::DependencyCycle,
            Self::For(_) | Self::Absent(_) | Self::Behind(_) => DeliveryReason::DependencyNotReady,
        }
    }
}

/// What a new commit of a Delivery waits for; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gate {
    /// Those that are not ready.
    pub(crate) waits: Option<Waits>,
    /// Those that deliver the same branch, each with the commit that it has applied.
    pub(crate) beside: Vec<(ObjectName, String)>,
    /// Whether all were ready once since its own spec was changed.
    pub(crate) is_admitted: bool,
}

impl Gate {
    /// What keeps `commit` from being applied after `applied`. The same commit again is kept by nothing, unless the spec
    /// is another one.
    #[must_use]
    pub(crate) fn keeps(&self, commit: &str, applied: &str) -> Option<Waits> {
        if self.is_admitted && commit == applied {
            return None;
        }
        let behind: Vec<_> = self.behind(commit).cloned().collect();
        self.waits.clone().or_else(|| (!behind.is_empty()).then_some(Waits::Behind(behind)))
    }

    /// Those that have not applied `commit` yet.
    pub(crate) fn behind(&self, commit: &str) -> impl Iterator<Item = &ObjectName> {
        self.beside.iter().filter(move |(_, applied)| applied != commit).map(|(name, _)| name)
    }
}

fn joined(names: &[ObjectName], between: &str) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn first(names: &[ObjectName]) -> ObjectName {
    names.first().cloned().unwrap_or_default()
}

/// The names of those that the Delivery `name` says it waits for.
#[must_use]
pub(crate) fn named(name: &ObjectName, depends_on: &[Dependency]) -> Vec<ObjectName> {
    let of = |d: &Dependency| {
        ObjectName::new(d.namespace.as_ref().unwrap_or(&name.namespace).clone(), d.name.clone())
    };
    depends_on.iter().map(of).collect()
}

/// What the Delivery `name` waits for; nothing when it may begin.
#[must_use]
pub(crate) fn waits(all: &BTreeMap<ObjectName, Node>, name: &ObjectName) -> Option<Waits> {
    if let Some(cycle) = cycle(all, name) {
        return Some(Waits::Cycle(cycle));
    }
    let depends_on = &all.get(name)?.depends_on;
    let those = |is: fn(Option<&Node>) -> bool| {
        depends_on.iter().filter(|d| is(all.get(*d))).cloned().collect::<Vec<_>>()
    };
    let absent = those(|node| node.is_none());
    if !absent.is_empty() {
        return Some(Waits::Absent(absent));
    }
    let unready = those(|node| node.is_some_and(|n| !n.is_ready));
    (!unready.is_empty()).then_some(Waits::For(unready))
}

/// The way from `name` to itself, both ends included.
fn cycle(all: &BTreeMap<ObjectName, Node>, name: &ObjectName) -> Option<Vec<ObjectName>> {
    let mut seen = BTreeSet::new();
    let mut open = vec![vec![name.clone()]];
    while let Some(way) = open.pop() {
        let next = way.last().and_then(|last| all.get(last)).map(|node| &node.depends_on);
        for next in next.into_iter().flatten() {
            let mut further = way.clone();
            further.push(next.clone());
            if next == name {
                return Some(further);
            }
            if seen.insert(next.clone()) {
                open.push(further);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str) -> ObjectName {
        ObjectName::new("shop", name)
    }

    fn all(nodes: &[(&str, &[&str], bool)]) -> BTreeMap<ObjectName, Node> {
        let node =
            |deps: &[&str], is_ready| Node { depends_on: deps.iter().map(|d| at(d)).collect(), is_ready };
        nodes.iter().map(|(name, deps, is_ready)| (at(name), node(deps, *is_ready))).collect()
    }

    #[test]
    fn one_waits_until_all_it_names_are_there_and_ready() {
        let known = all(&[("db", &[], true), ("cache", &[], false), ("web", &["db", "cache"], false)]);
        assert_eq!(waits(&known, &at("web")), Some(Waits::For(vec![at("cache")])));
        assert_eq!(waits(&known, &at("db")), None);
        let known = all(&[("web", &["db"], false)]);
        let told = waits(&known, &at("web")).unwrap();
        assert!(told == Waits::Absent(vec![at("db")]) && told.to_string().contains("not there"), "{told}");
    }

    #[test]
    fn those_that_wait_for_each_other_are_named_in_order_and_who_waits_for_them_is_not_blamed() {
        let known =
            all(&[("a", &["b"], false), ("b", &["c"], false), ("c", &["a"], false), ("d", &["a"], false)]);
        let told = waits(&known, &at("b")).unwrap().to_string();
        assert!(told.contains("shop/b -> shop/c -> shop/a -> shop/b"), "{told}");
        assert_eq!(waits(&known, &at("d")), Some(Waits::For(vec![at("a")])));
        assert!(matches!(waits(&all(&[("a", &["a"], true)]), &at("a")), Some(Waits::Cycle(_))));
    }

    #[test]
    fn a_new_commit_waits_and_the_old_one_goes_on() {
        let mut gate = Gate { is_admitted: true, ..Gate::default() };
        assert_eq!(gate.keeps("b", "a"), None);
        gate.beside = vec![(at("db"), "a".into()), (at("cache"), "b".into())];
        assert_eq!(gate.keeps("b", "a"), Some(Waits::Behind(vec![at("db")])));
        gate.waits = Some(Waits::For(vec![at("cache")]));
        assert_eq!(gate.keeps("b", "a"), Some(Waits::For(vec![at("cache")])));
        assert_eq!(gate.keeps("a", "a"), None);
        gate.is_admitted = false;
        assert!(gate.keeps("a", "a").is_some(), "its spec asks for something else");
    }

    #[test]
    fn another_namespace_is_named_with_the_name() {
        let other = Dependency { name: "db".into(), namespace: Some("infra".into()) };
        let same = Dependency { name: "cache".into(), namespace: None };
        assert_eq!(named(&at("web"), &[other, same]), [ObjectName::new("infra", "db"), at("cache")]);
    }
}
