//! Tables as kubectl asks for them: the columns and cells that a real server's golden holds.
//! What chance and the clock decide is left open: ages, addresses, uids.

use crate::sandbox::wire::{Told, answer, merge, post, sandbox};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use switchback::sandbox::Sandbox;

const TRANSCRIPT: &str = include_str!("../differential/transcripts/accept-tables.yaml");
const GOLDEN: &str = include_str!("../differential/goldens/accept-tables.json");
const ACCEPT: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// `value` with what stands for each `${name}`.
fn filled(value: &Value, given: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::String(text) => {
            let whole = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).and_then(|n| given.get(n));
            if let Some(found) = whole {
                return filled(found, given);
            }
            let mut out = text.clone();
            for (name, found) in given {
                out = out.replace(&format!("${{{name}}}"), found.as_str().unwrap_or_default());
            }
            if out == *text { out.into() } else { filled(&out.into(), given) }
        }
        Value::Array(all) => all.iter().map(|v| filled(v, given)).collect(),
        Value::Object(all) => all.iter().map(|(k, v)| (k.clone(), filled(v, given))).collect(),
        other => other.clone(),
    }
}

async fn table(server: &Sandbox, request: &Value) -> Told {
    let (_, path) = request["ask"].as_str().unwrap().split_once(' ').unwrap();
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let query = request["query"].as_object().into_iter().flatten();
    let query: Vec<String> = query.map(|(k, v)| format!("{k}={}", plain(v))).collect();
    let asked = http::Request::get(format!("{path}?{}", query.join("&"))).header("accept", ACCEPT);
    answer(server, asked.body(http_body_util::Full::<Bytes>::default()).unwrap()).await
}

/// What kubectl prints by: name, type, format and priority of each column.
fn columns(table: &Value) -> Vec<Value> {
    let all = table["columnDefinitions"].as_array().unwrap().iter();
    all.map(|c| json!([c["name"], c["type"], c["format"], c["priority"]])).collect()
}

/// Whether a cell is the golden's; what the golden leaves open (`<age>`, `<ip-1>`) may be any text.
fn same(cell: &Value, golden: &Value) -> bool {
    let open = |text: &str| {
        let words = ["<age>", "<ip-", "<uid-", "<ns>"];
        words.iter().any(|word| text.contains(word))
    };
    cell == golden || (cell.is_string() && golden.as_str().is_some_and(open))
}

#[tokio::test]
async fn built_in_kinds_are_printed_as_a_real_server_prints_them() {
    let server = sandbox(1);
    let mut script: Value = serde_yaml::from_str(TRANSCRIPT).unwrap();
    let mut given: BTreeMap<String, Value> = serde_json::from_value(script["given"].take()).unwrap();
    given.insert("ns".to_owned(), "shop".into());
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    post(&server, "/api/v1/namespaces", &space).await;
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let told = |name: &str| golden["answers"].as_array().unwrap().iter().find(|a| a["name"] == name).unwrap();
    let mut held = 0;
    for request in script["requests"].as_array().unwrap() {
        let request = filled(request, &given);
        let (name, ask) = (request["name"].as_str().unwrap(), request["ask"].as_str().unwrap());
        if let (Some(path), true) = (ask.strip_prefix("POST "), name.starts_with("make ")) {
            let made = post(&server, path, &request["body"]).await;
            assert_eq!(made.code, 201, "{name}: {}", made.message());
            if name == "make job" {
                // no controller runs here that would say so
                let conditions = json!([{"type": "Suspended", "status": "True"}]);
                let status = json!({"status": {"conditions": conditions}});
                assert_eq!(merge(&server, &format!("{path}/a/status"), &status).await.code, 200);
            }
            continue;
        }
        let wanted = &told(name)["body"];
        if wanted["kind"] != "Table" || !ask.starts_with("GET ") {
            continue;
        }
        let got = table(&server, &request).await.body;
        // a golden of which only a part was picked has no row of its own to hold against
        assert_eq!(columns(&got), columns(wanted), "{name}");
        let rows = |table: &Value| table["rows"].as_array().unwrap().clone();
        assert_eq!(rows(&got).len(), rows(wanted).len(), "{name}: {got}");
        for (row, golden) in rows(&got).iter().zip(rows(wanted)) {
            let pairs = row["cells"].as_array().unwrap().iter().zip(golden["cells"].as_array().unwrap());
            assert!(
                pairs.clone().all(|(c, g)| same(c, g)),
                "{name}: {} and {}",
                row["cells"],
                golden["cells"]
            );
            assert_eq!(row["object"]["kind"], golden["object"]["kind"], "{name}");
        }
        held += 1;
    }
    assert!(held >= 14, "{held} tables");
}

#[tokio::test]
async fn a_watch_names_its_columns_once() {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    let server = sandbox(1);
    let pod = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}})
    };
    let pods = "/api/v1/namespaces/default/pods";
    for name in ["a", "b"] {
        post(&server, pods, &pod(name)).await;
    }
    let asked = http::Request::get(format!("{pods}?watch=1")).header("accept", ACCEPT);
    let asked = asked.body(http_body_util::Full::<Bytes>::default()).unwrap();
    let mut body = server.service().oneshot(asked).await.unwrap().into_body();
    let lines = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let events: Vec<Value> = lines
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    let [first, second] = events.as_slice() else { panic!("{} events", events.len()) };
    assert_eq!(first["object"]["columnDefinitions"][2]["name"], "Status");
    assert_eq!(second["object"]["columnDefinitions"], Value::Null);
    assert_eq!(second["object"]["rows"][0]["cells"][2], "Pending");
}
