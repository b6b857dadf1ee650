//! Decides how `get` shows Rollouts: once or for as long as it is watched, drawn or as data.
//! It never changes anything.

use crate::api::names;
use crate::api::phase::RolloutPhase;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::engine::setup::{AccessError, Client};
use crate::front::cli::args::{Common, Get, Output};
use crate::front::cli::fail::Failure;
use crate::front::cli::open;
use crate::front::cli::plan::print_value;
use crate::front::cli::run::interrupted;
use crate::front::screen::{Live, is_live, symbols};
use crate::front::view::draw::{line, tree};
use crate::front::view::follow::Following;
use crate::front::view::picture::Picture;
use crate::front::view::table;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

/// How often a live view is drawn anew for the sake of the times in it.
const TICK: Duration = Duration::from_secs(1);

/// A name as users write it, `web` or `rollout/web`.
#[must_use]
pub fn bare_name(name: &str) -> &str {
    ["rollout/", "rollouts/", "ro/", "rollout.argoproj.io/", "rollouts.argoproj.io/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}

/// There is no such Rollout.
#[must_use]
pub fn not_found(namespace: &str, name: &str) -> Failure {
    Failure::usage(format!(
        "rollout {namespace}/{name} is not there; see what is: switchback get rollouts -n {namespace}"
    ))
}

/// Rollouts cannot be watched.
#[must_use]
pub fn unwatchable(why: String) -> Failure {
    if why.contains("404") || why.contains("not find") {
        return Failure::usage(
            "the cluster serves no Rollouts; install the definitions: switchback install-crds",
        );
    }
    Failure::unreachable(format!("Rollouts cannot be watched: {why}"))
}

/// Does what `get` says.
///
/// # Errors
/// There is no such Rollout, or the cluster refuses or is away.
pub async fn get(common: Common, what: Get) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    let namespace = open::present_namespace(&common, &cluster);
    match what {
        Get::Rollouts { all_namespaces, watch: false } => {
            let namespace = Some(namespace.as_str()).filter(|_| !all_namespaces);
            let kind = cluster.kind(names::ARGO, "Rollout").await?;
            let now = Clock::Real.now();
            let found = match cluster.list(&kind, namespace, "").await {
                Err(e) if e.is_missing() => {
                    return Err(AccessError::no_kind(Target::new(names::ARGO, "Rollout", "", "")).into());
                }
                other => other?,
            };
            let pictures: Vec<Picture> = found.iter().map(|r| Picture::of(r, &[], &[], &[], now)).collect();
            show_all(&pictures, namespace, common.output)?;
            Ok(ExitCode::SUCCESS)
        }
        Get::Rollouts { all_namespaces, watch: true } => {
            let namespace = Some(namespace.as_str()).filter(|_| !all_namespaces);
            tokio::select! {
                biased;
                code = interrupted() => Ok(code),
                ended = watch_all(&cluster, namespace, common.output) => ended,
            }
        }
        Get::Rollout { name, watch: false } => {
            let name = bare_name(&name);
            let picture =
                gather(&cluster, &namespace, name).await?.ok_or_else(|| not_found(&namespace, name))?;
            show_one(&picture, &cluster, common.output)?;
            Ok(ExitCode::SUCCESS)
        }
        Get::Rollout { name, watch: true } => tokio::select! {
            biased;
            code = interrupted() => Ok(code),
            ended = watch_one(&cluster, &namespace, bare_name(&name), common.output) => ended,
        },
    }
}

/// Reads one Rollout with everything that is shown of it; none when it is not there.
///
/// # Errors
/// The cluster refuses or is away.
pub async fn gather(cluster: &Client, namespace: &str, name: &str) -> Result<Option<Picture>, AccessError> {
    let target = Target::new(names::ARGO, "Rollout", namespace, name);
    let Some(rollout) = cluster.get(&target).await? else { return Ok(None) };
    let mut found: Vec<Vec<Value>> = Vec::new();
    for (version, kind, labels) in [
        ("apps/v1", "ReplicaSet", names::POD_HASH),
        ("v1", "Pod", names::POD_HASH),
        (names::ARGO, "AnalysisRun", ""),
    ] {
        let served = cluster.kind(version, kind).await?;
        found.push(match cluster.list(&served, Some(namespace), labels).await {
            Err(e) if e.is_missing() => Vec::new(),
            other => other?,
        });
    }
    let [sets, pods, runs] = found.as_slice() else { return Ok(None) };
    Ok(Some(Picture::of(&rollout, sets, pods, runs, Clock::Real.now())))
}

fn as_data<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn show_one(picture: &Picture, cluster: &Client, output: Option<Output>) -> Result<(), Failure> {
    match output {
        Some(format) => print_value(&as_data(picture), format)?,
        None => Live::default()
            .draw(&tree(picture, Clock::Real.now(), cluster.namespace()))
            .map_err(|e| Failure::usage(e.to_string()))?,
    }
    Ok(())
}

fn show_all(pictures: &[Picture], namespace: Option<&str>, output: Option<Output>) -> Result<(), Failure> {
    if let Some(format) = output {
        return print_value(&json!({"rollouts": as_data(&pictures)}), format);
    }
    if pictures.is_empty() {
        let place = namespace.map_or_else(|| "in the cluster".to_owned(), |ns| format!("in namespace {ns}"));
        anstream::eprintln!("no Rollouts {place}");
        return Ok(());
    }
    print!("{}", table::rollouts(pictures, namespace.is_none(), Clock::Real.now()));
    Ok(())
}

/// A document of a stream: one line of JSON, or one YAML document.
fn print_document(value: &Value, format: Output) -> Result<(), Failure> {
    match format {
        Output::Json => println!("{value}"),
        Output::Yaml => {
            println!("---");
            print_value(value, format)?;
        }
    }
    Ok(())
}

async fn watch_one(
    cluster: &Client,
    namespace: &str,
    name: &str,
    output: Option<Output>,
) -> Result<ExitCode, Failure> {
    let mut following = Following::start(cluster, Some(namespace), true);
    let mut live = Live::default();
    let mut last = Value::Null;
    let mut seen = false;
    following.changed().await.map_err(unwatchable)?;
    loop {
        let now = Clock::Real.now();
        let Some(picture) = following.picture(namespace, name, now) else {
            if !seen {
                return Err(not_found(namespace, name));
            }
            anstream::eprintln!("rollout {namespace}/{name} was deleted");
            return Ok(ExitCode::SUCCESS);
        };
        seen = true;
        match output {
            None if is_live() => live
                .draw(&tree(&picture, now, cluster.namespace()))
                .map_err(|e| Failure::usage(e.to_string()))?,
            None => {
                let degraded = picture.phase == RolloutPhase::Degraded;
                let why = if degraded { format!("  {}", picture.message) } else { String::new() };
                let text = json!(line(&picture) + &why);
                if text != last {
                    println!("{}", symbols(text.as_str().unwrap_or_default()));
                    last = text;
                }
            }
            Some(format) => {
                let data = as_data(&picture);
                if data != last {
                    print_document(&data, format)?;
                    last = data;
                }
            }
        }
        tokio::select! {
            biased;
            changed = following.changed() => changed.map_err(unwatchable)?,
            () = tokio::time::sleep(TICK), if is_live() && output.is_none() => {}
        }
    }
}

async fn watch_all(
    cluster: &Client,
    namespace: Option<&str>,
    output: Option<Output>,
) -> Result<ExitCode, Failure> {
    let mut following = Following::start(cluster, namespace, false);
    let mut live = Live::default();
    let mut last: Vec<Picture> = Vec::new();
    loop {
        following.changed().await.map_err(unwatchable)?;
        let now = Clock::Real.now();
        let pictures = following.rollouts(now);
        if pictures == last {
            continue;
        }
        match output {
            Some(format) => print_document(&json!({"rollouts": as_data(&pictures)}), format)?,
            None if is_live() => live
                .draw(&table::rollouts(&pictures, namespace.is_none(), now))
                .map_err(|e| Failure::usage(e.to_string()))?,
            None => {
                let new: Vec<Picture> = pictures.iter().filter(|p| !last.contains(p)).cloned().collect();
                let text = table::rollouts(&new, namespace.is_none(), now);
                let skip = usize::from(!last.is_empty());
                text.lines().skip(skip).for_each(|l| println!("{l}"));
            }
        }
        last = pictures;
    }
}
