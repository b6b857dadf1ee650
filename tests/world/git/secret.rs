//! Credentials in a Secret of the cluster: what is taken from it, and that flags come before it. None of them is shown.

use serde_json::json;
use switchback::base::clock::Clock;
use switchback::engine::setup;
use switchback::sandbox::{Options, Sandbox};
use tokio::task::JoinSet;

#[tokio::test]
async fn the_servers_that_an_ssh_key_may_be_shown_to_are_beside_it_in_the_secret() {
    let sandbox = Sandbox::new(Options::new(Clock::Real, 7));
    let secret = |name: &str, text: serde_json::Value| {
        let meta = json!({"name": name, "namespace": "default"});
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": text});
        sandbox.create("test", object).unwrap();
    };
    secret("both", json!({"ssh-privatekey": "PRIVATE", "known_hosts": "host ssh-ed25519 AAAA"}));
    secret("key", json!({"ssh-privatekey": "PRIVATE"}));
    let (client, mut tasks) = (setup::inside(sandbox.service()), JoinSet::new());
    let both = setup::credentials(&client, "default", "both", &mut tasks).await.unwrap().unwrap();
    let shown = format!("{both:?}");
    assert!(
        shown.contains("SshKey") && shown.contains("known_hosts: Some(Held(\"Secret default/both\"))"),
        "{shown}"
    );
    assert!(!shown.contains("PRIVATE") && !shown.contains("AAAA"), "{shown}");
    let by_flag = format!("{:?}", both.trusting(Some("/etc/hosts.known".into()), Some("/etc/ca.pem".into())));
    assert!(by_flag.contains("known_hosts: Some(File(\"/etc/hosts.known\"))"), "{by_flag}");
    assert!(by_flag.contains("ca: Some(File(\"/etc/ca.pem\"))"), "{by_flag}");
    let key = setup::credentials(&client, "default", "key", &mut tasks).await.unwrap().unwrap();
    assert!(format!("{key:?}").contains("known_hosts: None"));
}
