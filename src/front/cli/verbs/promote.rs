//! Decides what `promote` understands, and that a person is asked before pauses and analyses are left out.
//! It never decides what is written; `logic::rollout::act` does.

use crate::front::cli::named::{self, Named};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output, setup};
use crate::front::exit::Failure;
use crate::logic::rollout::act::{Act, Said, writes};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Go on: end the pause, or leave the present step.
#[derive(Debug, Parser)]
struct Promote {
    /// Which Rollout.
    #[command(flatten)]
    named: Named,
    /// Go to the end at once, without pauses and analyses.
    #[arg(long)]
    full: bool,
    /// Do not ask before --full.
    #[arg(short, long)]
    yes: bool,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "promote",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Promote::command,
    start: |call| Box::pin(promote(call)),
};

async fn promote(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Promote>()?);
    let cluster = setup::cluster(common).await?;
    let (_, rollout) = named::read(common, &cluster, &flags.named.name).await?;
    let said = writes(&rollout, if flags.full { Act::PromoteFull } else { Act::Promote });
    if flags.full && matches!(said, Said::Writes(..)) {
        let question =
            format!("Promote {} at once, without its pauses and analyses?", named::place(&rollout));
        act::confirm(&question, flags.yes || flags.named.dry_run)?;
    }
    act::carry_out(common, &cluster, &flags.named, said).await
}
