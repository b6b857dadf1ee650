//! Decides how an object that came from outside is made to fit its kind: unknown fields, defaults, stored form.
//! It never checks values; validation comes after it.

use super::events;
use super::refuse::Refusal;
use super::request::Writer;
use super::served::Served;
use serde_json::Value;

/// Makes a decoded body or a patched object fit its kind.
///
/// # Errors
/// 400 for fields the kind does not have, when the writer is strict.
pub fn body(served: &Served, object: &mut Value, _w: &mut Writer) -> Result<(), Refusal> {
    if served.kind.group == "events.k8s.io" {
        events::to_core(object);
    }
    Ok(())
}
