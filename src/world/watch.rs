//! Decides how changes of a kind are followed: list, watch, resume, and start over when the server forgets.
//! It never keeps the objects.

use crate::api::kinds::Kind;
use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::gvk::GroupVersionKind;
use kube::runtime::watcher;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;
use tokio::sync::mpsc;

/// Objects of one page of a list.
const PAGE: u32 = 250;
/// Shortest and longest wait after an error.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// An object as a watch brings it: everything but managed fields.
#[derive(Clone, Debug)]
pub struct Seen {
    meta: ObjectMeta,
    /// The object.
    pub value: Value,
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.remove("managedFields");
        }
        let text = |p: &str| value.pointer(p).and_then(Value::as_str).map(str::to_owned);
        let meta = ObjectMeta {
            name: text("/metadata/name"),
            namespace: text("/metadata/namespace"),
            uid: text("/metadata/uid"),
            resource_version: text("/metadata/resourceVersion"),
            ..ObjectMeta::default()
        };
        Ok(Self { meta, value })
    }
}

impl kube::Resource for Seen {
    type DynamicType = ApiResource;
    type Scope = <DynamicObject as kube::Resource>::Scope;

    fn kind(dt: &ApiResource) -> Cow<'_, str> {
        dt.kind.as_str().into()
    }
    fn group(dt: &ApiResource) -> Cow<'_, str> {
        dt.group.as_str().into()
    }
    fn version(dt: &ApiResource) -> Cow<'_, str> {
        dt.version.as_str().into()
    }
    fn api_version(dt: &ApiResource) -> Cow<'_, str> {
        dt.api_version.as_str().into()
    }
    fn plural(dt: &ApiResource) -> Cow<'_, str> {
        dt.plural.as_str().into()
    }
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

/// What a watch tells.
#[derive(Clone, Debug)]
pub enum News {
    /// The object is there, new or changed.
    Present(Value),
    /// The object is gone.
    Gone(Value),
    /// A list begins; what it does not bring is gone.
    ListBegins,
    /// The list is complete.
    ListEnds,
    /// The watch is troubled and will try again.
    Trouble {
        /// The status code with which the cluster refused; 0 when it did not answer.
        code: u16,
        /// What happened, in words.
        why: String,
    },
}

/// What is followed.
#[derive(Clone, Debug)]
pub struct Interest {
    /// The kind.
    pub kind: Kind,
    /// One namespace, or all.
    pub namespace: Option<String>,
    /// Label selector; empty for all.
    pub labels: String,
    /// Only the object of this name; empty for all.
    pub name: String,
}

/// Follows `interest` until the receiver is gone. Every message carries the kind's name.
pub async fn follow(
    client: Client,
    interest: Interest,
    news: mpsc::Sender<(&'static str, News)>,
    name: &'static str,
) {
    let kind = &interest.kind;
    let gvk = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, &kind.plural);
    let api: Api<Seen> = match interest.namespace.as_deref().filter(|_| kind.namespaced) {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let mut config = watcher::Config::default().page_size(PAGE);
    if !interest.labels.is_empty() {
        config = config.labels(&interest.labels);
    }
    if !interest.name.is_empty() {
        config = config.fields(&format!("metadata.name={}", interest.name));
    }
    let mut stream = Box::pin(watcher(api, config));
    let mut wait = WAITS.0;
    while let Some(event) = stream.next().await {
        let message = match event {
            Ok(event) => {
                wait = WAITS.0;
                match event {
                    watcher::Event::Apply(seen) | watcher::Event::InitApply(seen) => {
                        News::Present(seen.value)
                    }
                    watcher::Event::Delete(seen) => News::Gone(seen.value),
                    watcher::Event::Init => News::ListBegins,
                    watcher::Event::InitDone => News::ListEnds,
                }
            }
            Err(error) => {
                let trouble = News::Trouble { code: status_of(&error), why: error.to_string() };
                if news.send((name, trouble)).await.is_err() {
                    return;
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(WAITS.1);
                continue;
            }
        };
        if news.send((name, message)).await.is_err() {
            return;
        }
    }
}

/// The status code with which the cluster refused a list or a watch; 0 when it did not answer.
fn status_of(error: &watcher::Error) -> u16 {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.code,
        _ => 0,
    }
}
