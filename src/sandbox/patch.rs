//! Decides what a patch makes of an object: which media types a kind takes, and how each of them is applied.
//! It never stores the result.

use super::decode;
use super::field::FieldError;
use super::fit::{self, Misfit};
use super::kept;
use super::media::{APPLY, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH};
use super::object;
use super::place::Place;
use super::refuse::Refusal;
use super::request::{Call, Writer};
use super::served::Served;
use super::typed::strict;
use crate::api::listkeys::Schema;
use crate::merge;
use serde_json::Value;

const MOST_OPERATIONS: usize = 10_000;

/// Checks that the kind takes this kind of patch.
///
/// # Errors
/// 415: for a kind of patch that no kind takes as a router says it, for one that only this kind does not take with
/// the media types it takes.
pub(crate) fn check(call: &Call, served: &Served) -> Result<(), Refusal> {
    let asked = call.content_type.as_str();
    if served.is_built_in() && ![JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY].contains(&asked) {
        let mut refusal = Refusal::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
        refusal.details = Some(Box::default());
        return Err(refusal);
    }
    if !served.is_built_in() && ![JSON_PATCH, MERGE_PATCH, APPLY].contains(&asked) {
        return Err(Refusal::unsupported_media_type(&[JSON_PATCH, MERGE_PATCH, APPLY]));
    }
    Ok(())
}

/// Makes the new object from `live` (missing for a server-side apply that creates), fit for its kind and with its
/// managers recorded.
///
/// # Errors
/// 400 for a patch that cannot be read, 422 for one that cannot be applied, 409 for fields owned by others.
pub(crate) fn apply(
    place: &Place,
    call: &Call,
    live: Option<&Value>,
    w: &mut Writer,
) -> Result<Value, Refusal> {
    if call.content_type == APPLY {
        return super::apply::server_side(place, &call.body, live, w);
    }
    let Some(live) = live else { return Err(place.missing()) };
    let served = &place.served;
    let shown = kept::outside(served, live.clone());
    let mut object = match call.content_type.as_str() {
        JSON_PATCH => {
            let (object, found) = json_patch(&call.body, &shown)?;
            fitted(served, object, found, w)?
        }
        MERGE_PATCH => {
            let (object, found) = merge_patch(&call.body, &shown)?;
            fitted(served, object, found, w)?
        }
        _ => strategic(served, &call.body, &shown, w)?,
    };
    super::apply::record_manager(place, Some(live), &mut object, w);
    Ok(object)
}

/// Applies a patch to an object without fields that others own, such as a Scale.
///
/// # Errors
/// 400 for a patch that cannot be read, 422 for one that cannot be applied.
pub(crate) fn plain(call: &Call, live: &Value) -> Result<Value, Refusal> {
    match call.content_type.as_str() {
        JSON_PATCH => json_patch(&call.body, live).map(|(object, _)| object),
        _ => merge_patch(&call.body, live).map(|(object, _)| object),
    }
}

/// Makes a patched object fit its kind; `found` is what a strict reader found in the patch itself.
fn fitted(served: &Served, object: Value, found: Vec<String>, w: &mut Writer) -> Result<Value, Refusal> {
    let shown = object.clone();
    fit::object(served, object, None, found, w).map_err(|m| unfit(&shown.to_string(), &m))
}

/// 422 for a patch that leads to no object of its kind.
fn unfit(shown: &str, misfit: &Misfit) -> Refusal {
    Refusal::invalid("", "", "", &[FieldError::invalid("patch", shown, &misfit.text())])
}

fn bad_patch(why: &str) -> Refusal {
    Refusal::bad_request(format!("error decoding patch: {why}"))
}

/// The patched object, and what a strict reader complains about in the patch.
fn json_patch(body: &[u8], live: &Value) -> Result<(Value, Vec<String>), Refusal> {
    let read: Value = serde_json::from_slice(body).map_err(|e| bad_patch(&decode::go_error(&e)))?;
    let Value::Array(operations) = &read else {
        let kind = object::json_type(&read);
        return Err(bad_patch(&format!(
            "json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        )));
    };
    if operations.len() > MOST_OPERATIONS {
        let count = operations.len();
        let text = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {count}"
        );
        return Err(Refusal::new(413, "RequestEntityTooLarge", text));
    }
    let mut found = Vec::new();
    for (at, operation) in operations.iter().enumerate() {
        for key in operation.as_object().into_iter().flat_map(serde_json::Map::keys) {
            if !matches!(key.as_str(), "op" | "path" | "from" | "value") {
                found.push(format!("json patch unknown field \"[{at}].{key}\""));
            }
        }
    }
    let rejected = || {
        let mut refusal =
            Refusal::new(422, "Invalid", "the server rejected our request due to an error in our request");
        refusal.details = Some(Box::default());
        refusal
    };
    let patch: json_patch::Patch = serde_json::from_value(read).map_err(|_| rejected())?;
    let mut object = live.clone();
    json_patch::patch(&mut object, &patch).map_err(|_| rejected())?;
    Ok((object, found))
}

fn merge_patch(body: &[u8], live: &Value) -> Result<(Value, Vec<String>), Refusal> {
    let patch: Value = serde_json::from_slice(body).map_err(|e| bad_patch(&decode::go_error(&e)))?;
    if patch.is_null() {
        return Err(Refusal::bad_request("Invalid JSON Patch"));
    }
    if !patch.is_object() {
        let kind = object::json_type(&patch);
        let why = format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}");
        return Err(bad_patch(&why));
    }
    Ok((merge::json::apply(live, &patch), strict::complaints(body, None)))
}

fn strategic(served: &Served, body: &[u8], live: &Value, w: &mut Writer) -> Result<Value, Refusal> {
    let patch: Value =
        serde_json::from_slice(body).map_err(|e| Refusal::bad_request(decode::go_error(&e)))?;
    if !patch.is_object() {
        let kind = object::json_type(&patch);
        let why = format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}");
        return Err(Refusal::bad_request(why));
    }
    let kind = &served.kind;
    let schema = Schema::of(&kind.api_version(), &kind.kind).unwrap_or_else(Schema::deduced);
    let merged = merge::smp::apply(live, &patch, &schema).map_err(|error| match error.status() {
        400 => Refusal::bad_request(error.to_string()),
        422 => {
            let why = error.to_string();
            unfit(&go_text(&patch), &Misfit::Type(why))
        }
        code => Refusal::new(code, "", error.to_string()),
    })?;
    let found = strict::complaints(body, None);
    fit::converted(served, merged, found, w).map_err(|m| unfit(&go_text(&patch), &m))
}

/// A value as Go prints it: `map[a:1 b:[x y]]`.
fn go_text(value: &Value) -> String {
    let join = |all: Vec<String>| all.join(" ");
    match value {
        Value::Object(all) => {
            format!("map[{}]", join(all.iter().map(|(k, v)| format!("{k}:{}", go_text(v))).collect()))
        }
        Value::Array(all) => format!("[{}]", join(all.iter().map(go_text).collect())),
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

/// Checks that the object a patch or PUT made is still the one of the URL.
///
/// # Errors
/// 400.
pub(crate) fn same_name(place: &Place, object: &Value) -> Result<(), Refusal> {
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
