//! Decides how scenarios read and write objects of either cluster: plain requests under a name of their own.
//! It never interprets an object and never retries.

use http::Request;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use std::path::Path;
use switchback::api::kinds;

/// The media types of patches.
pub const MERGE: &str = "application/merge-patch+json";

/// A cluster's API.
#[derive(Clone)]
pub struct Api(Client);

/// The URL of an object or, without a name, of all objects of a kind in `namespace`.
pub fn path(kind: &str, namespace: &str, name: &str) -> String {
    let versions = [
        "v1",
        "apps/v1",
        "batch/v1",
        "coordination.k8s.io/v1",
        "rbac.authorization.k8s.io/v1",
        "apiextensions.k8s.io/v1",
        "argoproj.io/v1alpha1",
        "switchback.dev/v1alpha1",
    ];
    let found = versions.iter().find_map(|v| kinds::find(v, kind));
    let found = found.unwrap_or_else(|| panic!("no kind {kind}"));
    found.path(Some(namespace), Some(name).filter(|n| !n.is_empty()))
}

impl Api {
    /// The cluster of a kubeconfig, as its current user.
    pub async fn open(kubeconfig: &Path) -> Self {
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = Kubeconfig::read_from(kubeconfig).unwrap();
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
        Self(Client::try_from(config).unwrap())
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &Value) -> kube::Result<Value> {
        let mut request = Request::builder().method(method).uri(path).header("user-agent", "e2e/1");
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.0.request::<Value>(request.body(body).unwrap()).await
    }

    /// What is at `path`; none when nothing is.
    pub async fn get(&self, path: &str) -> Option<Value> {
        match self.send("GET", path, "", &Value::Null).await {
            Ok(value) => Some(value),
            Err(kube::Error::Api(status)) if status.code == 404 => None,
            Err(error) => panic!("GET {path}: {error}"),
        }
    }

    /// The objects at `path`.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        self.get(path).await.and_then(|l| l["items"].as_array().cloned()).unwrap_or_default()
    }

    /// Creates `object` in its place.
    pub async fn create(&self, object: &Value) -> Value {
        let text = |p: &str| object.pointer(p).and_then(Value::as_str).unwrap_or_default();
        self.post(&path(text("/kind"), text("/metadata/namespace"), ""), object).await
    }

    /// Creates `object` among those at `path`.
    pub async fn post(&self, path: &str, object: &Value) -> Value {
        let made = self.send("POST", path, "application/json", object).await;
        made.unwrap_or_else(|e| panic!("POST {path}: {e}\n{object:#}"))
    }

    /// Merges `body` into what is at `path`.
    pub async fn merge(&self, path: &str, body: &Value) -> Value {
        self.send("PATCH", path, MERGE, body).await.unwrap_or_else(|e| panic!("PATCH {path}: {e}"))
    }

    /// Applies `object` on the server's side as `manager`; the error is what the server says.
    pub async fn apply(&self, path: &str, manager: &str, object: &Value) -> kube::Result<Value> {
        let path = format!("{path}?fieldManager={manager}");
        self.send("PATCH", &path, "application/apply-patch+yaml", object).await
    }

    /// Deletes what is at `path` and leaves what it owns.
    pub async fn delete_alone(&self, path: &str) {
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan"});
        let done = self.send("DELETE", path, "application/json", &options).await;
        done.unwrap_or_else(|e| panic!("DELETE {path}: {e}"));
    }

    /// Deletes what is at `path`, if something is.
    pub async fn delete(&self, path: &str) {
        match self.send("DELETE", path, "", &Value::Null).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => {}
            Err(error) => eprintln!("DELETE {path}: {error}"),
        }
    }
}
