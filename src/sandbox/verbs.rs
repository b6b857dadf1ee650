//! Decides how each verb is carried out on an object, or on a subresource that shows the whole of it.
//! It never decides what a change means for the object; `write`, `patch` and `delete` do.

use super::accept;
use super::apply;
use super::decode;
use super::delete::{self, DeleteOptions};
use super::fit;
use super::media;
use super::object;
use super::patch;
use super::place::Place;
use super::read::{Selection, asked_revision};
use super::refuse::Refusal;
use super::reply::Reply;
use super::request::{Call, Writer};
use super::route::Target;
use super::shape::{self, Look};
use super::shelf::Stored;
use super::state::State;
use super::table::Include;
use super::write::{Change, take_namespace};
use crate::base::go_text::quote;
use serde_json::Value;

/// How the answer to `call` shall look.
///
/// # Errors
/// 400 for a table that nobody knows, 406 when no accepted form can be given.
pub(crate) fn look(state: &State, call: &Call) -> Result<Look, Refusal> {
    let include = match call.query.text("includeObject") {
        "" | "Metadata" => Include::Metadata,
        "Object" => Include::Object,
        "None" => Include::None,
        other => {
            return Err(Refusal::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {}: must be 'Metadata', \
                 'Object', 'None', or empty",
                quote(other)
            )));
        }
    };
    Ok(Look { form: accept::choose(&call.accept)?, include, now: state.clock.now() })
}

/// Shows one object.
///
/// # Errors
/// 404, 504 for a revision that is still to come.
pub(crate) fn get(state: &mut State, place: &Place, call: &Call, look: Look) -> Result<Reply, Refusal> {
    let asked = asked_revision(&call.query)?.unwrap_or(0);
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
    let is_json = call.content_type != media::YAML;
    fit::body(&place.served, object, is_json.then_some(&call.body), w)
}

/// Creates the object in the body.
///
/// # Errors
/// Whatever a real server refuses.
pub(crate) fn create(state: &mut State, place: &Place, call: &Call, look: Look) -> Result<Reply, Refusal> {
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
    take_namespace(&mut object, &place.namespace)?;
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
        take_namespace(&mut object, &place.namespace)?;
        patch::same_name(place, &object)?;
        Ok(object)
    };
    let creates = call.content_type == media::APPLY;
    let written = state.update(place, Change { make: &mut make, creates, uid: None }, &mut w)?;
    Ok((written.stored, written.created, w))
}

/// Deletes one object.
///
/// # Errors
/// Whatever a real server refuses.
pub(crate) fn remove(state: &mut State, place: &Place, call: &Call, look: Look) -> Result<Reply, Refusal> {
    let options = DeleteOptions::new(call)?;
    let done = state.delete(place, &options)?;
    let code = if !done.gone && options.orphan == Some(false) { 202 } else { 200 };
    if done.shows_object {
        return Ok(Reply::bytes(code, shape::one(&place.served, &done.stored, look)));
    }
    Ok(Reply::json(code, &delete::success(&place.served, &done.stored)))
}

/// Deletes every object of a selection.
///
/// # Errors
/// Whatever a real server refuses.
pub(crate) fn remove_all(
    state: &mut State,
    target: &Target,
    call: &Call,
    look: Look,
) -> Result<Reply, Refusal> {
    let selection = Selection::new(target, call)?;
    let options = DeleteOptions::new(call)?;
    let page = state.list(&selection, &call.query)?;
    for stored in &page.items {
        let place = Place { name: stored.head.name.clone(), ..Place::of(target) };
        match state.delete(&place, &options) {
            Err(refusal) if refusal.reason != "NotFound" => return Err(refusal),
            _ => {}
        }
    }
    Ok(Reply::bytes(200, shape::list(&target.served, &page, look)))
}
