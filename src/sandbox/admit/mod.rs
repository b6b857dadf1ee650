//! Decides whether a write is allowed and what the server itself puts into an object: admission and validation.
//! It never stores and never decides in which order the checks run.

pub mod metadata;
pub mod pod;

use super::field::FieldError;
use super::object::{meta, text};
use super::refuse::{Cause, Refusal};
use super::request::Writer;
use super::served::Served;
use super::state::State;
use super::write::Place;
use serde_json::Value;

/// Refuses new objects in a namespace that does not exist or is going.
///
/// # Errors
/// 404 or 403 with a real server's text.
pub fn namespace(state: &State, place: &Place, object: &Value) -> Result<(), Refusal> {
    if !place.served.kind.namespaced {
        return Ok(());
    }
    let missing = || Refusal::not_found("", "namespaces", &place.namespace);
    let namespaces = state.kinds.named("v1", "Namespace").ok_or_else(missing)?;
    let found = state.stored(&namespaces, "", &place.namespace).ok_or_else(missing)?;
    if found.head.fields.get("status.phase").is_none_or(|p| p != "Terminating") {
        return Ok(());
    }
    let kind = &place.served.kind;
    let name = if place.name.is_empty() { meta(object, "name") } else { &place.name };
    let why = format!(
        "unable to create new content in namespace {} because it is being terminated",
        place.namespace
    );
    let mut refusal = Refusal::forbidden(&kind.group, &kind.plural, name, &why);
    if let Some(details) = &mut refusal.details {
        details.causes.push(Cause {
            reason: "NamespaceTerminating".to_owned(),
            message: format!("namespace {} is being terminated", place.namespace),
            field: "metadata.namespace".to_owned(),
        });
    }
    Err(refusal)
}

/// Refuses to delete what must stay.
///
/// # Errors
/// 403.
pub fn deletion(place: &Place) -> Result<(), Refusal> {
    let immortal = matches!(place.name.as_str(), "default" | "kube-system" | "kube-public");
    if place.served.is("", "Namespace") && immortal {
        return Err(Refusal::forbidden("", "namespaces", &place.name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// Puts into an object what admission plugins put there.
///
/// # Errors
/// 403 for a reference that leads nowhere.
pub fn mutate(
    _state: &State,
    _served: &Served,
    _object: &mut Value,
    _live: Option<&Value>,
) -> Result<(), Refusal> {
    Ok(())
}

/// Gives a Service its addresses and ports.
///
/// # Errors
/// 422 for an address or port that is taken or outside the range.
pub fn allocate(
    _state: &mut State,
    _served: &Served,
    _object: &mut Value,
    _live: Option<&Value>,
) -> Result<(), Refusal> {
    Ok(())
}

/// The faults of a new object.
#[must_use]
pub fn check_create(_state: &State, served: &Served, object: &Value, _w: &mut Writer) -> Vec<FieldError> {
    let mut errors = metadata::check(served, object);
    if !served.is_built_in() && text(object, "/metadata/name").is_empty() {
        errors.dedup();
    }
    errors
}

/// The faults of a changed object.
#[must_use]
pub fn check_update(
    _state: &State,
    place: &Place,
    object: &Value,
    live: &Value,
    _w: &mut Writer,
) -> Vec<FieldError> {
    let mut errors = metadata::check(&place.served, object);
    errors.extend(metadata::check_change(object, live));
    errors
}
