//! A store that plays the API server for the actors: as little of it as their scenarios need.
//! It never validates and gives no defaults.

use crate::actors::{Action, Actors, Errand, Key, Options, Seen};
use crate::propagation::Propagation;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a test may refuse: the answer is reason and message.
type Refuses = Box<dyn FnMut(&Errand) -> Option<(String, String)>>;
/// What a test looks at after every change.
type Looks = Box<dyn FnMut(&BTreeMap<Key, Value>)>;

pub(super) struct World {
    pub actors: Actors,
    pub objects: BTreeMap<Key, Value>,
    pub now: Timestamp,
    pub writes: usize,
    pub reads: Rc<Cell<usize>>,
    pub refuses: Refuses,
    pub looks: Looks,
    revision: u64,
}

pub(super) fn options(seed: u64) -> Options {
    Options { seed, ..Options::default() }
}

impl World {
    /// A world with the namespace `shop`, settled.
    pub(super) fn new(options: Options) -> Self {
        let mut world = Self {
            actors: Actors::new(options),
            objects: BTreeMap::new(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            writes: 0,
            reads: Rc::default(),
            refuses: Box::new(|_| None),
            looks: Box::new(|_| ()),
            revision: 0,
        };
        world.create(json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        }));
        world.settle();
        world
    }

    fn commit(&mut self, seen: Seen, mut object: Value) -> Value {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        match seen {
            Seen::Deleted => drop(self.objects.remove(&Key::of(&object))),
            _ => drop(self.objects.insert(Key::of(&object), object.clone())),
        }
        self.actors.observe(seen, &object, self.now);
        (self.looks)(&self.objects);
        object
    }

    /// Creates an object as a user would.
    pub(super) fn create(&mut self, object: Value) -> Value {
        self.try_create(object).unwrap()
    }

    fn try_create(&mut self, mut object: Value) -> Result<Value, (String, String)> {
        let key = Key::of(&object);
        if self.objects.contains_key(&key) {
            return Err(("AlreadyExists".into(), format!("\"{}\" already exists", key.name)));
        }
        let home = self.objects.get(&Key::new("v1", "Namespace", "", &key.namespace));
        if home.is_some_and(|n| n["metadata"]["deletionTimestamp"].is_string()) {
            return Err((
                "NamespaceTerminating".into(),
                "no new content because it is being terminated".into(),
            ));
        }
        self.revision += 1;
        let meta = &mut object["metadata"];
        // A scenario may bring its own uids along: some kinds have them in their selectors.
        if !meta["uid"].is_string() {
            meta["uid"] = json!(format!("{:08x}", self.revision.wrapping_mul(0x9e37_79b9) & 0xffff_ffff));
        }
        meta["creationTimestamp"] = json!(stamp(self.now));
        meta["generation"] = json!(1);
        if key.kind == "Pod" && object.get("status").is_none() {
            object["status"] = json!({"phase": "Pending"});
        }
        Ok(self.commit(Seen::Added, object))
    }

    pub(super) fn get(&self, api: &str, kind: &str, name: &str) -> Option<&Value> {
        let home = if matches!(kind, "Namespace" | "Node") { "" } else { "shop" };
        self.objects.get(&Key::new(api, kind, home, name))
    }

    /// Changes an object as a user would: the whole of it but its status.
    pub(super) fn edit(&mut self, api: &str, kind: &str, name: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.get(api, kind, name).unwrap().clone();
        change(&mut object);
        self.replace(object, false).unwrap();
    }

    fn replace(&mut self, object: Value, status: bool) -> Result<(), (String, String)> {
        let key = Key::of(&object);
        let Some(before) = self.objects.get(&key).cloned() else {
            return Err(("NotFound".into(), format!("\"{}\" not found", key.name)));
        };
        if before["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] {
            return Err(("Conflict".into(), "the object has been modified".into()));
        }
        let mut after = if status { before.clone() } else { object.clone() };
        match (if status { &object } else { &before }).get("status") {
            Some(told) => after["status"] = told.clone(),
            None => drop(after.as_object_mut().unwrap().remove("status")),
        }
        // A Deployment's annotations may come with its status; by themselves they make a new generation.
        let deployment = key.kind == "Deployment";
        if status && deployment {
            after["metadata"]["annotations"] = object["metadata"]["annotations"].clone();
        }
        let annotated =
            deployment && !status && after["metadata"]["annotations"] != before["metadata"]["annotations"];
        if after == before {
            return Ok(());
        }
        if after["spec"] != before["spec"] || annotated {
            after["metadata"]["generation"] = json!(before["metadata"]["generation"].as_i64().unwrap() + 1);
        }
        self.put_or_remove(after);
        Ok(())
    }

    fn put_or_remove(&mut self, object: Value) {
        let empty = |v: &Value| v.as_array().is_none_or(Vec::is_empty);
        let going = object["metadata"]["deletionTimestamp"].is_string();
        let waits = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) > 0;
        let kept = object["kind"] == "Namespace" && !empty(&object["spec"]["finalizers"]);
        let gone = going && !waits && !kept && empty(&object["metadata"]["finalizers"]);
        self.commit(if gone { Seen::Deleted } else { Seen::Modified }, object);
    }

    pub(super) fn delete(&mut self, api: &str, kind: &str, name: &str, propagation: Propagation) {
        let uid = self.get(api, kind, name).unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
        let home = if kind == "Namespace" { "" } else { "shop" };
        self.remove(&Key::new(api, kind, home, name), &uid, propagation, None).unwrap();
    }

    pub(super) fn delete_cluster(&mut self, api: &str, kind: &str, name: &str) {
        let key = Key::new(api, kind, "", name);
        let uid = self.objects.get(&key).unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
        self.remove(&key, &uid, Propagation::Background, None).unwrap();
    }

    /// Writes an object's status as another component would.
    pub(super) fn tell_status(&mut self, object: Value) {
        self.replace(object, true).unwrap();
    }

    fn remove(
        &mut self,
        key: &Key,
        uid: &str,
        propagation: Propagation,
        grace: Option<u32>,
    ) -> Result<(), (String, String)> {
        let Some(mut object) = self.objects.get(key).cloned() else {
            return Err(("NotFound".into(), format!("\"{}\" not found", key.name)));
        };
        if object["metadata"]["uid"] != uid {
            return Err(("Conflict".into(), "the UID in the precondition does not match".into()));
        }
        let add = match propagation {
            Propagation::Background => None,
            Propagation::Foreground => Some("foregroundDeletion"),
            Propagation::Orphan => Some("orphan"),
        };
        if let Some(finalizer) = add {
            let mut all = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
            if !all.contains(&json!(finalizer)) {
                all.push(json!(finalizer));
            }
            object["metadata"]["finalizers"] = json!(all);
        }
        let phase = object["status"]["phase"].as_str().unwrap_or_default();
        let lives = key.kind == "Pod"
            && object["spec"]["nodeName"].is_string()
            && !matches!(phase, "Succeeded" | "Failed");
        if lives {
            let own = object["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
            object["metadata"]["deletionGracePeriodSeconds"] = json!(grace.map_or(own, i64::from));
        }
        if !object["metadata"]["deletionTimestamp"].is_string() {
            object["metadata"]["deletionTimestamp"] = json!(stamp(self.now));
        }
        self.put_or_remove(object);
        Ok(())
    }

    fn perform(&mut self, action: &Action) -> Result<(), (String, String)> {
        match action {
            Action::Create { object } => self.try_create(object.clone()).map(drop),
            Action::Update { object } => self.replace(object.clone(), false),
            Action::UpdateStatus { object } => self.replace(object.clone(), true),
            Action::Finalize { object } => self.replace(object.clone(), false),
            Action::Bind { key, node, .. } => {
                let mut pod = self.objects.get(key).cloned().ok_or(("NotFound".into(), String::new()))?;
                pod["spec"]["nodeName"] = json!(node);
                self.put_or_remove(pod);
                Ok(())
            }
            Action::Delete { key, uid, propagation, grace } => self.remove(key, uid, *propagation, *grace),
        }
    }

    /// Lets the actors act until they want nothing at this moment.
    pub(super) fn settle(&mut self) {
        for _ in 0..500 {
            let (objects, reads) = (&self.objects, self.reads.clone());
            let read = |api: &str, kind: &str, namespace: &str, name: &str| {
                reads.set(reads.get() + 1);
                objects.get(&Key::new(api, kind, namespace, name)).cloned()
            };
            let errands = self.actors.act(self.now, &read);
            let idle = errands.is_empty() && self.actors.wake().is_none_or(|at| at > self.now);
            for errand in errands {
                self.writes += 1;
                let refused = (self.refuses)(&errand);
                if let Some((reason, message)) =
                    refused.map_or_else(|| self.perform(&errand.action).err(), Some)
                {
                    self.actors.refused(&errand, &reason, &message, self.now);
                }
            }
            if idle {
                return;
            }
        }
        panic!("the actors do not settle");
    }

    /// Lets time pass, from one moment at which something is due to the next.
    pub(super) fn pass(&mut self, seconds: f64) {
        #[allow(clippy::cast_possible_truncation)]
        let end = self.now + SignedDuration::from_millis((seconds * 1000.0) as i64);
        self.settle();
        while let Some(at) = self.actors.wake().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    /// The objects of one kind in `shop`, by name.
    pub(super) fn all(&self, kind: &str) -> Vec<&Value> {
        self.objects.iter().filter(|(k, _)| k.kind == kind && k.namespace == "shop").map(|(_, o)| o).collect()
    }

    /// The Events about one object: reason, message and count, as they were first told.
    pub(super) fn told(&self, name: &str) -> Vec<(String, String, i64)> {
        let mut events: Vec<&Value> = self.all("Event");
        events.retain(|e| e["involvedObject"]["name"] == name);
        events.sort_by_key(|e| e["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap());
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        events
            .iter()
            .map(|e| (text(&e["reason"]), text(&e["message"]), e["count"].as_i64().unwrap_or(0)))
            .collect()
    }
}

pub(super) fn stamp(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).unwrap().to_string()
}

/// A ReplicaSet of pods `app: web`.
pub(super) fn replicaset(name: &str, replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]},
            },
        },
    })
}

/// A Deployment of pods `app: web`.
pub(super) fn deployment(replicas: i64) -> Value {
    let mut object = replicaset("web", replicas);
    object["kind"] = json!("Deployment");
    object["spec"]["progressDeadlineSeconds"] = json!(60);
    object
}

/// A pod that nobody owns.
pub(super) fn pod(name: &str, label: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": label}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    })
}

pub(super) fn ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
}
