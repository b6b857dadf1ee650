//! Decides how the parts of an object with an endpoint of their own are read and written: status, scale, eviction,
//! binding, finalize, logs. It never decides what a change means for the object; `write` does.

use super::accept;
use super::apply;
use super::decode;
use super::delete::DeleteOptions;
use super::field::FieldError;
use super::kept;
use super::media;
use super::object::{self, meta};
use super::patch;
use super::place::Place;
use super::refuse::Refusal;
use super::reply::Reply;
use super::request::{Call, Writer};
use super::route::{Ask, Target};
use super::served::{Scale, Served};
use super::shape::{self, Look};
use super::shelf::Stored;
use super::state::State;
use super::table::Include;
use super::verbs;
use super::write::Change;
use crate::api::selector::Labels;
use crate::base::json::{self, number, text};
use serde_json::{Value, json};

/// Answers a request about a subresource.
///
/// # Errors
/// Whatever a real server refuses; 404 for subresources the kind does not have.
pub(crate) fn answer(state: &mut State, target: &Target, call: &Call) -> Result<Reply, Refusal> {
    let place = Place::of(target);
    let served = &target.served;
    match (target.sub.as_str(), target.ask) {
        ("status", ask) if served.manners.status => whole(state, &place, call, ask),
        ("scale", ask) => match &served.scale {
            Some(scale) => scale_of(state, &place, scale, call, ask),
            None => Err(Refusal::no_resource()),
        },
        ("finalize", Ask::Update) if served.is("", "Namespace") => finalize(state, &place, call),
        ("eviction", Ask::Create) if served.is("", "Pod") => evict(state, &place, call),
        ("binding", Ask::Create) if served.is("", "Pod") => bind(state, &place, call),
        ("log", Ask::Get) if served.is("", "Pod") => log(state, &place),
        ("ephemeralcontainers" | "resize", ask) if served.is("", "Pod") => whole(state, &place, call, ask),
        _ => Err(Refusal::no_resource()),
    }
}

/// A subresource that shows the whole object.
fn whole(state: &mut State, place: &Place, call: &Call, ask: Ask) -> Result<Reply, Refusal> {
    let look =
        Look { form: accept::choose(&call.accept)?, include: Include::Metadata, now: state.clock.now() };
    match ask {
        Ask::Get => {
            let stored =
                state.stored(&place.served, &place.namespace, &place.name).ok_or_else(|| place.missing())?;
            Ok(Reply::bytes(200, shape::one(&place.served, stored, look)))
        }
        Ask::Update => {
            let mut w = Writer::new(call, "UpdateOptions", state.clock.now())?;
            let (stored, _) = verbs::put(state, place, call, &mut w)?;
            Ok(verbs::shown(place, &stored, look, 200, w))
        }
        Ask::Patch => {
            let (stored, _, w) = verbs::patch_object(state, place, call)?;
            Ok(verbs::shown(place, &stored, look, 200, w))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// The Scale object of `parent`.
fn scale_object(served: &Served, scale: &Scale, parent: &Value) -> Value {
    let selector = scale.selector.as_deref().and_then(|p| parent.pointer(p));
    let selector = match selector {
        Some(Value::String(text)) => text.clone(),
        Some(map @ Value::Object(_)) if served.is("", "ReplicationController") => {
            Labels::from_map(&json::texts(map, "")).text()
        }
        Some(object) => Labels::from_object(object).text(),
        None => String::new(),
    };
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = parent.pointer(&format!("/metadata/{field}")) {
            object::set_field(&mut metadata, field, Some(value.clone()));
        }
    }
    let mut spec = json!({});
    if let Some(replicas) = number(parent, &scale.spec_replicas).filter(|n| *n != 0) {
        object::set_field(&mut spec, "replicas", Some(replicas.into()));
    }
    let mut status = json!({"replicas": number(parent, &scale.status_replicas).unwrap_or(0)});
    if !selector.is_empty() {
        object::set_field(&mut status, "selector", Some(selector.into()));
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status})
}

fn scale_of(
    state: &mut State,
    place: &Place,
    scale: &Scale,
    call: &Call,
    ask: Ask,
) -> Result<Reply, Refusal> {
    let served = &place.served;
    if ask == Ask::Get {
        let stored = state.stored(served, &place.namespace, &place.name).ok_or_else(|| place.missing())?;
        return Ok(Reply::json(200, &scale_object(served, scale, &kept::value(served, stored))));
    }
    let kind = match ask {
        Ask::Update => "UpdateOptions",
        Ask::Patch => "PatchOptions",
        _ => return Err(Refusal::method_not_allowed()),
    };
    if ask == Ask::Patch {
        check_scale_patch(call)?;
    }
    let mut w = Writer::new(call, kind, state.clock.now())?;
    let sent = if ask == Ask::Update { Some(decode::body(call, served)?) } else { None };
    let mut make = |live: Option<&Value>, w: &mut Writer| {
        let live = live.ok_or_else(|| place.missing())?;
        let mut old = scale_object(served, scale, live);
        apply::scale_managers(scale, live, &mut old);
        let new = if ask == Ask::Patch && call.content_type == media::APPLY {
            apply::server_side_scale(&old, &call.body, w)?
        } else {
            let mut new = match &sent {
                Some(sent) => sent.clone(),
                None => patch::plain(call, &old)?,
            };
            object::set_field(&mut new, "apiVersion", old.get("apiVersion").cloned());
            apply::record_scale(&old, &mut new, w);
            new
        };
        let mut object = rescaled(place, scale, live, &new)?;
        apply::take_scale_managers(scale, &mut object, &new);
        Ok(object)
    };
    let whole = Place { sub: "scale".to_owned(), ..place.clone() };
    let written = state.update(&whole, Change { make: &mut make, creates: false, uid: None }, &mut w)?;
    let parent = kept::value(served, &written.stored);
    Ok(Reply { warnings: w.warnings, ..Reply::json(200, &scale_object(served, scale, &parent)) })
}

fn check_scale_patch(call: &Call) -> Result<(), Refusal> {
    let taken = [media::JSON_PATCH, media::MERGE_PATCH, media::STRATEGIC_PATCH, media::APPLY];
    if taken.contains(&call.content_type.as_str()) {
        return Ok(());
    }
    Err(Refusal::unsupported_media_type(&taken))
}

/// The parent with the replicas of a Scale object.
fn rescaled(place: &Place, scale: &Scale, live: &Value, new: &Value) -> Result<Value, Refusal> {
    let refuse = |error: FieldError| Err(Refusal::invalid("autoscaling", "Scale", &place.name, &[error]));
    if meta(new, "name") != place.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            meta(new, "name"),
            place.name
        )));
    }
    let replicas = number(new, "/spec/replicas").unwrap_or(0);
    if replicas < 0 {
        let detail = "must be greater than or equal to 0";
        return refuse(FieldError::invalid("spec.replicas", replicas, detail));
    }
    let uid = meta(new, "uid");
    if !uid.is_empty() && uid != meta(live, "uid") {
        let live_uid = meta(live, "uid");
        return Err(place.conflict(&super::prepare::uid_mismatch(place, uid, live_uid)));
    }
    let mut object = live.clone();
    let revision = meta(new, "resourceVersion");
    if !revision.is_empty() {
        object::set_meta(&mut object, "resourceVersion", Some(revision.into()));
    }
    set_pointer(&mut object, &scale.spec_replicas, replicas.into());
    Ok(object)
}

/// Sets the value at a pointer, making the objects on the way.
fn set_pointer(object: &mut Value, pointer: &str, value: Value) {
    let mut here = object;
    for key in pointer.split('/').skip(1) {
        here = object::as_fields(here).entry(key).or_insert(Value::Null);
    }
    *here = value;
}

fn finalize(state: &mut State, place: &Place, call: &Call) -> Result<Reply, Refusal> {
    let mut w = Writer::new(call, "UpdateOptions", state.clock.now())?;
    let sent = decode::body(call, &place.served)?;
    patch::same_name(place, &sent)?;
    let finalizers = sent.pointer("/spec/finalizers").cloned().unwrap_or_else(|| json!([]));
    let revision = meta(&sent, "resourceVersion").to_owned();
    let mut make = |live: Option<&Value>, _w: &mut Writer| {
        let mut object = live.ok_or_else(|| place.missing())?.clone();
        if !revision.is_empty() {
            object::set_meta(&mut object, "resourceVersion", Some(revision.as_str().into()));
        }
        let spec = object::fields_mut(&mut object, "spec");
        if finalizers.as_array().is_some_and(Vec::is_empty) {
            spec.remove("finalizers");
        } else {
            spec.insert("finalizers".to_owned(), finalizers.clone());
        }
        Ok(object)
    };
    let written = state.update(place, Change { make: &mut make, creates: false, uid: None }, &mut w)?;
    Ok(Reply::bytes(200, shape::document(&place.served, &written.stored)))
}

/// Refuses an eviction that a budget forbids; otherwise deletes the Pod.
fn evict(state: &mut State, place: &Place, call: &Call) -> Result<Reply, Refusal> {
    let sent = decode::body(call, &place.served)?;
    if !meta(&sent, "name").is_empty() && meta(&sent, "name") != place.name {
        return Err(Refusal::bad_request("name in URL does not match name in Eviction object"));
    }
    let pod = Place { sub: String::new(), ..place.clone() };
    let stored =
        state.stored(&pod.served, &pod.namespace, &pod.name).cloned().ok_or_else(|| pod.missing())?;
    let options = eviction_options(&sent);
    let live = kept::value(&pod.served, &stored);
    let counts = !matches!(text(&live, "/status/phase"), "Succeeded" | "Failed" | "Pending");
    let counts = counts && !object::is_deleting(&live);
    if counts && let Some((budget, object)) = budget_of(state, &stored) {
        use_budget(state, &budget, object, &pod.name, options.dry_run)?;
    }
    state.delete(&pod, &options)?;
    Ok(Reply::json(
        201,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "code": 201}),
    ))
}

fn eviction_options(sent: &Value) -> DeleteOptions {
    let options = sent.get("deleteOptions").unwrap_or(&Value::Null);
    DeleteOptions {
        grace: number(options, "/gracePeriodSeconds"),
        uid: options.pointer("/preconditions/uid").and_then(Value::as_str).map(str::to_owned),
        revision: options
            .pointer("/preconditions/resourceVersion")
            .and_then(Value::as_str)
            .map(str::to_owned),
        dry_run: !json::list(options, "/dryRun").is_empty(),
        ..DeleteOptions::default()
    }
}

/// The disruption budget that covers a Pod.
fn budget_of(state: &State, pod: &Stored) -> Option<(Place, Value)> {
    let served = state.kinds.named("policy/v1", "PodDisruptionBudget")?;
    let prefix = format!("{}/", pod.head.namespace);
    let found =
        state.look(&served)?.range(&prefix, None).map(|(_, s)| kept::value(&served, s)).find(|budget| {
            let selector = budget.pointer("/spec/selector").unwrap_or(&Value::Null);
            !selector.is_null() && Labels::from_object(selector).matches(&pod.head.labels)
        })?;
    let place = Place {
        served,
        namespace: pod.head.namespace.clone(),
        name: meta(&found, "name").to_owned(),
        sub: "status".to_owned(),
    };
    Some((place, found))
}

fn use_budget(
    state: &mut State,
    place: &Place,
    mut budget: Value,
    pod: &str,
    dry_run: bool,
) -> Result<(), Refusal> {
    let allowed = number(&budget, "/status/disruptionsAllowed").unwrap_or(0);
    if allowed <= 0 {
        let (healthy, wanted) = (
            number(&budget, "/status/currentHealthy").unwrap_or(0),
            number(&budget, "/status/desiredHealthy").unwrap_or(0),
        );
        let message = format!(
            "The disruption budget {} needs {wanted} healthy pods and has {healthy} currently",
            place.name
        );
        let mut refusal = Refusal::too_many_requests(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            0,
        );
        if let Some(details) = &mut refusal.details {
            let reason = "DisruptionBudget".to_owned();
            details.causes.push(super::refuse::Cause { reason, message, field: String::new() });
        }
        return Err(refusal);
    }
    if dry_run {
        return Ok(());
    }
    let now = state.now();
    let status = object::fields_mut(&mut budget, "status");
    status.insert("disruptionsAllowed".to_owned(), (allowed - 1).into());
    let disrupted = status.entry("disruptedPods").or_insert_with(|| json!({}));
    object::set_field(disrupted, pod, Some(now.into()));
    let mut make = |_: Option<&Value>, _: &mut Writer| Ok(budget.clone());
    let mut w = Writer::inside("kube-apiserver", state.clock.now());
    state.update(place, Change { make: &mut make, creates: false, uid: None }, &mut w)?;
    Ok(())
}

fn bind(state: &mut State, place: &Place, call: &Call) -> Result<Reply, Refusal> {
    let sent = decode::body(call, &place.served)?;
    let node = text(&sent, "/target/name").to_owned();
    let now = state.now();
    let mut w = Writer::new(call, "CreateOptions", state.clock.now())?;
    let mut make = |live: Option<&Value>, _w: &mut Writer| {
        let mut pod = live.ok_or_else(|| place.missing())?.clone();
        let bound = text(&pod, "/spec/nodeName").to_owned();
        if !bound.is_empty() {
            return Err(Refusal::conflict(
                "",
                "pods/binding",
                &place.name,
                &format!(
                    "pod {} is already assigned to node {}",
                    place.name,
                    crate::base::go_text::quote(&bound)
                ),
            ));
        }
        object::fields_mut(&mut pod, "spec").insert("nodeName".to_owned(), node.as_str().into());
        super::crd::set_condition(&mut pod, "PodScheduled", "True", "", "", &now);
        trim_condition(&mut pod);
        Ok(pod)
    };
    let whole = Place { sub: "binding".to_owned(), ..place.clone() };
    state.update(&whole, Change { make: &mut make, creates: false, uid: None }, &mut w)?;
    Ok(Reply::json(
        201,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "code": 201}),
    ))
}

/// A condition of a Pod has no empty reason or message.
fn trim_condition(pod: &mut Value) {
    let Some(Value::Array(all)) = pod.pointer_mut("/status/conditions") else { return };
    for condition in all {
        for field in ["reason", "message"] {
            if text(condition, &format!("/{field}")).is_empty() {
                object::set_field(condition, field, None);
            }
        }
    }
}

fn log(state: &mut State, place: &Place) -> Result<Reply, Refusal> {
    if state.stored(&place.served, &place.namespace, &place.name).is_none() {
        return Err(place.missing());
    }
    Ok(Reply::text(200, format!("{}/{}: a pretended container writes no log\n", place.namespace, place.name)))
}
