//! Decides how changes of a kind are followed: list, watch, resume, and start over when the server forgets.
//! It never keeps the objects.

use crate::api::kinds::Kind;
use crate::api::object::Object;
use crate::api::raw_object::RawObject;
use crate::api::watch::News;
use crate::world::cluster::backoff::Backoff;
use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::gvk::GroupVersionKind;
use kube::runtime::watcher;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Debug;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Objects of one page of a list.
const PAGE: u32 = 250;

/// An object as a watch brings it, with what the watch itself needs of it.
#[derive(Clone, Debug)]
struct Seen<T> {
    meta: ObjectMeta,
    object: T,
}

/// What whoever follows a kind reads of its objects at once.
pub(crate) trait Watched: Clone + Debug + DeserializeOwned + Send + 'static {
    /// Name, namespace, uid and version.
    fn head(&self) -> [&str; 4];
}

impl Watched for RawObject {
    fn head(&self) -> [&str; 4] {
        let meta = &self.metadata;
        [&meta.name, &meta.namespace, &meta.uid, &meta.resource_version]
    }
}

impl Watched for Object {
    fn head(&self) -> [&str; 4] {
        let text = |field| self.0.pointer(field).and_then(Value::as_str).unwrap_or_default();
        ["/metadata/name", "/metadata/namespace", "/metadata/uid", "/metadata/resourceVersion"].map(text)
    }
}

impl<'de, T: Watched> Deserialize<'de> for Seen<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = T::deserialize(deserializer)?;
        let [name, namespace, uid, version] =
            object.head().map(|text| Some(text.to_owned()).filter(|t| !t.is_empty()));
        let meta = ObjectMeta { name, namespace, uid, resource_version: version, ..ObjectMeta::default() };
        Ok(Self { meta, object })
    }
}

impl<T> kube::Resource for Seen<T> {
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

/// What is followed.
#[derive(Clone, Debug)]
pub(crate) struct Interest {
    /// The kind.
    pub(crate) kind: Kind,
    /// One namespace, or all.
    pub(crate) namespace: Option<String>,
    /// Label selector; empty for all.
    pub(crate) labels: String,
    /// Only the object of this name; empty for all.
    pub(crate) name: String,
}

/// Follows `interest` until the receiver is gone. `say` makes the messages, here, beside the work of others; `name` is
/// what tells this watch from others in the same program.
pub(crate) async fn follow<T: Watched, M: Send>(
    client: Client,
    interest: Interest,
    messages: mpsc::Sender<M>,
    name: &'static str,
    say: impl Fn(News<T>) -> M + Send + Sync,
) {
    let kind = &interest.kind;
    let gvk = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, &kind.plural);
    let api: Api<Seen<T>> = match interest.namespace.as_deref().filter(|_| kind.namespaced) {
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
    let mut backoff = Backoff::new(name);
    while let Some(event) = stream.next().await {
        let message = match event {
            Ok(event) => {
                // That a list begins, or that part of it came, says nothing yet: it may fail each time.
                if !matches!(event, watcher::Event::Init | watcher::Event::InitApply(_)) {
                    backoff.works();
                }
                message_of(event)
            }
            Err(error) => {
                let trouble = News::Trouble { code: status_of(&error), why: error.to_string() };
                if messages.send(say(trouble)).await.is_err() {
                    return;
                }
                tokio::time::sleep(backoff.fails(Instant::now())).await;
                continue;
            }
        };
        if messages.send(say(message)).await.is_err() {
            return;
        }
    }
}

fn message_of<T>(event: watcher::Event<Seen<T>>) -> News<T> {
    match event {
        watcher::Event::Apply(seen) | watcher::Event::InitApply(seen) => News::Present(seen.object),
        watcher::Event::Delete(seen) => News::Gone(seen.object),
        watcher::Event::Init => News::ListBegins,
        watcher::Event::InitDone => News::ListEnds,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::cluster::connect::{Tally, inside};
    use kube::client::Body;
    use std::convert::Infallible;
    use std::time::Duration;

    /// A cluster that refuses every request with `code`.
    fn refusing(code: u16, tally: &Tally) -> Client {
        let service = tower::service_fn(move |_: http::Request<Body>| async move {
            let status = format!(
                r#"{{"kind":"Status","status":"Failure","message":"no","reason":"No","code":{code}}}"#
            );
            let body = http_body_util::Full::new(bytes::Bytes::from(status));
            Ok::<_, Infallible>(http::Response::builder().status(code).body(body).unwrap())
        });
        inside(service, tally)
    }

    #[tokio::test(start_paused = true)]
    async fn lists_that_fail_each_time_are_asked_for_ever_more_seldom() {
        let tally = Tally::default();
        let kind = crate::api::kinds::find("v1", "Service").unwrap();
        let interest = Interest { kind, namespace: None, labels: String::new(), name: String::new() };
        let (sender, mut news) = mpsc::channel(4096);
        let watch =
            tokio::spawn(follow(refusing(503, &tally), interest, sender, "Service", |news: News<Object>| {
                news
            }));
        tokio::time::sleep(Duration::from_secs(600)).await;
        let asked: u64 = tally.counts().values().sum();
        assert!((20..40).contains(&asked), "{asked} lists in ten minutes");
        watch.abort();
        let mut codes = Vec::new();
        while let Some(news) = news.recv().await {
            if let News::Trouble { code, .. } = news {
                codes.push(code);
            }
        }
        assert_eq!(codes.len() as u64, asked);
        assert!(codes.iter().all(|code| *code == 503));
    }
}
