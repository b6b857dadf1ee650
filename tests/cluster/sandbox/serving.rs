//! The server behind a socket.

use crate::sandbox::wire::{MAPS, map, post, sandbox};
use serde_json::Value;
use std::net::SocketAddr;
use switchback::sandbox::Sandbox;

/// A server on a free port of loopback.
pub async fn listening(server: &Sandbox, token: &str) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (server, token) = (server.clone(), (!token.is_empty()).then(|| token.to_owned()));
    tokio::spawn(async move { server.serve(listener, token).await });
    addr
}

async fn ask(addr: SocketAddr, path: &str, token: Option<&str>) -> (u16, Value) {
    let request = reqwest::Client::new().get(format!("http://{addr}{path}"));
    let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
    let response = request.send().await.unwrap();
    let code = response.status().as_u16();
    let text = response.text().await.unwrap();
    (code, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test]
async fn only_the_bearer_of_the_token_comes_in() {
    let _second = rustls::crypto::ring::default_provider().install_default();
    let server = sandbox(1);
    post(&server, MAPS, &map("a")).await;
    let addr = listening(&server, "secret").await;
    let uri = format!("{MAPS}/a");
    assert_eq!(ask(addr, &uri, Some("secret")).await.0, 200);
    let (code, body) = ask(addr, &uri, Some("guess")).await;
    assert_eq!((code, &body["reason"]), (401, &Value::from("Unauthorized")));
    let (code, body) = ask(addr, &uri, None).await;
    let text = "configmaps \"a\" is forbidden: User \"system:anonymous\" cannot get resource \"configmaps\" in API \
                group \"\" in the namespace \"default\"";
    assert_eq!((code, &body["message"]), (403, &Value::from(text)));
    assert_eq!(ask(addr, "/readyz", None).await, (200, Value::from("ok")));
    assert_eq!(ask(addr, "/apis", None).await.0, 403);
}

#[tokio::test]
async fn kube_reads_the_kubeconfig_and_watches_over_the_socket() {
    use futures::TryStreamExt as _;
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::api::{Api, WatchEvent, WatchParams};
    use kube::config::{KubeConfigOptions, Kubeconfig};
    let _second = rustls::crypto::ring::default_provider().install_default();
    let server = sandbox(1);
    let addr = listening(&server, "secret").await;
    let config = Kubeconfig::from_yaml(&server.kubeconfig(addr, "secret")).unwrap();
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    let api: Api<ConfigMap> = Api::default_namespaced(kube::Client::try_from(config).unwrap());
    let mut events =
        Box::pin(api.watch(&WatchParams::default().timeout(30).disable_bookmarks(), "0").await.unwrap());
    for name in ["a", "b"] {
        api.create(&Default::default(), &serde_json::from_value(map(name)).unwrap()).await.unwrap();
        let event = events.try_next().await.unwrap();
        assert!(matches!(event, Some(WatchEvent::Added(m)) if m.metadata.name.as_deref() == Some(name)));
    }
}
