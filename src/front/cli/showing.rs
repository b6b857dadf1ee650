//! Decides how Rollouts are shown: once or for as long as they are watched, drawn or as data.
//! It never changes anything.

use crate::api::delivery::Delivery;
use crate::api::phase::RolloutPhase;
use crate::base::clock::Clock;
use crate::engine::setup::Client;
use crate::front::cli::flags::Output;
use crate::front::cli::named::not_found;
use crate::front::cli::print;
use crate::front::exit::Failure;
use crate::front::screen::{Live, is_live, symbols};
use crate::front::view;
use crate::front::view::draw::{line, tree};
use crate::front::view::follow::Following;
use crate::front::view::picture::Picture;
use crate::front::view::table;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

/// How often a live view is drawn anew for the sake of the times in it.
const TICK: Duration = Duration::from_secs(1);

fn as_data<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Shows one Rollout.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn one(picture: &Picture, cluster: &Client, output: Option<Output>) -> Result<(), Failure> {
    match output {
        Some(format) => print::value(&as_data(picture), format)?,
        None => Live::default()
            .draw(&tree(picture, Clock::Real.now(), cluster.namespace()))
            .map_err(|e| Failure::usage(e.to_string()))?,
    }
    Ok(())
}

/// Shows the Rollouts of `namespace`, or of all.
///
/// # Errors
/// None is known.
pub(crate) fn all(
    pictures: &[Picture],
    namespace: Option<&str>,
    output: Option<Output>,
) -> Result<(), Failure> {
    if let Some(format) = output {
        return print::value(&json!({"rollouts": as_data(&pictures)}), format);
    }
    if pictures.is_empty() {
        let place = namespace.map_or_else(|| "in the cluster".to_owned(), |ns| format!("in namespace {ns}"));
        anstream::eprintln!("no Rollouts {place}");
        return Ok(());
    }
    print!("{}", table::rollouts(pictures, namespace.is_none(), Clock::Real.now()));
    Ok(())
}

/// Shows the Deliveries of `namespace`, or of all, as they were `found`.
///
/// # Errors
/// None is known.
pub(crate) fn deliveries(
    found: Vec<Value>,
    namespace: Option<&str>,
    output: Option<Output>,
) -> Result<(), Failure> {
    if let Some(format) = output {
        return print::value(&json!({"deliveries": found}), format);
    }
    if found.is_empty() {
        let place = namespace.map_or_else(|| "in the cluster".to_owned(), |ns| format!("in namespace {ns}"));
        anstream::eprintln!("no Deliveries {place}");
        return Ok(());
    }
    let read: Vec<Delivery> = found.into_iter().filter_map(|d| serde_json::from_value(d).ok()).collect();
    print!("{}", view::deliveries::table(&read, namespace.is_none(), Clock::Real.now()));
    Ok(())
}

/// Shows one Rollout whenever it changes, until it is gone.
///
/// # Errors
/// There is no such Rollout, the cluster refuses or is away, or standard output is closed.
pub(crate) async fn watch_one(
    cluster: &Client,
    namespace: &str,
    name: &str,
    output: Option<Output>,
) -> Result<ExitCode, Failure> {
    let mut following = Following::start(cluster, Some(namespace), true);
    let mut live = Live::default();
    let mut last = Value::Null;
    let mut seen = false;
    following.changed().await?;
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
                    print::document(&data, format)?;
                    last = data;
                }
            }
        }
        tokio::select! {
            biased;
            changed = following.changed() => changed?,
            () = tokio::time::sleep(TICK), if is_live() && output.is_none() => {}
        }
    }
}

/// Shows the Rollouts of `namespace`, or of all, whenever one of them changes.
///
/// # Errors
/// The cluster refuses or is away, or standard output is closed.
pub(crate) async fn watch_all(
    cluster: &Client,
    namespace: Option<&str>,
    output: Option<Output>,
) -> Result<ExitCode, Failure> {
    let mut following = Following::start(cluster, namespace, false);
    let mut live = Live::default();
    let mut last: Vec<Picture> = Vec::new();
    loop {
        following.changed().await?;
        let now = Clock::Real.now();
        let pictures = following.rollouts(now);
        if pictures == last {
            continue;
        }
        match output {
            Some(format) => print::document(&json!({"rollouts": as_data(&pictures)}), format)?,
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
