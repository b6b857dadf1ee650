//! Decides what `abort` understands.
//! It never decides what is written; `logic::rollout::act` does.

use crate::front::cli::named::Named;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output};
use crate::front::exit::Failure;
use crate::logic::rollout::act::Act;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Go back to the stable revision, now.
#[derive(Debug, Parser)]
struct Abort {
    /// Which Rollout.
    #[command(flatten)]
    named: Named,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "abort",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Abort::command,
    start: |call| Box::pin(abort(call)),
};

async fn abort(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Abort = call.flags()?;
    act::say(&call.common, &flags.named, Act::Abort).await
}
