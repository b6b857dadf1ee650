//! A Git server with a certificate of a private authority: a Delivery trusts it when its Secret says so, and says what is
//! wrong otherwise.

use crate::delivery::operator::{Operator, condition};
use crate::delivery::rig::git;
use crate::git::server::Server;
use crate::git::tls::{certificates, terminator};
use serde_json::{Value, json};
use tower::ServiceExt;

/// The Secret `git` holds this and nothing else.
async fn hold(rig: &Operator, texts: Value) {
    let meta = json!({"name": "git", "namespace": "default"});
    let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": texts});
    if rig.sandbox.get(("v1", "Secret"), "default", "git").is_none() {
        rig.sandbox.create("kubectl", object).unwrap();
        return;
    }
    let body = http_body_util::Full::new(bytes::Bytes::from(object.to_string()));
    let put = http::Request::put("/api/v1/namespaces/default/secrets/git").header("user-agent", "kubectl");
    let put = put.header("content-type", "application/json").body(body).unwrap();
    assert!(rig.sandbox.service().oneshot(put).await.unwrap().status().is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_authority_is_trusted_when_the_secret_names_it() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    let (tls, others, served) = ("tls", "others", "served");
    let folder = |name: &str| {
        let folder = rig.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    };
    certificates(&folder(tls));
    certificates(&folder(others));
    let authority = |name: &str| std::fs::read_to_string(folder(name).join("ca.pem")).unwrap();
    git(&repo, &["clone", "-q", "--bare", ".", folder(served).join("shop.git").to_str().unwrap()]);
    let server = Server::plain(folder(served)).await;
    let secured = terminator(&folder(tls), server.port);
    let url = format!("https://127.0.0.1:{}/shop.git", secured.port);

    hold(&rig, json!({"token": "tok-en"})).await;
    rig.deliver("shop", json!({"repository": url, "interval": "1s", "secretRef": {"name": "git"}}));
    let status = rig.because("shop", "GitUntrusted").await;
    assert_eq!(condition(&status, "Stalled")["status"], "True", "{status:#}");
    let said = condition(&status, "Ready")["message"].as_str().unwrap();
    assert!(said.contains("ca.crt of the Secret"), "{said}");
    assert!(server.asked().is_empty(), "nothing was shown to a server that nobody vouches for");

    for unreadable in
        ["none", "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"]
    {
        hold(&rig, json!({"token": "tok-en", "ca.crt": unreadable})).await;
        let status = rig.because("shop", "GitCredentials").await;
        let said = condition(&status, "Stalled")["message"].as_str().unwrap();
        assert!(said.contains("Secret default/git"), "{said}");
        hold(&rig, json!({"token": "tok-en", "ca.crt": authority(others)})).await;
        rig.because("shop", "GitUntrusted").await;
    }
    assert!(server.asked().is_empty());

    hold(&rig, json!({"token": "tok-en", "ca.crt": authority(tls)})).await;
    rig.ready("shop").await;
    assert!(server.asked().iter().any(|asked| asked.headers["authorization"] == "Bearer tok-en"));

    // As Flux calls it too, and without anything else for a server that asks nobody who he is.
    hold(&rig, json!({"caFile": authority(tls)})).await;
    rig.put(&repo, "a", "2");
    let next = rig.commit(&repo);
    git(&repo, &["push", "-q", folder(served).join("shop.git").to_str().unwrap(), "main"]);
    rig.applied("shop", &next).await;
}
