//! Decides what an event looks like as an object of the cluster, and what is changed of it when it happens again.
//! It never decides whether it is told.

use crate::api::event::Event;
use crate::api::names;
use crate::api::time::Time;
use crate::api::write::{Patch, Target, Write};
use crate::logic::correlator::{About, Told};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

const VERSION: &str = "v1";
const KIND: &str = "Event";

/// An event that waits to be recorded, not yet an object: thousands may wait.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    /// The object it is about.
    pub(crate) about: About,
    /// What is said.
    pub(crate) event: Event,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// Tells its name from those of others about the same object.
    pub(crate) stamp: u64,
}

/// The namespace of Events about `about`.
fn namespace(about: &Target) -> &str {
    if about.namespace.is_empty() { "default" } else { &about.namespace }
}

/// An Event as the cluster stores it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: Metadata<'a>,
    involved_object: Involved<'a>,
    reason: &'a str,
    message: &'a str,
    r#type: &'a str,
    source: Source,
    reporting_component: &'a str,
    reporting_instance: &'a str,
    first_timestamp: Time,
    last_timestamp: Time,
    count: u32,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    namespace: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Involved<'a> {
    api_version: &'a str,
    kind: &'a str,
    name: &'a str,
    namespace: &'a str,
    uid: &'a str,
    resource_version: &'a str,
}

#[derive(Serialize)]
struct Source {
    component: &'static str,
}

/// Which object the Event is, and its JSON.
pub(crate) fn created(happened: &Happened, told: &Told) -> (Target, Vec<u8>) {
    let (about, uid) = &happened.about;
    let object = Object {
        api_version: VERSION,
        kind: KIND,
        metadata: Metadata { name: &told.name, namespace: namespace(about) },
        involved_object: Involved {
            api_version: &about.api_version,
            kind: &about.kind,
            name: &about.name,
            namespace: &about.namespace,
            uid,
            resource_version: "",
        },
        reason: &happened.event.reason,
        message: &told.message,
        r#type: if happened.event.warning { "Warning" } else { "Normal" },
        source: Source { component: names::EVENT_COMPONENT },
        reporting_component: names::EVENT_COMPONENT,
        reporting_instance: "",
        first_timestamp: Time::of(told.first),
        last_timestamp: Time::of(happened.at),
        count: told.count,
    };
    (target(about, told), serde_json::to_vec(&object).unwrap_or_default())
}

/// Counts the Event on.
pub(crate) fn counted(happened: &Happened, told: &Told) -> Write {
    let patch = json!({
        "count": told.count, "lastTimestamp": Time::of(happened.at), "message": told.message,
    });
    Write::Patch {
        target: target(&happened.about.0, told),
        subresource: "",
        patch: Patch::Strategic(patch),
        expect: None,
    }
}

fn target(about: &Target, told: &Told) -> Target {
    Target::new(VERSION, KIND, namespace(about), &told.name)
}
