//! Decides when `status` has its answer: healthy, degraded, or out of time.
//! It never changes anything.

use crate::api::phase::RolloutPhase;
use crate::base::clock::Clock;
use crate::base::duration::human;
use crate::front::cli::args::{Common, Status};
use crate::front::cli::fail::{Failure, NO};
use crate::front::cli::plan::print_value;
use crate::front::cli::run::interrupted;
use crate::front::cli::{get, open};
use crate::front::screen::{FAINT, paint, symbols};
use crate::front::view::draw::{look, standing};
use crate::front::view::follow::Following;
use crate::front::view::picture::Picture;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// Does what `status` says.
///
/// # Errors
/// There is no such Rollout, or the cluster refuses or is away.
pub async fn status(common: Common, verb: Status) -> Result<ExitCode, Failure> {
    tokio::select! {
        biased;
        code = interrupted() => Ok(code),
        answer = answer(common, verb) => answer,
    }
}

async fn answer(common: Common, verb: Status) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    let namespace = open::present_namespace(&common, &cluster);
    let name = get::bare_name(&verb.name);
    let mut following = Following::start(&cluster, Some(&namespace), false);
    let deadline = verb.timeout.map(|t| Instant::now() + t);
    let mut said = String::new();
    following.changed().await.map_err(get::unwatchable)?;
    loop {
        let picture = following.picture(&namespace, name, Clock::Real.now());
        let Some(picture) = picture else { return Err(get::not_found(&namespace, name)) };
        if matches!(picture.phase, RolloutPhase::Healthy | RolloutPhase::Degraded)
            || verb.timeout == Some(Duration::ZERO)
        {
            return tell(&common, &picture, false);
        }
        let line = standing(&picture);
        if line != said {
            let next = picture.next.as_ref().map(|n| format!("; next: {n}")).unwrap_or_default();
            anstream::eprintln!("{}", paint(FAINT, &symbols(&format!("{line}{next}"))));
            said = line;
        }
        let out_of_time = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = following.changed() => changed.map_err(get::unwatchable)?,
            () = out_of_time => {
                let waited = human(verb.timeout.unwrap_or_default());
                anstream::eprintln!("not healthy within {waited}; look closer: switchback get rollout {name} -n {namespace}");
                return tell(&common, &picture, true);
            }
        }
    }
}

fn tell(common: &Common, picture: &Picture, timed_out: bool) -> Result<ExitCode, Failure> {
    match common.output {
        Some(format) => print_value(
            &json!({"namespace": picture.namespace, "name": picture.name, "phase": picture.phase,
                "message": picture.message, "revision": picture.revision, "timedOut": timed_out}),
            format,
        )?,
        None => {
            let (style, symbol) = look(&picture.phase);
            let why =
                if picture.message.is_empty() { String::new() } else { format!(" - {}", picture.message) };
            let text = format!("{symbol} {}{why}", picture.phase);
            anstream::println!("{}", symbols(&paint(style, &text)));
        }
    }
    Ok(if picture.phase == RolloutPhase::Healthy { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}
