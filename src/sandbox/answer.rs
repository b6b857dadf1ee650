//! Decides which handler answers a request, and gathers what it says into a reply.
//! It never waits: everything here happens while the state is locked.

use super::accept::{self, Form};
use super::apply;
use super::decode;
use super::delete::{self, DeleteOptions};
use super::object;
use super::patch;
use super::read::Selection;
use super::refuse::Refusal;
use super::request::{Call, Writer};
use super::route::{Ask, Target};
use super::shape::{self, Include, Look};
use super::shelf::Stored;
use super::state::State;
use super::watch::Plan;
use super::write::{Change, Place};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// The media type of most answers.
pub(crate) const JSON: &str = "application/json";

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// HTTP status.
    pub code: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Body.
    pub body: Bytes,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
    /// Seconds for `Retry-After`; 0 says nothing.
    pub retry_after: u32,
}

impl Reply {
    /// A JSON document.
    #[must_use]
    pub(crate) fn json(code: u16, value: &Value) -> Self {
        Self::bytes(code, shape::bytes(value))
    }

    /// JSON text.
    #[must_use]
    pub(crate) fn bytes(code: u16, body: Bytes) -> Self {
        Self { code, content_type: JSON, body, warnings: Vec::new(), retry_after: 0 }
    }

    /// Plain text.
    #[must_use]
    pub(crate) fn text(code: u16, text: impl Into<String>) -> Self {
        Self { content_type: "text/plain; charset=utf-8", ..Self::bytes(code, Bytes::from(text.into())) }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let retry_after = refusal.details.as_ref().map_or(0, |d| d.retry_after);
        Self { retry_after, ..Self::json(refusal.code, &refusal.body()) }
    }
}

/// An answer: a whole one, or a watch.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Everything is known now.
    Whole(Reply),
    /// More is told as it happens.
    Watch(Box<Plan>),
}

/// How the answer to `call` shall look.
fn look(state: &State, call: &Call) -> Result<Look, Refusal> {
    let include = match call.query.text("includeObject") {
        "" | "Metadata" => Include::Metadata,
        "Object" => Include::Object,
        "None" => Include::None,
        other => {
            return Err(Refusal::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {}: must be 'Metadata', \
                 'Object', 'None', or empty",
                crate::base::go_text::quote(other)
            )));
        }
    };
    Ok(Look { form: accept::choose(&call.accept)?, include, now: state.clock.now() })
}

/// Answers a request about objects.
///
/// # Errors
/// Whatever a real server refuses.
pub(crate) fn objects(state: &mut State, target: &Target, call: &Call) -> Result<Answer, Refusal> {
    if !target.sub.is_empty() {
        return super::subresource::answer(state, target, call).map(Answer::Whole);
    }
    let look = look(state, call)?;
    let place = place(target);
    let whole = match target.ask {
        Ask::Get => get(state, &place, call, look)?,
        Ask::List => {
            let selection = Selection::new(target, call)?;
            let page = state.list(&selection, &call.query)?;
            Reply::bytes(200, shape::list(&target.served, &page, look))
        }
        Ask::Watch => {
            let selection = Selection::new(target, call)?;
            return Ok(Answer::Watch(Box::new(state.watch(selection, call, look)?)));
        }
        Ask::Create => create(state, &place, call, look)?,
        Ask::Update => {
            let mut w = Writer::new(call, "UpdateOptions", state.clock.now())?;
            let written = put(state, &place, call, &mut w)?;
            shown(&place, &written.0, look, if written.1 { 201 } else { 200 }, w)
        }
        Ask::Patch => {
            let (stored, created, w) = patch_object(state, &place, call)?;
            shown(&place, &stored, look, if created { 201 } else { 200 }, w)
        }
        Ask::Delete => remove(state, &place, call, look)?,
        Ask::DeleteCollection => remove_all(state, target, call, look)?,
    };
    Ok(Answer::Whole(whole))
}

/// The place a target names.
#[must_use]
pub(crate) fn place(target: &Target) -> Place {
    Place {
        served: Arc::clone(&target.served),
        namespace: target.namespace.clone(),
        name: target.name.clone(),
        sub: target.sub.clone(),
    }
}

fn get(state: &mut State, place: &Place, call: &Call, look: Look) -> Result<Reply, Refusal> {
    let asked = super::read::asked_revision(&call.query)?.unwrap_or(0);
    if asked > state.revision {
        return Err(Refusal::too_large_revision(asked, state.revision));
    }
    let stored = state.stored(&place.served, &place.namespace, &place.name).ok_or_else(|| place.missing())?;
    Ok(Reply::bytes(200, shape::one(&place.served, stored, look)))
}

/// The reply that shows a written object.
#[must_use]
pub(crate) fn shown(place: &Place, stored: &Stored, look: Look, code: u16, w: Writer) -> Reply {
    Reply { warnings: w.warnings, ..Reply::bytes(code, shape::one(&place.served, stored, look)) }
}

/// The object in the body of a create or update, fit for its kind.
fn decoded(state: &State, place: &Place, call: &Call, w: &mut Writer) -> Result<Value, Refusal> {
    let mut object = decode::body(call, &place.served)?;
    decode::kind(&state.kinds, &place.served, &mut object)?;
    let is_json = call.content_type != "application/yaml";
    super::fit::body(&place.served, object, is_json.then_some(&call.body), w)
}

fn create(state: &mut State, place: &Place, call: &Call, look: Look) -> Result<Reply, Refusal> {
    let mut w = Writer::new(call, "CreateOptions", state.clock.now())?;
    let object = decoded(state, place, call, &mut w)?;
    let stored = state.create(place, object, &mut w)?;
    Ok(shown(place, &stored, look, 201, w))
}

/// Replaces an object or one of its subresources; also says whether it is new.
///
/// # Errors
/// Whatever a real server refuses.
pub(crate) fn put(
    state: &mut State,
    place: &Place,
    call: &Call,
    w: &mut Writer,
) -> Result<(Stored, bool), Refusal> {
    let mut object = decoded(state, place, call, w)?;
    super::write::take_namespace(&mut object, &place.namespace)?;
    patch::same_name(place, &object)?;
    let uid = Some(object::meta(&object, "uid").to_owned());
    let mut make = |live: Option<&Value>, w: &mut Writer| {
        let mut object = object.clone();
        apply::record_manager(place, live, &mut object, w);
        Ok(object)
    };
    let written = state.update(place, Change { make: &mut make, creates: false, uid }, w)?;
    Ok((written.stored, written.created))
}

/// Patches an object or one of its subresources; also says whether it is new.
///
/// # Errors
/// Whatever a real server refuses.
pub(crate) fn patch_object(
    state: &mut State,
    place: &Place,
    call: &Call,
) -> Result<(Stored, bool, Writer), Refusal> {
    patch::check(call, &place.served)?;
    let mut w = Writer::new(call, "PatchOptions", state.clock.now())?;
    let mut make = |live: Option<&Value>, w: &mut Writer| {
        let mut object = patch::apply(place, call, live, w)?;
        super::write::take_namespace(&mut object, &place.namespace)?;
        patch::same_name(place, &object)?;
        Ok(object)
    };
    let creates = call.content_type == patch::APPLY;
    let written = state.update(place, Change { make: &mut make, creates, uid: None }, &mut w)?;
    Ok((written.stored, written.created, w))
}

fn remove(state: &mut State, place: &Place, call: &Call, look: Look) -> Result<Reply, Refusal> {
    let options = DeleteOptions::new(call)?;
    let done = state.delete(place, &options)?;
    let code = if !done.gone && options.orphan == Some(false) { 202 } else { 200 };
    if done.shows_object {
        return Ok(Reply::bytes(code, shape::one(&place.served, &done.stored, look)));
    }
    Ok(Reply::json(code, &delete::success(&place.served, &done.stored)))
}

fn remove_all(state: &mut State, target: &Target, call: &Call, look: Look) -> Result<Reply, Refusal> {
    let selection = Selection::new(target, call)?;
    let options = DeleteOptions::new(call)?;
    let page = state.list(&selection, &call.query)?;
    for stored in &page.items {
        let place = Place { name: stored.head.name.clone(), ..place(target) };
        match state.delete(&place, &options) {
            Err(refusal) if refusal.reason != "NotFound" => return Err(refusal),
            _ => {}
        }
    }
    let look = Look { form: if look.form == Form::Table { Form::Table } else { look.form }, ..look };
    Ok(Reply::bytes(200, shape::list(&target.served, &page, look)))
}
