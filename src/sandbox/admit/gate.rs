//! Decides what is refused before anyone looks at an object's fields: new objects where no namespace takes them, and
//! deletions of what must stay. It never looks at the fields of a kind.

use crate::object::meta;
use crate::place::Place;
use crate::refuse::{Cause, Refusal};
use crate::state::State;
use serde_json::Value;

/// Refuses new objects in a namespace that does not exist or is going.
///
/// # Errors
/// 404 or 403 with a real server's text.
pub(crate) fn namespace(state: &State, place: &Place, object: &Value) -> Result<(), Refusal> {
    if !place.served.kind.namespaced {
        return Ok(());
    }
    let missing = || Refusal::not_found("", "namespaces", &place.namespace);
    let namespaces = state.kinds.named("v1", "Namespace").ok_or_else(missing)?;
    let found = state.stored(&namespaces, "", &place.namespace).ok_or_else(missing)?;
    if found.head.fields.get("status.phase").is_none_or(|p| p != "Terminating") {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {} because it is being terminated",
        place.namespace
    );
    let mut refusal = refused(place, object, &why);
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
pub(crate) fn deletion(place: &Place) -> Result<(), Refusal> {
    let immortal = matches!(place.name.as_str(), "default" | "kube-system" | "kube-public");
    if place.served.is("", "Namespace") && immortal {
        return Err(Refusal::forbidden("", "namespaces", &place.name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// 403 by an admission plugin.
pub(super) fn refused(place: &Place, object: &Value, why: &str) -> Refusal {
    let kind = &place.served.kind;
    let names = [&place.name, meta(object, "name"), meta(object, "generateName"), "Unknown"];
    let name = names.into_iter().find(|n| !n.is_empty()).unwrap_or_default();
    Refusal::forbidden(&kind.group, &kind.plural, name, why)
}
