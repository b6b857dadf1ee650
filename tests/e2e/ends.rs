//! How the program ends: exit codes, and words that say what to do next, when the cluster is away, refuses us, or
//! everything has settled. It never waits longer than a user would.

use super::program::{Program, free_port, said, switchback};
use super::repository::Repository;
use super::stage::play;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// A kubeconfig in `folder` for a server at `port` and this token.
fn kubeconfig(folder: &Path, port: u16, token: &str) -> PathBuf {
    let file = folder.join("elsewhere");
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]});
    std::fs::write(&file, config.to_string()).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_away_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let config = kubeconfig(folder.path(), 1, "t");
    let repository = Repository::empty(folder.path().join("repo"));
    repository.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n");
    repository.commit("first");
    for line in ["plan --repo repo", "diff --repo repo", "install-crds"] {
        let mut command = switchback(folder.path());
        command.args(line.split_whitespace()).arg("--kubeconfig").arg(&config).current_dir(folder.path());
        let text = said(command).await.failed(3);
        assert!(text.starts_with("error: the cluster cannot be reached"), "{line}: {text}");
        assert!(text.contains("check the address in the kubeconfig"), "{line}: {text}");
        assert_eq!(text.lines().count(), 1, "{line}: {text}");
    }
    let mut command = switchback(folder.path());
    command.args(["controller", "--kubeconfig", "nowhere"]).current_dir(folder.path());
    let text = said(command).await.failed(2);
    assert!(text.contains("nowhere") && text.contains("--kubeconfig FILE"), "{text}");

    let mut command = switchback(folder.path());
    command
        .args("run --repo repo --once --timeout 2s --kubeconfig".split(' '))
        .arg(&config)
        .current_dir(folder.path());
    let began = Instant::now();
    let text = said(command).await.failed(3);
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: the cluster cannot be reached"), "{text}");
}

/// The status code of a page.
async fn code(port: u16, page: &str) -> u16 {
    let address = format!("http://127.0.0.1:{port}/{page}");
    for _ in 0..100 {
        if let Ok(answer) = reqwest::get(&address).await {
            return answer.status().as_u16();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{address} is not served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_away_at_the_start_is_waited_for() {
    play("cluster-away", async |stage| {
        let repository = Repository::empty(stage.path("repo"));
        repository.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n");
        repository.commit("first");
        let namespace = &stage.namespace;
        let run = format!("run --repo {} --namespace {namespace}", repository.path.display());
        for line in [run.as_str(), "run", "controller"] {
            let (port, health) = (free_port(), free_port());
            let mut command = switchback(&stage.path("."));
            command.args(line.split(' ')).args([
                "--bind",
                "127.0.0.1",
                "--metrics-port",
                "0",
                "--instance-id",
                namespace,
            ]);
            command.arg("--health-port").arg(health.to_string());
            command.arg("--kubeconfig").arg(kubeconfig(&stage.path("."), port, "t"));
            let mut program = Program::start(command, &stage.path("."), "away");
            program.says("the cluster cannot be reached").await;
            program.says("check the address in the kubeconfig").await;
            assert_eq!((code(health, "healthz").await, code(health, "readyz").await), (200, 503), "{line}");
            let began = Instant::now();
            assert_eq!(program.terminate().await, 0, "{line}");
            assert!(began.elapsed() < Duration::from_secs(2), "{line}: {:?}", began.elapsed());
        }

        let text = std::fs::read_to_string(&stage.kubeconfig).unwrap();
        let config: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let (_, there) =
            config["clusters"][0]["cluster"]["server"].as_str().unwrap().rsplit_once(':').unwrap();
        let (there, port) = (there.parse().unwrap(), free_port());
        let elsewhere = stage.path("elsewhere");
        std::fs::write(&elsewhere, text.replace(&format!(":{there}"), &format!(":{port}"))).unwrap();
        let mut command = switchback(&stage.path("."));
        command.args(run.split(' ')).args(["--instance-id", namespace]).arg("--kubeconfig").arg(&elsewhere);
        let mut program = Program::start(command, &stage.path("."), "late");
        program.says("the cluster cannot be reached").await;
        pass_on(port, there).await;
        program.says("the cluster answers").await;
        stage.until("ConfigMap", "a", "there", |a| !a.is_null()).await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

/// Passes bytes on between the port `here` and the port `there`.
async fn pass_on(here: u16, there: u16) {
    let listener = TcpListener::bind(("127.0.0.1", here)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(("127.0.0.1", there)).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_comes_and_refuses_us_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::empty(folder.path().join("repo"));
    repository.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n");
    repository.commit("first");
    let port = free_port();
    let config = kubeconfig(folder.path(), port, "t");
    let line = "run --repo repo --health-port 0 --metrics-port 0 --kubeconfig";
    let begin = |name: &str| {
        let mut command = switchback(folder.path());
        command.args(line.split(' ')).arg(&config).current_dir(folder.path());
        Program::start(command, folder.path(), name)
    };
    let mut program = begin("away");
    program.says("the cluster cannot be reached").await;
    let body =
        r#"{"kind":"Status","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
    let head =
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length:";
    let answer = format!("{head} {}\r\n\r\n{body}", body.len());
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 16_384];
        let _request = stream.read(&mut bytes).await;
        let _gone = stream.write_all(answer.as_bytes()).await;
    });
    assert_eq!(program.ended().await, 3);
    assert!(program.words().contains("does not accept our credentials"), "{}", program.words());
    server.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_says_who_asks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(String::new()));
    let ears = heard.clone();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 16_384];
            let length = stream.read(&mut bytes).await.unwrap_or(0);
            ears.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _gone = stream.write_all(answer.as_bytes()).await;
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let mut command = switchback(folder.path());
    command.args(["controller", "--metrics-port", "0", "--health-port", "0", "--kubeconfig"]);
    command.arg(kubeconfig(folder.path(), port, "t"));
    let text = said(command).await.failed(3);
    server.abort();
    assert!(text.contains("is this address a Kubernetes API server?"), "{text}");
    let heard = heard.lock().unwrap().to_lowercase();
    let agent = concat!("user-agent: switchback/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert!(heard.contains(agent), "{heard}");
    assert_eq!(heard.matches("user-agent:").count(), heard.matches("http/1.1\r\n").count(), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_with_what_to_do() {
    play("token", async |stage| {
        let text = std::fs::read_to_string(&stage.kubeconfig).unwrap();
        let mut config: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        for user in config["users"].as_array_mut().unwrap() {
            user["user"]["token"] = json!("nobody");
        }
        let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned();
        if let Some((_, host)) = server.split_once('@') {
            config["clusters"][0]["cluster"]["server"] = json!(format!("http://{host}"));
        }
        let file = stage.path("wrong");
        std::fs::write(&file, config.to_string()).unwrap();
        for line in ["controller --metrics-port 0 --health-port 0", "install-crds"] {
            let mut command = switchback(&stage.path("."));
            command.args(line.split_whitespace()).arg("--kubeconfig").arg(&file);
            let text = said(command).await.failed(3);
            assert!(text.contains("does not accept our credentials"), "{line}: {text}");
            assert!(text.contains("renew the token in the kubeconfig"), "{line}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_ends_when_everything_has_settled_and_says_how() {
    play("once", async |stage| {
        let shop = stage.shop();
        let line = format!(
            "run --once --repo {} --instance-id {} --prometheus-address {} --namespace {}",
            shop.path.display(),
            stage.namespace,
            stage.prometheus,
            stage.namespace
        );
        stage.run(&line).await.ok();
        let rollout = stage.get("Rollout", "web").await;
        assert_eq!(rollout["status"]["phase"], "Healthy");
        let again = stage.run(&line).await.ok();
        assert!(!again.contains("created"), "nothing was to be done: {again}");

        let bad = shop.version("v1", "v2", "0.25");
        let kept = stage.run(&format!("{line} --rollback off")).await;
        assert_eq!(kept.code, 1, "{}{}", kept.out, kept.err);
        assert_eq!(shop.head(), bad, "with --rollback off Git stays as it is");
        stage.phase("web", "Degraded", |r| r["status"]["abort"] == true).await;

        let back = stage.run(&line).await.ok();
        assert!(back.contains("reverted"), "{back}");
        assert!(shop.git(&["log", "-1", "--format=%B"]).contains(&format!("This reverts commit {bad}.")));
        stage.phase("web", "Healthy", |_| true).await;

        shop.write("web/config.yaml", "kind: [");
        shop.commit("nonsense");
        let wrong = stage.run(&line).await;
        assert_eq!(wrong.code, 1, "{}{}", wrong.out, wrong.err);
        assert!(wrong.out.contains("web/config.yaml:1"), "{}", wrong.out);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_cluster_ends_with_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = switchback(folder.path());
    command.args(["sandbox", "--kubeconfig-out"]).arg(folder.path().join("kubeconfig"));
    let mut program = Program::start(command, folder.path(), "sandbox");
    program.says("export KUBECONFIG=").await;
    assert_eq!(program.terminate().await, 0);
    let mut command = switchback(folder.path());
    command.args(["sandbox", "--no-such-flag"]);
    let text = said(command).await.failed(2);
    assert!(text.contains("--no-such-flag"), "{text}");
}
