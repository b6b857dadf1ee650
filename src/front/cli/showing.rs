//! Decides how one Rollout is shown: once or for as long as it is watched, drawn, as data or by its name.
//! It never changes anything.

use crate::api::phase::RolloutPhase;
use crate::base::clock::Clock;
use crate::engine::setup::Client;
use crate::front::cli::listing::target;
use crate::front::cli::named::not_found;
use crate::front::cli::output::Output;
use crate::front::cli::print;
use crate::front::exit::Failure;
use crate::front::screen::{Live, is_live, symbols, width};
use crate::front::view::draw::{line, tree};
use crate::front::view::follow::Following;
use crate::front::view::picture::Picture;
use crate::front::view::table::{ROLLOUTS, Wanted};
use serde_json::Value;
use std::process::ExitCode;
use std::time::Duration;

/// How often a live view is drawn anew for the sake of the times in it.
const TICK: Duration = Duration::from_secs(1);

/// The Rollout as a wide table of one row.
fn wide(picture: &Picture) -> String {
    let wanted = Wanted { wide: true, cells: is_live().then(width), ..Wanted::default() };
    ROLLOUTS.draw(std::slice::from_ref(picture), wanted, Clock::Real.now())
}

/// Shows one Rollout.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn one(picture: &Picture, cluster: &Client, output: Option<Output>) -> Result<(), Failure> {
    match output {
        Some(Output::Data(format)) => print::value(&print::as_data(picture), format)?,
        Some(Output::Name) => print::name(&target(picture)),
        Some(Output::Wide) => print!("{}", symbols(&wide(picture))),
        None => Live::default()
            .draw(&tree(picture, Clock::Real.now(), cluster.namespace()))
            .map_err(|e| Failure::usage(e.to_string()))?,
    }
    Ok(())
}

/// The Rollout in a line for where nothing can be redrawn.
fn in_a_line(picture: &Picture) -> String {
    let is_degraded = picture.phase == RolloutPhase::Degraded;
    let why = if is_degraded { format!("  {}", picture.message) } else { String::new() };
    line(picture) + &why
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
    let mut heads = 0;
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
        let is_redrawn = is_live() && output.is_none();
        if is_redrawn {
            live.draw(&tree(&picture, now, cluster.namespace()))
                .map_err(|e| Failure::usage(e.to_string()))?;
        } else {
            let data = match output {
                None => Value::String(in_a_line(&picture)),
                Some(_) => print::as_data(&picture),
            };
            if data != last {
                match output {
                    None => println!("{}", symbols(data.as_str().unwrap_or_default())),
                    Some(Output::Data(format)) => print::document(&data, format)?,
                    Some(Output::Name) => print::name(&target(&picture)),
                    Some(Output::Wide) => {
                        wide(&picture).lines().skip(heads).for_each(|line| println!("{}", symbols(line)));
                        heads = 1;
                    }
                }
                last = data;
            }
        }
        tokio::select! {
            biased;
            changed = following.changed() => changed?,
            () = tokio::time::sleep(TICK), if is_redrawn => {}
        }
    }
}
