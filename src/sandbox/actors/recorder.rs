//! Decides which Events are written and which are only counted up, as Kubernetes' own recorder does.
//! It never decides what is worth an Event.

use super::object::{micro_stamp, name, put, stamp, uid};
use super::task::{Action, Controller, Errand, Key, Task};
use crate::base::json::{count, text};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// After this many different messages of one reason within [`WINDOW`], the rest is told in one Event.
const MOST_MESSAGES: usize = 10;
/// How long messages of one reason belong together, in seconds.
const WINDOW: i64 = 600;

/// Whether an Event is good or bad news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    Normal,
    Warning,
}

/// The object an Event is about.
#[derive(Clone, Debug)]
pub(super) struct Regarding {
    key: Key,
    uid: String,
    version: String,
    field: String,
}

impl Regarding {
    pub(super) fn object(object: &Value) -> Self {
        Self {
            key: Key::of(object),
            uid: uid(object).to_owned(),
            version: text(object, "/metadata/resourceVersion").to_owned(),
            field: String::new(),
        }
    }

    /// One container of a pod.
    pub(super) fn container(pod: &Value, container: &str) -> Self {
        Self { field: format!("spec.containers{{{container}}}"), ..Self::object(pod) }
    }

    fn json(&self) -> Value {
        let mut json = json!({
            "apiVersion": self.key.api_version, "kind": self.key.kind, "name": self.key.name, "uid": self.uid,
        });
        let parts = [
            ("namespace", &self.key.namespace),
            ("resourceVersion", &self.version),
            ("fieldPath", &self.field),
        ];
        for (field, value) in parts.into_iter().filter(|(_, v)| !v.is_empty()) {
            put(&mut json, &[field], json!(value));
        }
        json
    }

    /// Events about cluster-wide objects live in `default`.
    fn home(&self) -> &str {
        if self.key.namespace.is_empty() { "default" } else { &self.key.namespace }
    }
}

/// One thing to tell.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub regarding: Regarding,
    pub from: &'static str,
    pub tone: Tone,
    pub reason: &'static str,
    pub message: String,
    /// The errand that must not be refused for this to be true: who asked, for which object.
    pub after: Option<(Task, Key)>,
}

/// uid, field, component, reason: what messages must share to be told together.
type Family = (String, String, &'static str, &'static str);
type Known = (Family, String);

#[derive(Debug, Default)]
struct Recent {
    messages: BTreeSet<String>,
    last: Timestamp,
}

/// The memory of what was told.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    names: BTreeMap<Known, String>,
    recent: BTreeMap<Family, Recent>,
    waiting: Vec<(Known, Note, i64)>,
    /// Where in `waiting` something is.
    places: BTreeMap<Known, usize>,
    /// Notes whose errands are on their way.
    hoping: Vec<(Note, Timestamp)>,
    drawn: i64,
}

impl Recorder {
    /// Takes a note. It is told by the next [`Self::tell`], or by the one after if it depends on an errand.
    pub(super) fn note(&mut self, note: Note, now: Timestamp) {
        if note.after.is_some() { self.hoping.push((note, now)) } else { self.sort(note, now) }
    }

    /// The errands on their way have been performed: what depended on them may be told.
    pub(super) fn confirm(&mut self) {
        for (note, at) in std::mem::take(&mut self.hoping) {
            self.sort(note, at);
        }
    }

    /// An errand was refused: what depended on it is not true.
    pub(super) fn deny(&mut self, task: &Task, key: &Key) {
        self.hoping.retain(|(n, _)| n.after.as_ref().is_none_or(|(t, k)| t != task || k != key));
    }

    /// Whether something will be told by the next turn although nothing changes.
    pub(super) fn is_hoping(&self) -> bool {
        !self.hoping.is_empty()
    }

    fn sort(&mut self, mut note: Note, now: Timestamp) {
        let field = note.regarding.field.clone();
        let family: Family = (note.regarding.uid.clone(), field, note.from, note.reason);
        let recent = self.recent.entry(family.clone()).or_default();
        if now.duration_since(recent.last) > SignedDuration::from_secs(WINDOW) {
            recent.messages.clear();
        }
        recent.last = now;
        let mut alike = note.message.clone();
        if recent.messages.len() + 1 >= MOST_MESSAGES && !recent.messages.contains(&alike) {
            note.message = format!("(combined from similar events): {}", note.message);
            alike.clear();
        } else {
            recent.messages.insert(alike.clone());
        }
        let known = (family, alike);
        match self.places.get(&known).and_then(|at| self.waiting.get_mut(*at)) {
            Some((_, told, times)) => {
                *told = note;
                *times += 1;
            }
            None => {
                self.places.insert(known.clone(), self.waiting.len());
                self.waiting.push((known, note, 1));
            }
        }
    }

    /// Everything noted since the last time, as writes.
    pub(super) fn tell(
        &mut self,
        now: Timestamp,
        read: &dyn Fn(&str, &str, &str, &str) -> Option<Value>,
    ) -> Vec<Errand> {
        let mut told = Vec::new();
        self.places.clear();
        for (known, note, times) in std::mem::take(&mut self.waiting) {
            let home = note.regarding.home();
            let before = self.names.get(&known).and_then(|name| read("v1", "Event", home, name));
            let action = match before {
                Some(event) => Action::Update { object: again(event, &note, times, now) },
                None => {
                    self.drawn += 1;
                    let event = first(&note, times, self.drawn, now);
                    self.names.insert(known, name(&event).to_owned());
                    Action::Create { object: event }
                }
            };
            told.push(Errand { task: Task { controller: Controller::Events, key: action.key() }, action });
        }
        told
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&mut self, uid: &str) {
        let family = || (uid.to_owned(), String::new(), "", "");
        let gone: Vec<Known> = self
            .names
            .range((family(), String::new())..)
            .map(|(k, _)| k)
            .take_while(|k| k.0.0 == uid)
            .cloned()
            .collect();
        gone.iter().for_each(|k| drop(self.names.remove(k)));
        let gone: Vec<Family> =
            self.recent.range(family()..).map(|(k, _)| k).take_while(|k| k.0 == uid).cloned().collect();
        gone.iter().for_each(|k| drop(self.recent.remove(k)));
    }
}

fn again(mut event: Value, note: &Note, times: i64, now: Timestamp) -> Value {
    let counted = count(&event, "/count") + times;
    put(&mut event, &["count"], json!(counted));
    put(&mut event, &["lastTimestamp"], stamp(now));
    put(&mut event, &["message"], json!(note.message));
    event
}

fn first(note: &Note, times: i64, drawn: i64, now: Timestamp) -> Value {
    let nanos = now.as_nanosecond().saturating_add(i128::from(drawn));
    let event_name = format!("{}.{nanos:x}", note.regarding.key.name);
    let mut event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": event_name, "namespace": note.regarding.home()},
        "involvedObject": note.regarding.json(),
        "type": match note.tone { Tone::Normal => "Normal", Tone::Warning => "Warning" },
        "reason": note.reason, "message": note.message, "reportingInstance": "",
        "reportingComponent": note.from, "source": {"component": note.from},
        "firstTimestamp": stamp(now), "lastTimestamp": stamp(now), "count": times, "eventTime": null,
    });
    if note.from == "kubelet" {
        put(&mut event, &["source", "host"], json!(super::NODE));
        put(&mut event, &["reportingInstance"], json!(super::NODE));
    }
    // The scheduler writes the newer kind of Event: a moment and an action in place of a count.
    if note.from == "default-scheduler" {
        let newer = json!({
            "eventTime": micro_stamp(now), "action": "Binding", "source": {}, "count": null,
            "firstTimestamp": null, "lastTimestamp": null, "reportingInstance": "default-scheduler-sandbox",
        });
        for (field, value) in newer.as_object().into_iter().flatten() {
            put(&mut event, &[field], value.clone());
        }
        super::object::take(&mut event, &["count"]);
    }
    event
}
