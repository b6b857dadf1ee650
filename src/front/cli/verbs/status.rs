//! Decides when `status` has its answer: healthy, degraded, or out of time.
//! It never changes anything.

use crate::api::names;
use crate::api::phase::RolloutPhase;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::base::duration::{human, parse_go};
use crate::front::cli::flags::Common;
use crate::front::cli::named::{bare_name, not_found};
use crate::front::cli::output::Output;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{output, print, setup};
use crate::front::exit::{Exit, Failure};
use crate::front::screen::{FAINT, paint, symbols};
use crate::front::signals::Signals;
use crate::front::view::draw::{standing, style_of};
use crate::front::view::follow::Following;
use crate::front::view::picture::Picture;
use clap::{CommandFactory, Parser};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// Wait until a Rollout is where it is going (exit 0 healthy, 1 degraded or out of time).
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  switchback status web --timeout 10m && echo deployed\n  \
switchback status web --timeout 0s     looks once and does not wait")]
struct Status {
    /// Name of the Rollout.
    name: String,
    /// How long to wait; without it there is no limit, with 0s it does not wait.
    #[arg(short, long, value_name = "DURATION", value_parser = parse_go)]
    timeout: Option<Duration>,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "status",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Status::command,
    start: |call| Box::pin(status(call)),
};

async fn status(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Status = call.flags()?;
    let signals = Signals::listen()?;
    tokio::select! {
        biased;
        code = signals.interrupted() => Ok(code),
        answer = answer(call.common, flags) => answer,
    }
}

async fn answer(common: Common, flags: Status) -> Result<ExitCode, Failure> {
    let cluster = setup::cluster(&common).await?;
    let namespace = setup::present_namespace(&common, &cluster);
    let name = bare_name(&flags.name);
    let mut following = Following::start(&cluster, Some(&namespace), false);
    let deadline = flags.timeout.map(|t| Instant::now() + t);
    let mut said = String::new();
    following.changed().await?;
    loop {
        let picture = following.picture(&namespace, name, Clock::Real.now());
        let Some(picture) = picture else { return Err(not_found(&namespace, name)) };
        if matches!(picture.phase, RolloutPhase::Healthy | RolloutPhase::Degraded)
            || flags.timeout == Some(Duration::ZERO)
        {
            return print_answer(&common, &picture, false);
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
            changed = following.changed() => changed?,
            () = out_of_time => {
                let waited = human(flags.timeout.unwrap_or_default());
                anstream::eprintln!("not healthy within {waited}; look closer: switchback get rollout {name} -n {namespace}");
                return print_answer(&common, &picture, true);
            }
        }
    }
}

fn print_answer(common: &Common, picture: &Picture, timed_out: bool) -> Result<ExitCode, Failure> {
    match common.output {
        Some(Output::Name | Output::Wide) => {
            print::name(&Target::new(names::ARGO, "Rollout", &picture.namespace, &picture.name));
        }
        Some(Output::Data(format)) => print::value(
            &json!({"namespace": picture.namespace, "name": picture.name, "phase": picture.phase,
                "message": picture.message, "held": picture.held, "revision": picture.revision, "timedOut": timed_out}),
            format,
        )?,
        None => {
            let (style, symbol) = style_of(&picture.phase);
            let why =
                if picture.message.is_empty() { String::new() } else { format!(" - {}", picture.message) };
            let text = format!("{symbol} {}{why}", picture.phase);
            anstream::println!("{}", symbols(&paint(style, &text)));
            if let Some(held) = &picture.held {
                anstream::println!("held: {held}");
            }
        }
    }
    Ok(if picture.phase == RolloutPhase::Healthy { ExitCode::SUCCESS } else { Exit::No.into() })
}
