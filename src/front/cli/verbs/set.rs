//! Decides what `set` understands, and that a person is asked before something that Git says is changed beside it.
//! It never decides what is written; `logic::rollout::set_image` does.

use crate::api::names;
use crate::front::cli::named::{self, Named};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output, setup};
use crate::front::exit::Failure;
use crate::logic::manifest::object::annotation;
use crate::logic::rollout::act::Said;
use crate::logic::rollout::set_image::{self, NewImage};
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Change something of a Rollout.
#[derive(Debug, Parser)]
struct Set {
    /// What to change.
    #[command(subcommand)]
    what: What,
}

/// What to change.
#[derive(Debug, Subcommand)]
enum What {
    /// Images of its containers; where it refers to a workload, there.
    #[command(
        after_help = "Examples:\n  switchback set image web main=example/web:v2\n  switchback set image web '*=example/web:v2'"
    )]
    Image {
        /// Which Rollout.
        #[command(flatten)]
        named: Named,
        /// The containers with their images; `*` is every one.
        #[arg(required = true, value_name = "CONTAINER=IMAGE")]
        images: Vec<NewImage>,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "set",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Set::command,
    start: |call| Box::pin(set(call)),
};

async fn set(call: Invocation) -> Result<ExitCode, Failure> {
    let common = &call.common;
    let What::Image { named, images, yes } = call.flags::<Set>()?.what;
    let cluster = setup::cluster(common).await?;
    let (object, rollout) = named::read(common, &cluster, &named.name).await?;
    let workload = named::workload(&cluster, &rollout).await?;
    let said =
        set_image::writes(&object, workload.as_ref(), &images).map_err(|e| Failure::usage(e.to_string()))?;
    let is_delivered = annotation(workload.as_ref().unwrap_or(&object), names::SOURCE).is_some();
    if is_delivered && matches!(said, Said::Writes(..)) {
        let place = named::place(&rollout);
        let question = format!(
            "{place} comes from Git, which says otherwise: unless its drift is only reported, this is taken back within \
             a second. Commit it instead. Write it all the same?"
        );
        act::confirm(&question, yes || named.dry_run)?;
    }
    act::carry_out(common, &cluster, &named, said).await
}
