//! Decides what a watch tells: the state it begins with, changes, selector transitions, bookmarks.
//! It never loses or repeats a change, and never waits for one; `stream` does.

use super::accept::Form;
use super::field::FieldError;
use super::object;
use super::read::{Selection, asked_revision};
use super::refuse::Refusal;
use super::request::{Call, Query};
use super::shape::{self, Look};
use super::shelf::{Entry, Stored, Verb};
use super::state::State;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Most changes told at once.
const BATCH: usize = 500;

/// A watch on its way.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What is watched.
    pub selection: Selection,
    /// Form of the events.
    pub look: Look,
    /// Lines to send before anything else.
    first: Vec<u8>,
    /// The newest revision told.
    at: u64,
    /// The watch ends after what is in `first`.
    ends: bool,
    /// Whether bookmarks are told.
    pub bookmarks: bool,
    columns: bool,
    /// How long it lasts.
    pub lasts: Duration,
}

fn check(q: &Query) -> Result<(), Refusal> {
    let matching = q.text("resourceVersionMatch");
    let initial = q.get("sendInitialEvents").is_some();
    let path = "resourceVersionMatch";
    let mut errors = Vec::new();
    if initial && matching != "NotOlderThan" {
        let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(FieldError::forbidden(path, detail));
    }
    if !matching.is_empty() {
        if !initial {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(path, detail));
        }
        if matching != "NotOlderThan" {
            errors.push(FieldError::not_supported(path, matching, &["NotOlderThan"]));
        }
        if !q.text("continue").is_empty() {
            let detail = "resourceVersionMatch is forbidden when continue is provided";
            errors.push(FieldError::forbidden(path, detail));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::invalid("meta.k8s.io", "ListOptions", "", &errors)) }
}

impl State {
    /// Opens a watch.
    ///
    /// # Errors
    /// 400 and 422 for options that make no sense. A revision no longer kept is told inside the watch.
    pub(crate) fn watch(&mut self, selection: Selection, call: &Call, look: Look) -> Result<Plan, Refusal> {
        let q = &call.query;
        check(q)?;
        let asked = asked_revision(q)?.unwrap_or(0);
        let initial = q.flag("sendInitialEvents").unwrap_or(asked == 0);
        let seconds = q.number("timeoutSeconds")?.and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0);
        // as a real server: half an hour to an hour unless the client says otherwise
        let lasts = Duration::from_secs(seconds.unwrap_or_else(|| 1800 + self.chance.below(1800)));
        let current = self.revision;
        let mut plan = Plan {
            selection,
            look,
            first: Vec::new(),
            at: if asked == 0 { current } else { asked },
            ends: false,
            bookmarks: q.flag("allowWatchBookmarks").unwrap_or(false),
            columns: true,
            lasts,
        };
        if initial {
            if asked > current {
                plan.fail(&Refusal::too_large_revision(asked, current));
                return Ok(plan);
            }
            plan.begin(self);
        } else if asked != 0 {
            let kept = self.shelf(&plan.selection.served).compacted();
            if asked < kept {
                plan.fail(&Refusal::expired(format!("too old resource version: {asked} ({kept})")));
            }
        }
        Ok(plan)
    }
}

impl Plan {
    fn begin(&mut self, state: &mut State) {
        let revision = state.revision;
        let shelf = state.shelf(&self.selection.served);
        let now: Vec<Stored> = shelf
            .range(&self.selection.prefix, None)
            .filter(|(_, s)| self.selection.means(s))
            .map(|(_, s)| s.clone())
            .collect();
        for stored in &now {
            let line = self.tell("ADDED", stored);
            self.first.extend_from_slice(&line);
        }
        if self.bookmarks {
            let line = self.bookmark(revision, true);
            self.first.extend_from_slice(&line);
        }
        self.at = revision;
    }

    fn fail(&mut self, refusal: &Refusal) {
        self.first = shape::line("ERROR", &shape::bytes(&refusal.body()));
        self.ends = true;
    }

    fn tell(&mut self, kind: &str, stored: &Stored) -> Vec<u8> {
        let line = shape::event(kind, &self.selection.served, stored, self.look, self.columns);
        self.columns = false;
        line
    }

    fn bookmark(&self, revision: u64, initial_end: bool) -> Vec<u8> {
        let mut meta = json!({ "resourceVersion": revision.to_string() });
        if initial_end {
            let end = json!({"k8s.io/initial-events-end": "true"});
            object::set_field(&mut meta, "annotations", Some(end));
        }
        let kind = &self.selection.served.kind;
        let object = match self.look.form {
            Form::Table => json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": meta, "columnDefinitions": null, "rows": []}),
            Form::Plain => {
                json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": meta})
            }
            _ => json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}),
        };
        shape::line("BOOKMARK", &shape::bytes(&object))
    }

    /// The lines to send now: none when there is nothing to tell, `None` when the watch is over.
    pub(crate) fn step(&mut self, state: &mut State) -> Option<Vec<u8>> {
        let mut out = std::mem::take(&mut self.first);
        if self.ends {
            return (!out.is_empty()).then_some(out);
        }
        // a watch that fell behind what is kept ends, and its client lists anew
        let entries = state.shelf(&self.selection.served).since(self.at, BATCH)?;
        self.look.now = state.clock.now();
        for entry in &entries {
            self.at = entry.revision;
            if entry.key.starts_with(&self.selection.prefix) {
                out.extend(self.change(entry));
            }
        }
        Some(out)
    }

    /// What there still is to tell, and a bookmark behind it.
    pub(crate) fn catch_up(&mut self, state: &mut State) -> Vec<u8> {
        let mut lines = self.step(state).unwrap_or_default();
        // more changes than one batch: the bookmark tells only as far as they were told
        let told_all = state.shelf(&self.selection.served).since(self.at, 1).is_some_and(|e| e.is_empty());
        if told_all {
            self.at = self.at.max(state.revision);
        }
        lines.extend(self.bookmark(self.at, false));
        lines
    }

    fn change(&mut self, entry: &Entry) -> Vec<u8> {
        let is = |stored: &Stored| self.selection.means(stored);
        let was = entry.before.as_ref().is_some_and(is);
        match (entry.verb, was, is(&entry.now)) {
            (Verb::Added, _, true) | (Verb::Modified, false, true) => self.tell("ADDED", &entry.now),
            (Verb::Modified, true, true) => self.tell("MODIFIED", &entry.now),
            (Verb::Deleted, true, _) => self.tell("DELETED", &entry.now),
            (Verb::Modified, true, false) => {
                let last = entry.before.as_ref().map(|b| at_revision(b, entry.revision));
                last.map(|last| self.tell("DELETED", &last)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

/// `stored` with the revision of the change that took it out of a selection.
fn at_revision(stored: &Stored, revision: u64) -> Stored {
    let mut object: Value = serde_json::from_slice(&stored.bytes).unwrap_or_default();
    object::set_meta(&mut object, "resourceVersion", Some(revision.to_string().into()));
    let mut head = (*stored.head).clone();
    head.revision = revision;
    Stored { head: Arc::new(head), bytes: shape::bytes(&object), edition: stored.edition }
}
