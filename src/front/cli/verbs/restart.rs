//! Decides what `restart` understands, and from when on pods count as new.
//! It never decides what is written; `logic::rollout::act` does.

use crate::api::time::Time;
use crate::base::clock::Clock;
use crate::base::duration::parse_go;
use crate::front::cli::named::Named;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output};
use crate::front::exit::Failure;
use crate::logic::rollout::act::Act;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;
use std::time::Duration;

/// Replace all pods, a few at a time.
#[derive(Debug, Parser)]
struct Restart {
    /// Which Rollout.
    #[command(flatten)]
    named: Named,
    /// Not now, but after this time.
    #[arg(short, long = "in", value_name = "DURATION", default_value = "0s", value_parser = parse_go)]
    after: Duration,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "restart",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Restart::command,
    start: |call| Box::pin(restart(call)),
};

async fn restart(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Restart = call.flags()?;
    let seconds = i64::try_from(flags.after.as_secs()).unwrap_or(i64::MAX);
    let at = Time::of(Time::of(Clock::Real.now()).plus_seconds(seconds));
    act::say(&call.common, &flags.named, Act::Restart(at)).await
}
