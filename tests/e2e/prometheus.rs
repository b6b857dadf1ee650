//! The `prometheus` provider against a real Prometheus, which scrapes a page of the test: analyses succeed and fail as
//! the numbers say. It never stands in for Prometheus.

use super::controller::controller_asking;
use super::numbers::Numbers;
use super::program::{LIMIT, Program, STEP, find, free_port};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio::time::{Instant, sleep};

/// Starts a Prometheus that scrapes `target` every second; none when the machine has none.
fn start(stage: &Stage, target: u16, port: u16) -> Option<Program> {
    let Some(program) = find(&["prometheus"], &[]) else {
        assert!(std::env::var_os("CI").is_none(), "prometheus was not found");
        println!("prometheus was not found: the provider is not tested against a real one");
        return None;
    };
    let config = json!({"global": {"scrape_interval": "1s"}, "scrape_configs": [
        {"job_name": "shop", "static_configs": [{"targets": [format!("127.0.0.1:{target}")]}]}]});
    let file = stage.path("prometheus.yml");
    std::fs::write(&file, config.to_string()).unwrap();
    let mut command = Command::new(program);
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.tsdb.path={}", stage.path("series").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    Some(Program::start(command, &stage.path("."), "prometheus"))
}

/// Waits until a query has a result.
async fn knows(address: &str, query: &str) {
    let late = Instant::now() + LIMIT;
    let client = reqwest::Client::new();
    loop {
        let asked = client.get(format!("{address}/api/v1/query")).query(&[("query", query)]).send().await;
        let answer: Value = match asked {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => Value::Null,
        };
        if answer["data"]["result"].as_array().is_some_and(|r| !r.is_empty()) {
            return;
        }
        assert!(Instant::now() < late, "Prometheus does not know {query}: {answer}");
        sleep(STEP).await;
    }
}

/// Creates a run that measures `query` twice and wants `condition`.
async fn measure(stage: &Stage, name: &str, query: &str, condition: &str) {
    let args = json!([{"name": "version", "value": name}]);
    let labels = json!({"argo-rollouts.argoproj.io/controller-instance-id": stage.namespace});
    let metric = json!({"name": "errors", "interval": "1s", "count": 2, "successCondition": condition,
        "provider": {"prometheus": {"query": query}}});
    stage
        .create(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": {"name": name, "labels": labels}, "spec": {"args": args, "metrics": [metric]}}))
        .await;
}

async fn ended(stage: &Stage, name: &str) -> Value {
    let done = ["Successful", "Failed", "Error", "Inconclusive"];
    let run = stage.until("AnalysisRun", name, "over", |r| {
        r["status"]["phase"].as_str().is_some_and(|p| done.contains(&p))
    });
    run.await["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_is_asked_and_believed() {
    play("prometheus", async |stage| {
        let page = "# TYPE errors gauge\nerrors{version=\"good\"} 0.01\nerrors{version=\"bad\"} 0.25\n\
                    # TYPE requests gauge\nrequests 40\n";
        let target = Numbers::page(Arc::new(Mutex::new(page.to_owned()))).await;
        let port = free_port();
        let Some(mut server) = start(stage, target.port, port) else { return };
        let address = format!("http://127.0.0.1:{port}");
        knows(&address, "errors").await;
        let mut program = controller_asking(stage, &stage.namespace, &address);

        let query = "avg(errors{version=\"{{args.version}}\"})";
        measure(stage, "good", query, "result[0] < 0.05").await;
        measure(stage, "bad", query, "result[0] < 0.05").await;
        measure(stage, "scalar", "scalar(requests)", "result == 40").await;
        measure(stage, "nothing", "absent_thing", "len(result) == 0").await;
        measure(stage, "nonsense", "sum(", "result[0] < 1").await;
        let good = ended(stage, "good").await;
        assert_eq!(good["phase"], "Successful", "{good}");
        let taken = &good["metricResults"][0];
        assert_eq!((&taken["count"], &taken["successful"]), (&json!(2), &json!(2)), "{good}");
        assert_eq!(taken["measurements"][0]["value"], "[0.01]", "{good}");
        let query = &taken["metadata"]["ResolvedPrometheusQuery"];
        assert_eq!(query, "avg(errors{version=\"good\"})", "{good}");
        let bad = ended(stage, "bad").await;
        assert_eq!(bad["phase"], "Failed", "{bad}");
        assert_eq!(bad["metricResults"][0]["measurements"][0]["value"], "[0.25]", "{bad}");
        let scalar = ended(stage, "scalar").await;
        assert_eq!(scalar["phase"], "Successful", "{scalar}");
        let query = &scalar["metricResults"][0]["metadata"]["ResolvedPrometheusQuery"];
        assert_eq!(query, "scalar(requests)", "{scalar}");
        assert_eq!(ended(stage, "nothing").await["phase"], "Successful");

        // An error is asked about again, and says what Prometheus said.
        let nonsense = stage.until("AnalysisRun", "nonsense", "in error", |r| {
            r["status"]["metricResults"][0]["error"].as_i64().is_some_and(|n| n > 0)
        });
        let nonsense = nonsense.await["status"].clone();
        let message = nonsense["metricResults"][0]["measurements"][0]["message"].as_str().unwrap();
        assert!(message.contains("parse error") || message.contains("bad_data"), "{nonsense}");
        assert_eq!(program.terminate().await, 0);
        server.terminate().await;
    })
    .await;
}
