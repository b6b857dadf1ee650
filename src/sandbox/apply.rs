//! Decides who owns which fields after a write, and what a server-side apply makes of an object.
//! It never stores the result; the rules of owning and merging are in `logic::merge`.

use super::decode;
use super::fit;
use super::kept;
use super::object;
use super::place::Place;
use super::refuse::{Cause, Refusal};
use super::request::{Validation, Writer};
use super::served::{Scale, Served};
use crate::api::listkeys::Schema;
use crate::base::json::text;
use crate::merge::apply::{self as merge, ApplyError, Write};
use crate::merge::fields::FieldSet;
use serde_json::Value;

fn schema(served: &Served) -> Schema {
    let kind = &served.kind;
    match &served.custom {
        Some(custom) => custom.merging(&kind.version),
        None => Schema::of(&kind.api_version(), &kind.kind).unwrap_or_else(Schema::deduced),
    }
}

/// The fields that this door leaves as they are.
fn reset(served: &Served, sub: &str) -> FieldSet {
    let kind = &served.kind;
    match (served.is_built_in(), served.manners.status, sub) {
        (true, ..) => merge::reset_fields(&kind.api_version(), &kind.kind, sub),
        (_, true, "status") => FieldSet::of(&[&["apiVersion"], &["kind"], &["metadata"], &["spec"]]),
        (_, true, "") => FieldSet::of(&[&["status"]]),
        _ => FieldSet::default(),
    }
}

fn with_write<R>(place: &Place, w: &Writer, f: impl FnOnce(&Write<'_>) -> R) -> R {
    let (schema, reset) = (schema(&place.served), reset(&place.served, &place.sub));
    f(&Write { manager: &w.manager, subresource: &place.sub, time: w.time, schema: &schema, reset: &reset })
}

/// Records in `metadata.managedFields` that the writer set what differs from `live`.
pub(crate) fn record_manager(place: &Place, live: Option<&Value>, object: &mut Value, w: &Writer) {
    let outside = |value: &Value| kept::outside(&place.served, value.clone());
    let live = live.map(outside);
    let tracked = with_write(place, w, |write| merge::track_update(live.as_ref(), &outside(object), write));
    take_managers(object, &tracked);
}

fn take_managers(object: &mut Value, tracked: &Value) {
    let managers = tracked.pointer("/metadata/managedFields").cloned();
    object::set_meta(object, "managedFields", managers);
}

/// Keeps the old times in `metadata.managedFields` when nothing else has changed.
pub(crate) fn ignore_manager_times(object: &mut Value, live: &Value) {
    let list = |value: &Value| value.pointer("/metadata/managedFields").cloned();
    if list(object) != list(live) {
        *object = merge::keep_times(live, object);
    }
}

fn refused(error: &ApplyError) -> Refusal {
    match error {
        ApplyError::Conflicts(conflicts) => {
            let cause = |c: &merge::Conflict| Cause {
                reason: "FieldManagerConflict".to_owned(),
                message: c.message(),
                field: c.field(),
            };
            Refusal::apply_conflict(conflicts.list().iter().map(cause).collect(), conflicts.to_string())
        }
        other if other.status() == 400 => Refusal::bad_request(other.to_string()),
        other => Refusal::new(other.status(), "", other.to_string()),
    }
}

fn of_kind(served: &Served, config: &Value) -> Result<(), Refusal> {
    let (version, kind) = (text(config, "/apiVersion"), text(config, "/kind"));
    if (version, kind) == (served.kind.api_version().as_str(), served.kind.kind.as_str()) {
        return Ok(());
    }
    let slash = if version.contains('/') { "" } else { "/" };
    Err(Refusal::bad_request(format!("invalid object type: {slash}{version}, Kind={kind}")))
}

/// The object that a server-side apply leads to.
///
/// # Errors
/// 400 for a configuration that cannot be read, 409 for fields owned by others.
pub(crate) fn server_side(
    place: &Place,
    body: &[u8],
    live: Option<&Value>,
    w: &mut Writer,
) -> Result<Value, Refusal> {
    let (config, doubled) = decode::apply_configuration(body)?;
    of_kind(&place.served, &config)?;
    let live = live.map(|l| kept::outside(&place.served, l.clone()));
    let applied = with_write(place, w, |write| merge::apply(live.as_ref(), &config, write, w.force));
    let applied = applied.map_err(|e| refused(&e))?;
    if let Some(why) = doubled {
        match w.validation {
            Validation::Strict => {
                return Err(Refusal::bad_request(format!("error strict decoding YAML: {why}")));
            }
            Validation::Warn => w.warn(why),
            Validation::Ignore => {}
        }
    }
    let validation = std::mem::replace(&mut w.validation, Validation::Ignore);
    let fitted = fit::body(&place.served, applied, None, w);
    w.validation = validation;
    fitted
}

fn names(scale: &Scale) -> Vec<&str> {
    scale.spec_replicas.split('/').skip(1).collect()
}

/// Gives the Scale of `parent` its owners.
pub(crate) fn scale_managers(scale: &Scale, parent: &Value, window: &mut Value) {
    let managers = merge::scale::to_scale(parent, &names(scale));
    object::set_meta(window, "managedFields", Some(managers).filter(|m| !m.is_null()));
}

fn with_scale<R>(w: &Writer, f: impl FnOnce(&Write<'_>) -> R) -> R {
    let schema = Schema::of("autoscaling/v1", "Scale").unwrap_or_else(Schema::deduced);
    let reset = FieldSet::default();
    f(&Write { manager: &w.manager, subresource: "scale", time: w.time, schema: &schema, reset: &reset })
}

/// Records who changed the Scale `old` into `new`.
pub(crate) fn record_scale(old: &Value, new: &mut Value, w: &Writer) {
    let tracked = with_scale(w, |write| merge::track_update(Some(old), new, write));
    take_managers(new, &tracked);
}

/// The Scale that a server-side apply leads to.
///
/// # Errors
/// 400 for a configuration that cannot be read, 409 for replicas owned by others.
pub(crate) fn server_side_scale(old: &Value, body: &[u8], w: &Writer) -> Result<Value, Refusal> {
    let (config, _) = decode::apply_configuration(body)?;
    with_scale(w, |write| merge::apply(Some(old), &config, write, w.force)).map_err(|e| refused(&e))
}

/// Takes the owners of a written Scale back into its parent.
pub(crate) fn take_scale_managers(scale: &Scale, parent: &mut Value, window: &Value) {
    let managers = merge::scale::to_parent(parent, window, &names(scale));
    object::set_meta(parent, "managedFields", Some(managers).filter(|m| !m.is_null()));
}
