//! Decides when the built-in controllers act: after every change, and when something of theirs is due.
//! It never decides what they do, and it asks for it as any client would.

use super::actors::{Action, Actors, Errand, Key, Options, Seen};
use super::door::Sandbox;
use super::shelf::Verb;
use super::state::{Change, State};
use crate::api::kinds::{self, Kind};
use http::{Method, Request};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use std::time::Duration;
use tower::{Service, ServiceExt};

/// How the controllers call themselves.
const AGENT: &str = "kube-controller-manager";

impl Sandbox {
    /// Runs the built-in controllers until dropped.
    pub async fn run_actors(self, options: Options) {
        let mut changes = self.subscribe();
        let mut actors = Actors::new(options);
        let clock = self.shared().locked(|state| state.clock);
        self.show_what_is(&mut actors);
        loop {
            while let Ok(change) = changes.try_recv() {
                observe(&mut actors, &change, clock.now());
            }
            let read = |version: &str, kind: &str, namespace: &str, name: &str| {
                self.get((version, kind), namespace, name)
            };
            let errands = actors.act(clock.now(), &read);
            let idle = errands.is_empty();
            for errand in errands {
                if let Err((reason, message)) = self.perform(&errand).await {
                    actors.refused(&errand, &reason, &message, clock.now());
                }
                while let Ok(change) = changes.try_recv() {
                    observe(&mut actors, &change, clock.now());
                }
            }
            if !idle {
                continue;
            }
            let wait = actors
                .wake()
                .map(|at| Duration::try_from(at.duration_since(clock.now())).unwrap_or_default());
            tokio::select! {
                biased;
                change = changes.recv() => match change {
                    Some(change) => observe(&mut actors, &change, clock.now()),
                    None => return,
                },
                () = async { match wait { Some(w) => tokio::time::sleep(w).await, None => std::future::pending().await } } => {}
            }
        }
    }

    fn show_what_is(&self, actors: &mut Actors) {
        let clock = self.shared().locked(|state| state.clock);
        for kind in kinds::all() {
            for object in self.snapshot(&kind.api_version(), &kind.kind, "") {
                actors.observe(Seen::Added, &object, clock.now());
            }
        }
    }

    async fn perform(&self, errand: &Errand) -> Result<(), (String, String)> {
        let key = errand.action.key();
        let served =
            |state: &mut State| state.kinds.named(&key.api_version, &key.kind).map(|s| s.kind.clone());
        let kind = self.shared().locked(served);
        let kind = kind.ok_or(("NotFound".to_owned(), "no such kind".to_owned()))?;
        let (method, path, body) = request(&errand.action, &key, &kind);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("user-agent", AGENT)
            .body(Body::from(body.to_string().into_bytes()))
            .map_err(|e| ("BadRequest".to_owned(), e.to_string()))?;
        let mut service = self.service();
        let lost = |e: String| ("ServiceUnavailable".to_owned(), e);
        let ready =
            ServiceExt::<Request<Body>>::ready(&mut service).await.map_err(|e| lost(e.to_string()))?;
        let response = ready.call(request).await;
        let response = response.map_err(|e| lost(e.to_string()))?;
        if response.status().is_success() {
            return Ok(());
        }
        let bytes = response.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
        let status: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |k: &str| status.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
        // The cause says more than `Forbidden` does: the namespace goes, so that trying again helps nothing.
        let ends = crate::base::json::list(&status, "/details/causes")
            .iter()
            .map(|cause| crate::base::json::text(cause, "/reason"))
            .find(|reason| *reason == "NamespaceTerminating");
        Err((ends.map_or_else(|| text("reason"), str::to_owned), text("message")))
    }
}

fn observe(actors: &mut Actors, change: &Change, now: jiff::Timestamp) {
    let seen = match change.verb {
        Verb::Added => Seen::Added,
        Verb::Modified => Seen::Modified,
        Verb::Deleted => Seen::Deleted,
    };
    actors.observe(seen, &change.object, now);
}

fn request(action: &Action, key: &Key, kind: &Kind) -> (Method, String, Value) {
    let path = kind.path(Some(&key.namespace), Some(&key.name));
    match action {
        Action::Create { object } => (Method::POST, kind.path(Some(&key.namespace), None), object.clone()),
        Action::Update { object } => (Method::PUT, path, object.clone()),
        Action::UpdateStatus { object } => (Method::PUT, format!("{path}/status"), object.clone()),
        Action::Finalize { object } => (Method::PUT, format!("{path}/finalize"), object.clone()),
        Action::Bind { key, uid, node } => (
            Method::POST,
            format!("{path}/binding"),
            json!({"apiVersion": "v1", "kind": "Binding",
                "metadata": {"name": key.name, "namespace": key.namespace, "uid": uid},
                "target": {"apiVersion": "v1", "kind": "Node", "name": node}}),
        ),
        Action::Delete { uid, propagation, grace, .. } => {
            let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions",
                "propagationPolicy": propagation.text(), "preconditions": {"uid": uid}});
            if let (Some(grace), Some(map)) = (grace, options.as_object_mut()) {
                map.insert("gracePeriodSeconds".to_owned(), json!(grace));
            }
            (Method::DELETE, path, options)
        }
    }
}
