//! Holds the embedded cluster to what a real API server answered: transcripts are played, answers made canonical
//! and compared with goldens.
//!
//! ```text
//! cargo test --test cluster differential                                          the embedded cluster against the goldens
//! SWITCHBACK_KUBECONFIG=... cargo test --test cluster differential                a live server against the goldens
//! SWITCHBACK_KUBECONFIG=... SWITCHBACK_RECORD=1 cargo test --test cluster differential     makes the goldens anew
//! ```
//! `SWITCHBACK_ONLY=word,word` takes the transcripts whose names hold a word; `SWITCHBACK_ETCD=http://...` lets
//! transcripts compact the live server's store. `README.md` beside this file says how transcripts are written.

mod canon;
mod checks;
mod compare;
mod door;
mod play;
mod transcript;

use compare::{Known, known, unexplained};
use door::Door;
use serde_json::Value;
use std::collections::BTreeMap;
use transcript::{Script, room, scripts};

/// The embedded cluster's door: `Door::new` with the address it is served on; none until it is built. Transcripts
/// that compact the store are not played at a door without an `etcd`.
async fn embedded_door() -> Option<Door> {
    None
}

fn golden(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(room().join("goldens").join(format!("{name}.json"))).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("goldens/{name}.json: {e}")))
}

/// How many events each watch had when the golden was made.
fn expected_events(golden: Option<&Value>) -> BTreeMap<String, usize> {
    let watches = golden.and_then(|g| g["watches"].as_array()).cloned().unwrap_or_default();
    let count = |w: &Value| w["events"].as_array().map_or(0, Vec::len);
    watches.iter().map(|w| (w["name"].as_str().unwrap_or_default().to_owned(), count(w))).collect()
}

fn playable(door: &Door, script: &Script) -> bool {
    let compacts = script.transcript.requests.iter().any(|r| r.ask == "COMPACT");
    if compacts && !door.can_compact() {
        println!("{}: not played, the store cannot be compacted (SWITCHBACK_ETCD)", script.name);
        return false;
    }
    true
}

async fn record(door: &Door, only: Option<&str>) {
    for script in scripts(only) {
        assert!(playable(door, &script), "a golden cannot be made without SWITCHBACK_ETCD");
        let started = tokio::time::Instant::now();
        let record = play::play(door, &script, &BTreeMap::new()).await;
        let text = compare::pretty(&canon::canonical(&script, &record));
        std::fs::write(room().join("goldens").join(format!("{}.json", script.name)), text).unwrap();
        let (answers, watches) = (record.answers.len(), record.watches.len());
        println!("{}: {answers} answers, {watches} watches, {:.1?}", script.name, started.elapsed());
    }
}

/// Plays everything and returns what differs from the goldens without a reason, and the reasons that were not
/// needed.
async fn verify(door: &Door, only: Option<&str>, known: &[Known]) -> String {
    let (mut out, mut used) = (String::new(), vec![0; known.len()]);
    let mut different = 0;
    let all = scripts(only);
    for script in &all {
        if !playable(door, script) {
            continue;
        }
        let Some(golden) = golden(&script.name) else {
            out.push_str(&format!("{}: no golden; record it on a live server\n", script.name));
            continue;
        };
        let record = play::play(door, script, &expected_events(Some(&golden))).await;
        let text = unexplained(&script.name, &golden, &canon::canonical(script, &record), known, &mut used);
        different += usize::from(!text.is_empty());
        out.push_str(&text);
    }
    for (entry, _) in
        known.iter().zip(&used).filter(|(k, n)| **n == 0 && all.iter().any(|s| s.name == k.transcript))
    {
        out.push_str(&format!(
            "known.yaml: {} / {} {} explains nothing any more; remove it\n",
            entry.transcript, entry.request, entry.path
        ));
    }
    println!("{} transcripts played, {different} differ", all.len());
    out
}

/// The default run. While the embedded cluster has no door, only the form is held: every transcript parses and
/// has a golden with as many answers and watches as it asks for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transcripts_parse_and_match_their_goldens_in_form_or_against_the_server_that_is_given() {
    let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let only = text("SWITCHBACK_ONLY");
    if let Some(path) = text("SWITCHBACK_KUBECONFIG") {
        let door = Door::from_kubeconfig(&path, text("SWITCHBACK_ETCD"));
        if text("SWITCHBACK_RECORD").is_some() {
            return record(&door, only.as_deref()).await;
        }
        // A real server's answers need no excuse.
        let out = verify(&door, only.as_deref(), &[]).await;
        assert!(out.is_empty(), "the live server and the goldens differ:\n{out}");
    } else if let Some(door) = embedded_door().await {
        let out = verify(&door, only.as_deref(), &known()).await;
        assert!(out.is_empty(), "the embedded cluster and the goldens differ:\n{out}");
    } else {
        checks::forms(only.as_deref());
    }
}
