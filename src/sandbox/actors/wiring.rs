//! Decides which work a change of an object gives rise to.
//! It never does the work, and it never looks further than the changed object's own relations.

use super::object::Owner;
use super::rows::{Row, Rows};
use super::task::{Controller, Key, Task};
use std::collections::BTreeSet;

/// Finds the work after a change. `rows` hold the state after it; `old` and `new` are the object's own rows.
pub(super) fn concerned(rows: &Rows, old: Option<&Row>, new: Option<&Row>) -> BTreeSet<Task> {
    let mut found = Found { rows, tasks: BTreeSet::new() };
    let Some(row) = new.or(old) else { return found.tasks };
    found.itself(row, new.is_some());
    found.owners(old, new);
    found.garbage(old, new);
    found.namespace(row, new.is_some());
    found.definition(row);
    if row.pod.is_some() {
        found.pod(old, new);
    }
    match row.key.kind.as_str() {
        "EndpointSlice" => found.service_of_slice(row),
        "Endpoints" => found.endpoints_of(&Key::new("v1", "Service", &row.key.namespace, &row.key.name)),
        "ReplicaSet" if new.is_some_and(|r| r.controller().is_none()) => {
            found.adopters(row, &[("Deployment", Controller::Deployment)]);
        }
        _ => {}
    }
    found.tasks
}

/// The controller that looks after objects of a kind.
fn looks_after(key: &Key) -> Option<Controller> {
    Some(match (key.api_version.as_str(), key.kind.as_str()) {
        ("apps/v1", "Deployment") => Controller::Deployment,
        ("apps/v1", "ReplicaSet") => Controller::ReplicaSet,
        ("apps/v1", "StatefulSet") => Controller::StatefulSet,
        ("apps/v1", "DaemonSet") => Controller::DaemonSet,
        ("batch/v1", "Job") => Controller::Job,
        ("v1", "Namespace") => Controller::Namespace,
        ("v1", "Node") => Controller::Node,
        ("v1", "PersistentVolumeClaim" | "PersistentVolume") => Controller::Claim,
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition") => Controller::Definition,
        ("v1", "Service") => Controller::Endpoints,
        ("policy/v1", "PodDisruptionBudget") => Controller::Budget,
        ("v1" | "events.k8s.io/v1", "Event") => Controller::Events,
        _ => return None,
    })
}

struct Found<'a> {
    rows: &'a Rows,
    tasks: BTreeSet<Task>,
}

impl Found<'_> {
    fn add(&mut self, controller: Controller, key: &Key) {
        self.tasks.insert(Task { controller, key: key.clone() });
    }

    fn endpoints_of(&mut self, service: &Key) {
        self.add(Controller::Endpoints, service);
    }

    fn itself(&mut self, row: &Row, there: bool) {
        match looks_after(&row.key) {
            // The Endpoints of a Service outlive it, a Job's pods wait for it, and the sandbox's node comes back.
            Some(c) if there || matches!(c, Controller::Endpoints | Controller::Job | Controller::Node) => {
                self.add(c, &row.key);
            }
            _ => {}
        }
        if there && let Some(pod) = &row.pod {
            let next = if pod.node.is_empty() { Controller::Scheduler } else { Controller::Kubelet };
            self.add(next, &row.key);
        }
    }

    /// The controllers of the object, before and after.
    fn owners(&mut self, old: Option<&Row>, new: Option<&Row>) {
        for row in old.into_iter().chain(new) {
            let Some(owner) = row.controller() else { continue };
            let key = Key::new(&owner.api_version, &owner.kind, &row.key.namespace, &owner.name);
            let Some(controller) = looks_after(&key) else { continue };
            self.add(controller, &key);
            // A Deployment that recreates waits for the pods of its old ReplicaSets to go.
            if row.pod.is_some()
                && new.is_none()
                && let Some(above) = self.rows.get(&owner.uid).and_then(Row::controller)
            {
                let above = Key::new(&above.api_version, &above.kind, &row.key.namespace, &above.name);
                if looks_after(&above) == Some(Controller::Deployment) {
                    self.add(Controller::Deployment, &above);
                }
            }
        }
    }

    /// Workloads of the namespace that select an object without a controller.
    fn adopters(&mut self, row: &Row, kinds: &[(&str, Controller)]) {
        for (kind, controller) in kinds {
            let selects = |r: &&Row| r.selector.as_ref().is_some_and(|s| s.matches(&row.labels));
            let keys: Vec<Key> = self
                .rows
                .of_kind("apps/v1", kind, &row.key.namespace)
                .into_iter()
                .filter(selects)
                .map(|r| r.key.clone())
                .collect();
            keys.iter().for_each(|key| self.add(*controller, key));
        }
    }

    fn pod(&mut self, old: Option<&Row>, new: Option<&Row>) {
        if let Some(row) = new.filter(|r| r.controller().is_none()) {
            self.adopters(
                row,
                &[
                    ("ReplicaSet", Controller::ReplicaSet),
                    ("StatefulSet", Controller::StatefulSet),
                    ("DaemonSet", Controller::DaemonSet),
                ],
            );
        }
        if let Some(row) = old.filter(|_| new.is_none()) {
            let claims = row.pod.iter().flat_map(|p| &p.claims);
            let keys = claims.map(|name| Key::new("v1", "PersistentVolumeClaim", &row.key.namespace, name));
            keys.for_each(|key| self.add(Controller::Claim, &key));
        }
        let serves =
            |r: &Row| r.pod.as_ref().map(|p| (p.address.clone(), p.ready, r.deleting, p.unfinished()));
        let same = old.map(|r| (serves(r), &r.labels)) == new.map(|r| (serves(r), &r.labels));
        for row in old.into_iter().chain(new).filter(|_| !same) {
            let services = self.rows.services_of_pod(&row.key.namespace, &row.labels);
            let keys: Vec<Key> = services.map(|r| r.key.clone()).collect();
            keys.iter().for_each(|key| self.endpoints_of(key));
            self.budgets(row);
        }
    }

    /// Budgets that cover a pod.
    fn budgets(&mut self, pod: &Row) {
        let covers = |r: &&Row| r.selector.as_ref().is_none_or(|s| s.matches(&pod.labels));
        let budgets = self.rows.of_kind("policy/v1", "PodDisruptionBudget", &pod.key.namespace);
        let keys: Vec<Key> = budgets.into_iter().filter(covers).map(|r| r.key.clone()).collect();
        keys.iter().for_each(|key| self.add(Controller::Budget, key));
    }

    fn service_of_slice(&mut self, row: &Row) {
        if let Some(service) = row.labels.get("kubernetes.io/service-name") {
            self.endpoints_of(&Key::new("v1", "Service", &row.key.namespace, service));
        }
    }

    fn namespace(&mut self, row: &Row, there: bool) {
        let key = Key::new("v1", "Namespace", "", &row.key.namespace);
        let furniture = matches!(
            (row.key.kind.as_str(), row.key.name.as_str()),
            ("ServiceAccount", "default") | ("ConfigMap", "kube-root-ca.crt")
        );
        let going = self.rows.at(&key).is_some_and(|n| n.deleting);
        if going || (furniture && !there) {
            self.add(Controller::Namespace, &key);
        }
    }

    /// A definition that goes waits for its objects.
    fn definition(&mut self, row: &Row) {
        if let Some(definition) = self.rows.definition_going(row.key.group(), &row.key.kind) {
            self.add(Controller::Definition, &definition.key.clone());
        }
    }

    /// What the collector has to look at again.
    fn garbage(&mut self, old: Option<&Row>, new: Option<&Row>) {
        let doubtful = |row: &Row, o: &Owner| match self.rows.get(&o.uid) {
            Some(owner) => {
                let home = &owner.key.namespace;
                owner.waits_for_dependents() || (!home.is_empty() && *home != row.key.namespace)
            }
            None => true,
        };
        if let Some(row) = new
            && (row.waits_for_dependents()
                || (row.deleting && row.orphaning)
                || row.owners.iter().any(|o| doubtful(row, o)))
        {
            self.add(Controller::Garbage, &row.key);
        }
        let gone_or_going = new.is_none_or(Row::waits_for_dependents);
        if gone_or_going && let Some(row) = new.or(old) {
            let keys: Vec<Key> = self.rows.owned_by(&row.uid).map(|r| r.key.clone()).collect();
            keys.iter().for_each(|key| self.add(Controller::Garbage, key));
        }
        // An owner may be waiting for this object to go, or to stop holding it.
        for owner in old.map(|r| r.owners.as_slice()).unwrap_or_default() {
            let waits = |r: &&Row| r.deleting && (r.foreground || r.orphaning);
            let waiting = self.rows.get(&owner.uid).filter(waits).map(|r| r.key.clone());
            if let Some(key) = waiting {
                self.add(Controller::Garbage, &key);
            }
        }
    }
}
