//! Decides what a watch tells and when: the state it begins with, changes, selector transitions, bookmarks, its end.
//! It never loses or repeats a change, and never blocks the server: it reads the history at its own pace.

use super::field::FieldError;
use super::read::{Selection, asked_revision};
use super::refuse::Refusal;
use super::request::{Call, Query};
use super::shape::{self, Look};
use super::shelf::{Entry, Stored, Verb};
use super::state::State;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Most changes told at once.
const BATCH: usize = 500;
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

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
    bookmarks: bool,
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
            super::object::set_field(&mut meta, "annotations", Some(end));
        }
        let kind = &self.selection.served.kind;
        let object = match self.look.form {
            super::accept::Form::Table => json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": meta, "columnDefinitions": null, "rows": []}),
            super::accept::Form::Plain => {
                json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": meta})
            }
            _ => json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}),
        };
        shape::line("BOOKMARK", &shape::bytes(&object))
    }

    /// The lines to send now: none when there is nothing to tell, `None` when the watch is over.
    fn step(&mut self, state: &mut State) -> Option<Vec<u8>> {
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
    super::object::set_meta(&mut object, "resourceVersion", Some(revision.to_string().into()));
    let mut head = (*stored.head).clone();
    head.revision = revision;
    Stored { head: Arc::new(head), bytes: shape::bytes(&object), edition: stored.edition }
}

/// A watch being read.
pub(crate) struct Stream {
    shared: super::door::Shared,
    plan: Plan,
    changes: tokio::sync::watch::Receiver<u64>,
    deadline: tokio::time::Instant,
    next_bookmark: Option<tokio::time::Instant>,
    agent: String,
}

impl Stream {
    /// Begins to read `plan`; `changes` must have been taken while the plan was made.
    #[must_use]
    pub(crate) fn new(
        shared: super::door::Shared,
        plan: Plan,
        changes: tokio::sync::watch::Receiver<u64>,
        agent: String,
    ) -> Self {
        let now = tokio::time::Instant::now();
        let deadline = now + plan.lasts;
        let next_bookmark = plan.bookmarks.then(|| bookmark_after(now, deadline)).flatten();
        Self { shared, plan, changes, deadline, next_bookmark, agent }
    }

    /// The next lines; `None` at the end of the watch.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.changes.borrow_and_update();
            match self.shared.watch_fault(&self.plan.selection.served, &self.agent) {
                super::fault::WatchFault::None => {}
                super::fault::WatchFault::Drop => return None,
                super::fault::WatchFault::Lag(time) => tokio::time::sleep(time).await,
            }
            let lines = self.shared.locked(|state| self.plan.step(state))?;
            if !lines.is_empty() {
                return Some(Bytes::from(lines));
            }
            let bookmark = self.next_bookmark.unwrap_or(self.deadline);
            tokio::select! {
                biased;
                changed = self.changes.changed() => changed.ok()?,
                () = tokio::time::sleep_until(bookmark.min(self.deadline)) => {
                    let now = tokio::time::Instant::now();
                    if now >= self.deadline {
                        return None;
                    }
                    self.next_bookmark = bookmark_after(now, self.deadline);
                    return Some(self.regular_bookmark());
                }
            }
        }
    }

    /// A bookmark at the newest revision; everything up to it has been told.
    fn regular_bookmark(&mut self) -> Bytes {
        let plan = &mut self.plan;
        let lines = self.shared.locked(|state| {
            let mut lines = plan.step(state).unwrap_or_default();
            // more changes than one batch: the bookmark tells only as far as they were told
            let told_all =
                state.shelf(&plan.selection.served).since(plan.at, 1).is_some_and(|e| e.is_empty());
            if told_all {
                plan.at = plan.at.max(state.revision);
            }
            lines.extend(plan.bookmark(plan.at, false));
            lines
        });
        Bytes::from(lines)
    }
}

/// Bookmarks come every minute, and once more two seconds before the end.
fn bookmark_after(now: tokio::time::Instant, deadline: tokio::time::Instant) -> Option<tokio::time::Instant> {
    let last = deadline.checked_sub(Duration::from_secs(2))?;
    let next = (now + BOOKMARK_EVERY).min(last);
    (next > now).then_some(next)
}
