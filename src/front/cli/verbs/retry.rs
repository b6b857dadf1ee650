//! Decides what `retry` understands.
//! It never decides what is written; `logic::rollout::act` does.

use crate::front::cli::named::Named;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output};
use crate::front::exit::Failure;
use crate::logic::rollout::act::Act;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Try an aborted revision again.
#[derive(Debug, Parser)]
struct Retry {
    /// Which Rollout.
    #[command(flatten)]
    named: Named,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "retry",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Retry::command,
    start: |call| Box::pin(retry(call)),
};

async fn retry(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Retry = call.flags()?;
    act::say(&call.common, &flags.named, Act::Retry).await
}
