//! Decides how a write or a read becomes a request to a cluster, and what its answer was.
//! It never decides what to write.

use crate::api::key::target_of;
use crate::api::kinds::Kind;
use crate::api::names::FIELD_MANAGER;
use crate::api::object::Object;
use crate::api::write::{Target, Write};
use crate::base::json::{list, text};
use crate::base::percent::encode;
use crate::world::cause::Cause;
use crate::world::cluster::bodies::{bytes_of, patch_body};
use crate::world::cluster::connect::{self, Tally};
use crate::world::cluster::error::ClusterError;
use crate::world::cluster::gate::Gate;
use http::{HeaderValue, Method, Request};
use kube::Client;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Objects of one page of a list.
const PAGE: usize = 500;

/// A cluster, with the kinds it was found to serve.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    tally: Tally,
    gate: Gate,
    kinds: Arc<Mutex<BTreeMap<(String, String), Kind>>>,
}

/// How strictly a write is checked, and whether it is made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Made; unknown fields are dropped silently, as a controller wants it.
    Plain,
    /// Made; an unknown field refuses it.
    Strict,
    /// Only tried, strictly.
    DryRun,
}

impl Mode {
    fn query(self) -> String {
        match self {
            Self::Plain => format!("?fieldManager={FIELD_MANAGER}"),
            Self::Strict => format!("?fieldManager={FIELD_MANAGER}&fieldValidation=Strict"),
            Self::DryRun => format!("?fieldManager={FIELD_MANAGER}&fieldValidation=Strict&dryRun=All"),
        }
    }
}

impl Cluster {
    /// The cluster that `client` talks to; `tally` counts the client's requests.
    #[must_use]
    pub(crate) fn new(client: Client, tally: Tally) -> Self {
        Self { client, tally, gate: Gate::default(), kinds: Arc::default() }
    }

    /// Counts the requests made so far, watches included.
    #[must_use]
    pub(crate) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// What every write passes.
    #[must_use]
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The same cluster with a gate of its own, which is open.
    #[must_use]
    pub(crate) fn ungated(&self) -> Self {
        Self { gate: Gate::default(), ..self.clone() }
    }

    /// The same cluster, asked in the name of a ServiceAccount. What may not be a name asks in the name of nobody.
    #[must_use]
    pub(crate) fn acting_as(&self, namespace: &str, account: &str) -> Self {
        let user = HeaderValue::from_str(&format!("system:serviceaccount:{namespace}:{account}"));
        let user = user.unwrap_or_else(|_| HeaderValue::from_static("system:anonymous"));
        Self { client: connect::acting_as(self.client.clone(), user), ..self.clone() }
    }

    /// Whether writes may be made now, for what is written elsewhere in the same right.
    ///
    /// # Errors
    /// [`ClusterError::NotLeader`] when it is not our turn.
    pub(crate) fn may_write(&self) -> Result<(), ClusterError> {
        if self.gate.admits() { Ok(()) } else { Err(ClusterError::NotLeader) }
    }

    /// The client, for watches.
    #[must_use]
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The namespace that the kubeconfig's context names; `default` when it names none.
    #[must_use]
    pub(crate) fn namespace(&self) -> &str {
        self.client.default_namespace()
    }

    /// How a kind is served, from the table of kinds or from the cluster's own discovery.
    ///
    /// # Errors
    /// The cluster does not serve it or does not answer.
    pub(crate) async fn kind(&self, api_version: &str, kind: &str) -> Result<Kind, ClusterError> {
        if let Some(known) = crate::api::kinds::find(api_version, kind) {
            return Ok(known);
        }
        let key = (api_version.to_owned(), kind.to_owned());
        let known = self.kinds.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = self.discover(api_version, kind).await?;
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        Ok(found)
    }

    async fn discover(&self, api_version: &str, kind: &str) -> Result<Kind, ClusterError> {
        let none = || ClusterError::NoKind(Target::new(api_version, kind, "", ""));
        let root = if api_version.contains('/') { "/apis" } else { "/api" };
        let what = format!("discover {api_version}");
        let version: Vec<String> = api_version.split('/').map(encode).collect();
        let path = format!("{root}/{}", version.join("/"));
        let list: Result<Value, _> = self.send(&what, Method::GET, &path, "", Vec::new()).await;
        let list = match list {
            Err(e) if e.is_missing() => return Err(none()),
            other => other?,
        };
        let resources = list.get("resources").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |v: &Value, k: &str| v.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
        let row = resources.iter().find(|r| text(r, "kind") == kind && !text(r, "name").contains('/'));
        let row = row.ok_or_else(none)?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Ok(Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: text(row, "name"),
            singular: text(row, "singularName"),
            short: Vec::new(),
            categories: Vec::new(),
            namespaced: row.get("namespaced").and_then(Value::as_bool).unwrap_or(true),
        })
    }

    /// The API version in which the cluster serves a kind now: `api_version`, or another one of its group; none when it
    /// serves it in no version.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub(crate) async fn served_version(
        &self,
        api_version: &str,
        kind: &str,
    ) -> Result<Option<String>, ClusterError> {
        if crate::api::kinds::find(api_version, kind).is_some() {
            return Ok(Some(api_version.to_owned()));
        }
        let mut versions = vec![api_version.to_owned()];
        if let Some((group, _)) = api_version.split_once('/') {
            let (what, path) = (format!("discover {group}"), format!("/apis/{}", encode(group)));
            match self.send::<Value>(&what, Method::GET, &path, "", Vec::new()).await {
                Err(e) if e.is_missing() => {}
                Err(e) => return Err(e),
                Ok(found) => {
                    versions.extend(
                        list(&found, "/versions").iter().map(|v| text(v, "/groupVersion").to_owned()),
                    );
                }
            }
        }
        for version in versions {
            let key = (version.clone(), kind.to_owned());
            match self.discover(&version, kind).await {
                Ok(found) => {
                    self.kinds.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found);
                    return Ok(Some(version));
                }
                Err(ClusterError::NoKind(_)) => {
                    self.kinds.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Makes one write and answers the object as it is now; none where the cluster answers something else.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub(crate) async fn perform(&self, write: &Write, mode: Mode) -> Result<Option<Value>, ClusterError> {
        let answer = self.perform_as::<Object>(write, mode).await?;
        Ok(answer.map(|Object(value)| value))
    }

    /// The same, with the answer read as `T`; `IgnoredAny` reads nothing of it.
    ///
    /// # Errors
    /// The cluster refuses or does not answer, or its answer is no `T`.
    pub(crate) async fn perform_as<T: DeserializeOwned>(
        &self,
        write: &Write,
        mode: Mode,
    ) -> Result<Option<T>, ClusterError> {
        let target = write.target();
        let kind = self.kind(&target.api_version, &target.kind).await?;
        if mode != Mode::DryRun {
            self.may_write()?;
        }
        match write {
            Write::Create { object } => {
                let path = format!("{}{}", kind.path(Some(&encode(&target.namespace)), None), mode.query());
                let body = bytes_of(object);
                self.send(&format!("create {target}"), Method::POST, &path, JSON, body).await.map(Some)
            }
            Write::Patch { subresource, patch, expect, .. } => {
                let tail = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
                let path = format!("{}{tail}{}", place(&kind, &target)?, mode.query());
                let (content_type, body) = patch_body(patch, expect.as_deref());
                self.send(&format!("patch {target}"), Method::PATCH, &path, content_type, body)
                    .await
                    .map(Some)
            }
            Write::Delete { uid, expect, foreground, .. } => {
                let mut preconditions = json!({"uid": uid});
                if let (Some(rv), Some(map)) = (expect, preconditions.as_object_mut()) {
                    map.insert("resourceVersion".to_owned(), json!(rv));
                }
                let policy = if *foreground { "Foreground" } else { "Background" };
                let mut options =
                    json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
                if let (false, Some(map)) = (uid.is_empty(), options.as_object_mut()) {
                    map.insert("preconditions".to_owned(), preconditions);
                }
                let query = if mode == Mode::DryRun { "?dryRun=All" } else { "" };
                let path = format!("{}{query}", place(&kind, &target)?);
                let what = format!("delete {target}");
                // The answer is the object while finalizers keep it, and else a status.
                let answer: Value =
                    match self.send(&what, Method::DELETE, &path, JSON, bytes_of(&options)).await {
                        Err(e) if e.is_missing() => return Ok(None),
                        other => other?,
                    };
                let object = Some(answer).filter(|v| v.pointer("/metadata/uid").is_some());
                let read = object.map(serde_json::from_value::<T>).transpose();
                read.map_err(|e| ClusterError::of(&what, kube::Error::SerdeError(e)))
            }
            Write::Evict { .. } => {
                let body = json!({"apiVersion": "policy/v1", "kind": "Eviction",
                    "metadata": {"name": target.name, "namespace": target.namespace}});
                let path = format!("{}/eviction", place(&kind, &target)?);
                self.send(&format!("evict {target}"), Method::POST, &path, JSON, bytes_of(&body))
                    .await
                    .map(|_: IgnoredAny| None)
            }
        }
    }

    /// Makes the object `target`, which `body` is the JSON of; what the cluster makes of it is not read.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub(crate) async fn submit(&self, target: &Target, body: Vec<u8>) -> Result<(), ClusterError> {
        let kind = self.kind(&target.api_version, &target.kind).await?;
        self.may_write()?;
        let path = format!("{}{}", kind.path(Some(&encode(&target.namespace)), None), Mode::Plain.query());
        let what = format!("create {target}");
        self.send_unread(&what, Method::POST, &path, JSON, body).await.map(drop)
    }

    /// Replaces an object as a whole, unless it has changed since it was read.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub(crate) async fn replace(&self, object: &Value) -> Result<Value, ClusterError> {
        let target = target_of(object);
        let kind = self.kind(&target.api_version, &target.kind).await?;
        self.may_write()?;
        let path = format!("{}{}", place(&kind, &target)?, Mode::Plain.query());
        self.send(&format!("update {target}"), Method::PUT, &path, JSON, bytes_of(object)).await
    }

    /// Reads one object; none when it is not there.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub(crate) async fn get(&self, target: &Target) -> Result<Option<Value>, ClusterError> {
        let kind = self.kind(&target.api_version, &target.kind).await?;
        let path = match place(&kind, target) {
            Err(_) => return Ok(None), // nothing can have that name
            Ok(path) => path,
        };
        match self.send(&format!("get {target}"), Method::GET, &path, "", Vec::new()).await {
            Err(e) if e.is_missing() => Ok(None),
            other => other.map(|v| Some(with_type(v, &kind))),
        }
    }

    /// Reads every object of a kind, in one namespace or in all, that the label selector picks.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub(crate) async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Value>, ClusterError> {
        let base = kind.path(namespace.map(encode).as_deref(), None);
        let what = format!("list {}", kind.resource());
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let mut path = format!("{base}?limit={PAGE}");
            for (key, value) in [("labelSelector", selector), ("continue", token.as_str())] {
                if !value.is_empty() {
                    path.push_str(&format!("&{key}={}", encode(value)));
                }
            }
            let mut page: Value = self.send(&what, Method::GET, &path, "", Vec::new()).await?;
            let next =
                page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(Value::Array(all)) = page.get_mut("items").map(Value::take) {
                items.extend(all.into_iter().map(|v| with_type(v, kind)));
            }
            if next.is_empty() {
                return Ok(items);
            }
            token = next;
        }
    }

    /// Reads the objects of a kind that are called `name`, in every namespace.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub(crate) async fn called(&self, kind: &Kind, name: &str) -> Result<Vec<Value>, ClusterError> {
        let path = format!("{}?fieldSelector=metadata.name%3D{}", kind.path(None, None), encode(name));
        let what = format!("list {}", kind.resource());
        let page: Value = self.send(&what, Method::GET, &path, "", Vec::new()).await?;
        Ok(list(&page, "/items").iter().map(|v| with_type(v.clone(), kind)).collect())
    }

    /// Asks whether the cluster is there.
    ///
    /// # Errors
    /// It refuses or does not answer.
    pub(crate) async fn version(&self) -> Result<String, ClusterError> {
        let answer: Value = self.send("ask for the version", Method::GET, "/version", "", Vec::new()).await?;
        Ok(answer.get("gitVersion").and_then(Value::as_str).unwrap_or("unknown").to_owned())
    }

    async fn send<T: DeserializeOwned>(
        &self,
        what: &str,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<T, ClusterError> {
        let answer = self.send_unread(what, method, path, content_type, body).await?;
        serde_json::from_str(&answer).map_err(|e| ClusterError::of(what, kube::Error::SerdeError(e)))
    }

    async fn send_unread(
        &self,
        what: &str,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<String, ClusterError> {
        let mut request = Request::builder().method(method).uri(path).header("accept", JSON);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let request = request
            .body(body)
            .map_err(|e| ClusterError::Unreachable { why: e.to_string(), source: Cause::of(e) })?;
        self.client.request_text(request).await.map_err(|e| ClusterError::of(what, e))
    }
}

const JSON: &str = "application/json";

/// Items of lists of built-in kinds do not say what they are.
fn with_type(mut value: Value, kind: &Kind) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.entry("apiVersion").or_insert_with(|| json!(kind.api_version()));
        map.entry("kind").or_insert_with(|| json!(kind.kind));
    }
    value
}

/// The URL of the object that `target` names.
///
/// # Errors
/// [`ClusterError::NoName`] for what a server, or a proxy before it, would take for another place.
fn place(kind: &Kind, target: &Target) -> Result<String, ClusterError> {
    let names = [target.name.as_str(), target.namespace.as_str()];
    let leads_elsewhere = |name: &&str| matches!(*name, "." | "..") || name.contains(['/', '%']);
    if target.name.is_empty() || names.iter().any(leads_elsewhere) {
        return Err(ClusterError::NoName(target.clone()));
    }
    Ok(kind.path(Some(&encode(&target.namespace)), Some(&encode(&target.name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::write::Patch;
    use crate::world::cluster::connect::inside;
    use kube::client::Body;
    use std::convert::Infallible;

    /// A cluster that knows nothing, and what it was asked for.
    fn empty() -> (Cluster, Arc<Mutex<Vec<String>>>) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let service = tower::service_fn(move |request: Request<Body>| {
            heard.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
            let status =
                r#"{"kind":"Status","status":"Failure","message":"no","reason":"NotFound","code":404}"#;
            let body = http_body_util::Full::new(bytes::Bytes::from(status));
            async { Ok::<_, Infallible>(http::Response::builder().status(404).body(body).unwrap()) }
        });
        let tally = Tally::default();
        (Cluster::new(inside(service, &tally), tally), asked)
    }

    #[tokio::test]
    async fn a_name_from_an_object_leads_nowhere_else() {
        let (cluster, asked) = empty();
        let secret = |namespace: &str, name: &str| Target::new("v1", "Secret", namespace, name);
        for name in ["", ".", "..", "../../nodes", "a/b", "a%2Fb"] {
            assert_eq!(cluster.get(&secret("shop", name)).await, Ok(None), "{name:?}");
            let delete = Write::Delete {
                target: secret("shop", name),
                uid: String::new(),
                expect: None,
                foreground: false,
            };
            let error = cluster.perform(&delete, Mode::Plain).await.unwrap_err();
            assert!(error.is_invalid() && error.code() == "ClusterNoName", "{error}");
        }
        assert_eq!(cluster.get(&secret("..", "a")).await, Ok(None));
        assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
        assert_eq!(cluster.get(&secret("shop", "a b?c=d#e")).await, Ok(None));
        assert_eq!(*asked.lock().unwrap(), ["GET /api/v1/namespaces/shop/secrets/a%20b%3Fc%3Dd%23e"]);
    }

    #[tokio::test]
    async fn nothing_is_written_while_it_is_not_our_turn_but_the_lease() {
        let (cluster, asked) = empty();
        cluster.gate().shut();
        let target = Target::new("v1", "ConfigMap", "shop", "a");
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}});
        let patch = Patch::Merge(json!({"data": {}}));
        let writes = [
            Write::Create { object: object.clone() },
            Write::Patch { target: target.clone(), subresource: "", patch, expect: None },
            Write::Delete { target: target.clone(), uid: String::new(), expect: None, foreground: false },
            Write::Evict { target },
        ];
        for write in writes {
            assert_eq!(cluster.perform(&write, Mode::Plain).await, Err(ClusterError::NotLeader), "{write:?}");
        }
        assert_eq!(cluster.replace(&object).await, Err(ClusterError::NotLeader));
        assert!(asked.lock().unwrap().is_empty());
        let refused = cluster.ungated().replace(&object).await.unwrap_err();
        assert!(refused.is_missing(), "it is asked for: {refused}");
    }
}
