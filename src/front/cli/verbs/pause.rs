//! Decides what `pause` understands.
//! It never decides what is written; `logic::rollout::act` does.

use crate::front::cli::named::Named;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output};
use crate::front::exit::Failure;
use crate::logic::rollout::act::Act;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Stay at the present step until `promote`.
#[derive(Debug, Parser)]
struct Pause {
    /// Which Rollout.
    #[command(flatten)]
    named: Named,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "pause",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Pause::command,
    start: |call| Box::pin(pause(call)),
};

async fn pause(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Pause = call.flags()?;
    act::say(&call.common, &flags.named, Act::Pause).await
}
