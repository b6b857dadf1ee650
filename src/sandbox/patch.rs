//! Decides what a patch makes of an object: which media types a kind takes, and how each of them is applied.
//! It never stores the result.

use super::decode;
use super::object;
use super::refuse::Refusal;
use super::request::{Call, Writer};
use super::served::Served;
use super::write::Place;
use serde_json::Value;

/// RFC 6902.
pub const JSON: &str = "application/json-patch+json";
/// RFC 7396.
pub const MERGE: &str = "application/merge-patch+json";
/// Kubernetes' strategic merge patch.
pub const STRATEGIC: &str = "application/strategic-merge-patch+json";
/// Server-side apply.
pub const APPLY: &str = "application/apply-patch+yaml";

const MOST_OPERATIONS: usize = 10_000;

/// Checks that the kind takes this kind of patch.
///
/// # Errors
/// 415 with the media types it takes.
pub fn check(call: &Call, served: &Served) -> Result<(), Refusal> {
    let built_in: &[&str] = &[JSON, MERGE, STRATEGIC, APPLY];
    let custom: &[&str] = &[JSON, MERGE, APPLY];
    let taken = if served.is_built_in() { built_in } else { custom };
    if taken.contains(&call.content_type.as_str()) {
        return Ok(());
    }
    Err(Refusal::unsupported_media_type(taken))
}

/// Makes the new object from `live` (missing for a server-side apply that creates).
///
/// # Errors
/// 400 for a patch that cannot be read, 422 for one that cannot be applied, 409 for fields owned by others.
pub fn apply(place: &Place, call: &Call, live: Option<&Value>, w: &mut Writer) -> Result<Value, Refusal> {
    let live = match (live, call.content_type.as_str()) {
        (Some(live), _) => live,
        (None, APPLY) => &Value::Null,
        (None, _) => return Err(place.missing()),
    };
    let object = match call.content_type.as_str() {
        JSON => json_patch(&call.body, live)?,
        MERGE => merge_patch(&call.body, live)?,
        STRATEGIC => strategic(place, &call.body, live)?,
        _ => return server_side(place, &call.body, live, w),
    };
    Ok(object)
}

/// Applies a patch to an object without fields that others own, such as a Scale.
///
/// # Errors
/// 400 for a patch that cannot be read, 422 for one that cannot be applied.
pub fn plain(call: &Call, live: &Value) -> Result<Value, Refusal> {
    match call.content_type.as_str() {
        JSON => json_patch(&call.body, live),
        APPLY => {
            let patch = decode::yaml(&call.body)
                .map_err(|e| Refusal::bad_request(format!("error decoding YAML: {e}")))?;
            let mut object = live.clone();
            json_patch::merge(&mut object, &patch);
            Ok(object)
        }
        _ => merge_patch(&call.body, live),
    }
}

fn read(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|e| Refusal::bad_request(format!("error decoding patch: {e}")))
}

fn json_patch(body: &[u8], live: &Value) -> Result<Value, Refusal> {
    let patch: json_patch::Patch = serde_json::from_slice(body)
        .map_err(|e| Refusal::bad_request(format!("error decoding patch: {e}")))?;
    if patch.0.len() > MOST_OPERATIONS {
        let text = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            patch.0.len()
        );
        return Err(Refusal::new(413, "RequestEntityTooLarge", text));
    }
    let mut object = live.clone();
    json_patch::patch(&mut object, &patch).map_err(|_| {
        let mut refusal =
            Refusal::new(422, "Invalid", "the server rejected our request due to an error in our request");
        refusal.details = Some(Box::default());
        refusal
    })?;
    Ok(object)
}

fn merge_patch(body: &[u8], live: &Value) -> Result<Value, Refusal> {
    let patch = read(body)?;
    if !patch.is_object() {
        return Err(Refusal::bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}",
        ));
    }
    let mut object = live.clone();
    json_patch::merge(&mut object, &patch);
    Ok(object)
}

fn strategic(_place: &Place, body: &[u8], live: &Value) -> Result<Value, Refusal> {
    merge_patch(body, live)
}

fn server_side(place: &Place, body: &[u8], live: &Value, _w: &mut Writer) -> Result<Value, Refusal> {
    let patch = decode::yaml(body).map_err(|e| Refusal::bad_request(format!("error decoding YAML: {e}")))?;
    let mut object = live.clone();
    json_patch::merge(&mut object, &patch);
    if object::meta(&object, "name").is_empty() {
        object::set_meta(&mut object, "name", Some(place.name.as_str().into()));
    }
    Ok(object)
}

/// Checks that the object a patch or PUT made is still the one of the URL.
///
/// # Errors
/// 400.
pub fn same_name(place: &Place, object: &Value) -> Result<(), Refusal> {
    let name = object::meta(object, "name");
    if name.is_empty() {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            place.name
        )));
    }
    if name != place.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            place.name
        )));
    }
    let namespace = object::meta(object, "namespace");
    if !place.namespace.is_empty() && !namespace.is_empty() && namespace != place.namespace {
        return Err(Refusal::bad_request(format!(
            "the namespace of the object ({namespace}) does not match the namespace on the request ({})",
            place.namespace
        )));
    }
    Ok(())
}
