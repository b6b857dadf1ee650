//! Decides how a deletion runs: preconditions, grace, finalizers, what is left for the garbage collector.
//! It never collects dependents; actors do, by the markers it leaves.

use super::admit;
use super::field::FieldError;
use super::kept;
use super::media;
use super::object::{self, meta};
use super::place::Place;
use super::propagation::Propagation;
use super::refuse::Refusal;
use super::request::{Call, wrong_dry_run};
use super::served::Served;
use super::shelf::Stored;
use super::state::State;
use crate::base::json;
use serde_json::{Value, json};

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// The options of a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeleteOptions {
    /// Seconds between asking and going, for kinds that go gracefully (Pods).
    pub grace: Option<i64>,
    /// What happens to dependents.
    pub propagation: Option<Propagation>,
    /// The older way to say it: `true` orphans.
    pub orphan: Option<bool>,
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The revision the object must have.
    pub revision: Option<String>,
    /// Nothing is deleted.
    pub dry_run: bool,
}

impl DeleteOptions {
    /// Reads the options from the body, or from the query when there is no body.
    ///
    /// # Errors
    /// 400 for a body that is none, 422 for options that do not exist or do not go together.
    pub(crate) fn new(call: &Call) -> Result<Self, Refusal> {
        let options = if call.body.is_empty() { Self::from_query(call)? } else { read_body(call)? };
        let text = |field: &str| options.get(field).and_then(Value::as_str).map(str::to_owned);
        let mut errors = Vec::new();
        let orphan = options.get("orphanDependents").and_then(Value::as_bool);
        let policy = text("propagationPolicy");
        if let (Some(_), Some(policy)) = (orphan, &policy) {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(FieldError::invalid("propagationPolicy", policy.as_str(), detail));
        }
        let propagation = match policy.as_deref() {
            None => None,
            Some(word) => {
                let named = Propagation::named(word);
                if named.is_none() {
                    let known = ["Foreground", "Background", "Orphan", "nil"];
                    errors.push(FieldError::not_supported("propagationPolicy", word, &known));
                }
                named
            }
        };
        let dry: Vec<&str> = json::list(&options, "/dryRun").iter().filter_map(Value::as_str).collect();
        errors.extend(wrong_dry_run(&dry));
        if !errors.is_empty() {
            return Err(Refusal::invalid("meta.k8s.io", "DeleteOptions", "", &errors));
        }
        let precondition = |field: &str| {
            options.pointer(&format!("/preconditions/{field}")).and_then(Value::as_str).map(str::to_owned)
        };
        Ok(Self {
            grace: json::number(&options, "/gracePeriodSeconds").map(|g| if g < 0 { 1 } else { g }),
            propagation,
            orphan,
            uid: precondition("uid"),
            revision: precondition("resourceVersion"),
            dry_run: !dry.is_empty(),
        })
    }

    fn from_query(call: &Call) -> Result<Value, Refusal> {
        let q = &call.query;
        let mut options = json!({ "dryRun": q.all("dryRun") });
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                object::set_field(&mut options, key, Some(value));
            }
        };
        put("gracePeriodSeconds", q.number("gracePeriodSeconds")?.map(Value::from));
        put("propagationPolicy", q.get("propagationPolicy").map(Value::from));
        put("orphanDependents", q.flag("orphanDependents").map(Value::from));
        Ok(options)
    }
}

fn read_body(call: &Call) -> Result<Value, Refusal> {
    match call.content_type.as_str() {
        "" | media::JSON | media::YAML => {}
        media::PROTOBUF => return Err(super::decode::protobuf()),
        _ => return Err(Refusal::unsupported_media_type(media::OFFERED)),
    }
    let bad =
        |why: String| Refusal::bad_request(format!("couldn't get version/kind; json parse error: {why}"));
    let body: Value = serde_json::from_slice(&call.body).map_err(|e| bad(super::decode::go_error(&e)))?;
    if !body.is_object() {
        return Err(bad(super::decode::not_an_object(&body)));
    }
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
    if !text("kind").is_empty() && text("kind") != "DeleteOptions" {
        return Err(Refusal::bad_request(super::decode::not_registered(text("kind"), text("apiVersion"))));
    }
    Ok(body)
}

/// What a deletion left behind.
#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    /// The object as it is now, or its last state.
    pub stored: Stored,
    /// Whether the answer is the object, or only the news that it is gone.
    pub shows_object: bool,
    /// Whether it is gone.
    pub gone: bool,
}

impl State {
    /// Deletes the object at `place`, or marks it as being deleted.
    ///
    /// # Errors
    /// 404, 409 for a precondition that does not hold, 403 for what may not be deleted.
    pub(crate) fn delete(&mut self, place: &Place, options: &DeleteOptions) -> Result<Deleted, Refusal> {
        let served = &place.served;
        let Some(stored) = self.stored(served, &place.namespace, &place.name).cloned() else {
            return Err(place.missing());
        };
        let live = kept::current(served, &stored);
        let is_emptied_first =
            served.is("", "Namespace") || served.is("apiextensions.k8s.io", "CustomResourceDefinition");
        if is_emptied_first && let Some(done) = self.begin_delete(place, options, &stored, &live)? {
            return Ok(done);
        }
        preconditions(place, options, &live)?;
        admit::deletion(place)?;
        let returns = served.manners.returns_deleted;
        let mut object = live.clone();
        let graceful = match grace(served, &mut object, options, self) {
            Grace::Pending => return Ok(Deleted { stored, shows_object: returns, gone: false }),
            Grace::Until(seconds) => Some(seconds),
            Grace::None => None,
        };
        let finalizers = finalizers_for_collector(served, &live, options);
        object::set_meta_texts(&mut object, "finalizers", &finalizers);
        if graceful.is_some() || !finalizers.is_empty() {
            if graceful.is_none() {
                self.mark(&mut object);
            }
            let marked = self.change(served, &stored, live, object.clone(), options.dry_run);
            if !finalizers.is_empty() || graceful.is_some_and(|s| s > 0) {
                return Ok(Deleted { stored: marked, shows_object: true, gone: false });
            }
            return Ok(self.take_away(served, marked, options, returns));
        }
        Ok(self.take_away(served, stored, options, returns))
    }

    fn take_away(
        &mut self,
        served: &Served,
        stored: Stored,
        options: &DeleteOptions,
        returns: bool,
    ) -> Deleted {
        if options.dry_run {
            return Deleted { stored, shows_object: returns, gone: true };
        }
        let object = kept::read(served, &stored);
        let last = self.remove(served, stored, object.clone());
        self.after_removal(served, &object);
        Deleted { stored: last, shows_object: returns, gone: true }
    }

    /// Stores `object` unless nothing has changed or this is a dry run.
    fn change(
        &mut self,
        served: &Served,
        stored: &Stored,
        live: Value,
        object: Value,
        dry_run: bool,
    ) -> Stored {
        if object == live {
            return stored.clone();
        }
        if dry_run {
            return kept::write(served, stored.head.revision, &object);
        }
        let stored = self.put(served, object, Some((stored.clone(), live)));
        self.after(served, &stored);
        stored
    }

    /// Writes the moment of deletion into an object that waits for its finalizers.
    fn mark(&self, object: &mut Value) {
        let now = self.now();
        if !object::is_deleting(object) {
            raise_generation(object);
        }
        let at = meta(object, "deletionTimestamp");
        if at.is_empty() || at > now.as_str() {
            object::set_meta(object, "deletionTimestamp", Some(now.into()));
        }
        object::set_meta(object, "deletionGracePeriodSeconds", Some(0.into()));
    }

    /// The first step of deleting a namespace or a definition: it is marked, and others empty it.
    fn begin_delete(
        &mut self,
        place: &Place,
        options: &DeleteOptions,
        stored: &Stored,
        live: &Value,
    ) -> Result<Option<Deleted>, Refusal> {
        let failed = |what: &str, asked: &str, found: &str| {
            place.conflict(&format!(
                "Precondition failed: {what} in precondition: {asked}, {what} in object meta: {found}"
            ))
        };
        if let Some(uid) = options.uid.as_deref().filter(|u| *u != stored.head.uid) {
            return Err(failed("UID", uid, &stored.head.uid));
        }
        let revision = stored.head.revision.to_string();
        if let Some(asked) = options.revision.as_deref().filter(|r| *r != revision) {
            return Err(failed("ResourceVersion", asked, &revision));
        }
        let served = &place.served;
        let is_namespace = served.is("", "Namespace");
        if object::is_deleting(live) {
            let waits = is_namespace && !json::list(live, "/spec/finalizers").is_empty();
            return Ok(waits.then(|| Deleted { stored: stored.clone(), shows_object: true, gone: false }));
        }
        admit::deletion(place)?;
        let mut object = live.clone();
        object::set_meta(&mut object, "deletionTimestamp", Some(self.now().into()));
        if is_namespace {
            object::fields_mut(&mut object, "status").insert("phase".to_owned(), "Terminating".into());
            let kept = namespace_finalizers(live, options);
            object::set_meta_texts(&mut object, "finalizers", &kept);
        } else {
            super::crd::mark_terminating(&mut object, &self.now());
        }
        let stored = self.change(served, stored, live.clone(), object, options.dry_run);
        Ok(Some(Deleted { stored, shows_object: true, gone: false }))
    }
}

fn raise_generation(object: &mut Value) {
    if let Some(generation) = json::number(object, "/metadata/generation").filter(|g| *g > 0) {
        object::set_meta(object, "generation", Some((generation + 1).into()));
    }
}

fn preconditions(place: &Place, options: &DeleteOptions, live: &Value) -> Result<(), Refusal> {
    let kind = &place.served.kind;
    let conflict = |why: String| Refusal::conflict(&kind.group, &kind.kind, &place.name, &why);
    let (uid, revision) = (meta(live, "uid"), meta(live, "resourceVersion"));
    if let Some(asked) = options.uid.as_deref().filter(|u| *u != uid) {
        return Err(conflict(format!(
            "the UID in the precondition ({asked}) does not match the UID in record ({uid}). The object might have \
             been deleted and then recreated"
        )));
    }
    if let Some(asked) = options.revision.as_deref().filter(|r| *r != revision) {
        return Err(conflict(format!(
            "the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record \
             ({revision}). The object might have been modified"
        )));
    }
    Ok(())
}

enum Grace {
    /// The kind goes at once.
    None,
    /// The object is going already, and nothing changes about it.
    Pending,
    /// The object goes after so many seconds; the moment is written into it.
    Until(i64),
}

/// How gracefully `object` goes; only Pods do.
fn grace(served: &Served, object: &mut Value, options: &DeleteOptions, state: &State) -> Grace {
    if !served.is("", "Pod") {
        return Grace::None;
    }
    let now = state.clock.now();
    if object::is_deleting(object) {
        let current = json::number(object, "/metadata/deletionGracePeriodSeconds").unwrap_or(0);
        return match options.grace {
            _ if current == 0 => Grace::None,
            Some(asked) if asked < current => {
                let due: jiff::Timestamp = meta(object, "deletionTimestamp").parse().unwrap_or(now);
                let sooner = due - jiff::SignedDuration::from_secs(current - asked);
                let (due, period) = if sooner < now { (now, asked.min(1)) } else { (sooner, asked) };
                set_grace(object, due, period);
                Grace::Until(period)
            }
            _ => Grace::Pending,
        };
    }
    let own = json::number(object, "/spec/terminationGracePeriodSeconds").unwrap_or(0);
    let ended = matches!(json::text(object, "/status/phase"), "Failed" | "Succeeded");
    let unbound = json::text(object, "/spec/nodeName").is_empty();
    let period = if ended || unbound { 0 } else { options.grace.unwrap_or(own) };
    set_grace(object, now + jiff::SignedDuration::from_secs(period), period);
    raise_generation(object);
    Grace::Until(period)
}

fn set_grace(object: &mut Value, due: jiff::Timestamp, period: i64) {
    object::set_meta(object, "deletionTimestamp", Some(object::time(due).into()));
    object::set_meta(object, "deletionGracePeriodSeconds", Some(period.into()));
}

/// The finalizers after a deletion was asked for: the garbage collector's own two follow the options.
fn finalizers_for_collector(served: &Served, live: &Value, options: &DeleteOptions) -> Vec<String> {
    let old = object::meta_texts(live, "finalizers");
    let has = |name: &str| old.iter().find(|f| *f == ORPHAN || *f == FOREGROUND).is_some_and(|f| f == name);
    let collects = served.kind.kind != "Event";
    let orphan = collects
        && match (options.orphan, options.propagation) {
            (Some(orphan), _) => orphan,
            (None, Some(policy)) => policy == Propagation::Orphan,
            (None, None) => has(ORPHAN) || (served.manners.orphans_by_default && !has(FOREGROUND)),
        };
    let foreground = collects
        && match (options.orphan, options.propagation) {
            (Some(_), _) => false,
            (None, Some(policy)) => policy == Propagation::Foreground,
            (None, None) => has(FOREGROUND),
        };
    let mut kept: Vec<String> = old.iter().filter(|f| *f != ORPHAN && *f != FOREGROUND).cloned().collect();
    kept.extend(orphan.then(|| ORPHAN.to_owned()));
    kept.extend(foreground.then(|| FOREGROUND.to_owned()));
    let (mut a, mut b) = (old.clone(), kept.clone());
    a.sort();
    b.sort();
    // the same set keeps its order
    if a == b { old } else { kept }
}

fn namespace_finalizers(live: &Value, options: &DeleteOptions) -> Vec<String> {
    let old = object::meta_texts(live, "finalizers");
    let wanted = |name: &str, orphan: bool| match (options.orphan, options.propagation) {
        (Some(asked), _) => asked == orphan,
        (None, Some(policy)) => policy == if orphan { Propagation::Orphan } else { Propagation::Foreground },
        (None, None) => old.iter().any(|f| f == name),
    };
    let mut kept: Vec<String> = old.iter().filter(|f| *f != ORPHAN && *f != FOREGROUND).cloned().collect();
    for (name, orphan) in [(ORPHAN, true), (FOREGROUND, false)] {
        if wanted(name, orphan) {
            kept.push(name.to_owned());
        }
    }
    kept
}

/// The `metav1.Status` that tells of a deletion without showing the object.
#[must_use]
pub(crate) fn success(served: &Served, stored: &Stored) -> Value {
    let details = super::refuse::Details {
        name: stored.head.name.clone(),
        group: served.kind.group.clone(),
        kind: served.kind.plural.clone(),
        uid: stored.head.uid.clone(),
        ..Default::default()
    };
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details.body()})
}
