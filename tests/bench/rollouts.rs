//! R Rollouts created until all are Healthy, then an image change until all are Healthy again.

use crate::child::{Child, Fault};
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

const NAMESPACE: &str = "switchback-bench-rollouts";
const INSTANCE: &str = "switchback-bench";

/// A client for the cluster of a kubeconfig.
pub async fn client(kubeconfig: &Path) -> Result<Client, Fault> {
    let config = Kubeconfig::read_from(kubeconfig)?;
    Ok(Client::try_from(Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?)?)
}

/// The objects of a kind in `namespace`.
pub fn api(
    client: &Client,
    (group, version, kind): (&str, &str, &str),
    namespace: &str,
) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// Makes a namespace for the measurement.
pub async fn namespace(client: &Client, name: &str) -> Result<(), Fault> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
    let all: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let object =
        serde_json::from_value(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))?;
    all.create(&PostParams::default(), &object)
        .await
        .map_err(|e| format!("{e}; the namespace {name} must not exist: delete it and measure again"))?;
    Ok(())
}

/// Deletes it again, without waiting.
pub async fn remove(client: &Client, name: &str) -> Result<(), Fault> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
    let all: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    all.delete(name, &kube::api::DeleteParams::default()).await?;
    Ok(())
}

fn rollout(name: &str, replicas: usize) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": name, "labels": {"argo-rollouts.argoproj.io/controller-instance-id": INSTANCE}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [
                {"name": "c", "image": "nginx:1", "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}}}]}},
            "strategy": {"canary": {"maxSurge": 1, "maxUnavailable": 0,
                "steps": [{"setWeight": 50}, {"pause": {"duration": "1s"}}]}}}})
}

/// Measures both legs and the rest after them.
pub async fn measure(kubeconfig: &Path, count: usize, replicas: usize, rest: u64) -> Result<Value, Fault> {
    let client = client(kubeconfig).await?;
    namespace(&client, NAMESPACE).await?;
    let rollouts = api(&client, ("argoproj.io", "v1alpha1", "Rollout"), NAMESPACE);
    let child = Child::start(&["controller", "--instance-id", INSTANCE], Some(kubeconfig))?;
    let idle = child.rest(2).await?;
    let names: Vec<String> = (0..count).map(|i| format!("r{i:05}")).collect();

    let before = child.used().await?;
    let start = Instant::now();
    let settled = tokio::spawn(healthy(rollouts.clone(), "nginx:1", count));
    stream::iter(&names)
        .map(|name| {
            let api = rollouts.clone();
            let object = serde_json::from_value(rollout(name, replicas));
            async move { Ok::<_, Fault>(api.create(&PostParams::default(), &object?).await?) }
        })
        .buffer_unordered(8)
        .try_collect::<Vec<_>>()
        .await?;
    settled.await??;
    let wall = start.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let create = child.leg(&before, wall).await?;

    let before = child.used().await?;
    let start = Instant::now();
    let settled = tokio::spawn(healthy(rollouts.clone(), "nginx:2", count));
    let body =
        json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:2"}]);
    let patch: Patch<Value> = Patch::Json(serde_json::from_value(body)?);
    stream::iter(&names)
        .map(|name| {
            let (api, patch) = (rollouts.clone(), patch.clone());
            async move { api.patch(name, &PatchParams::default(), &patch).await }
        })
        .buffer_unordered(8)
        .try_collect::<Vec<_>>()
        .await?;
    settled.await??;
    let wall = start.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let update = child.leg(&before, wall).await?;

    let quiet = child.rest(rest).await?;
    remove(&client, NAMESPACE).await?;
    Ok(
        json!({"rollouts": count, "replicas": replicas, "start": idle, "create": create, "update": update, "rest": quiet}),
    )
}

/// Waits until `count` Rollouts of `image` are Healthy, promoted and looked at in their newest generation.
async fn healthy(api: Api<DynamicObject>, image: &'static str, count: usize) -> Result<(), Fault> {
    let config = kube::runtime::watcher::Config::default();
    let mut events = std::pin::pin!(kube::runtime::watcher(api, config));
    let mut done = BTreeSet::new();
    while done.len() < count {
        let Some(event) = events.next().await else { return Err("the watch ended".into()) };
        use kube::runtime::watcher::Event;
        let (Event::Apply(object) | Event::InitApply(object)) = event? else { continue };
        let text = |p: &str| object.data.pointer(p).and_then(Value::as_str).unwrap_or_default();
        let generation = object.metadata.generation.unwrap_or_default().to_string();
        let settled = text("/status/phase") == "Healthy"
            && text("/status/observedGeneration") == generation
            && text("/status/stableRS") == text("/status/currentPodHash")
            && text("/spec/template/spec/containers/0/image") == image;
        let name = object.metadata.name.clone().unwrap_or_default();
        if settled {
            done.insert(name)
        } else {
            done.remove(&name)
        };
    }
    Ok(())
}
