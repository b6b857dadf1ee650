//! Decides what `undo` understands and reads, and that a person is asked first.
//! It never decides what is written; `logic::rollout::undo` does.

use crate::api::selector::LabelSelector;
use crate::front::cli::named::{self, Named};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output, setup};
use crate::front::exit::Failure;
use crate::logic::rollout::act::Said;
use crate::logic::rollout::undo;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Go back to an older revision; what came from Git is reverted there too.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  switchback undo web                    back to the revision before\n  \
switchback undo web --to-revision 3 --yes")]
struct Undo {
    /// Which Rollout.
    #[command(flatten)]
    named: Named,
    /// The revision; 0 is the one before the present.
    #[arg(long, value_name = "N", default_value_t = 0)]
    to_revision: i64,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "undo",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Undo::command,
    start: |call| Box::pin(undo(call)),
};

async fn undo(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Undo>()?);
    let cluster = setup::cluster(common).await?;
    let (object, rollout) = named::read(common, &cluster, &flags.named.name).await?;
    let namespace = rollout.metadata.namespace.as_str();
    let workload = named::workload(&cluster, &rollout).await?;
    let selector = rollout.spec.selector.clone().or_else(|| {
        let selector = workload.as_ref()?.pointer("/spec/selector")?;
        serde_json::from_value::<LabelSelector>(selector.clone()).ok()
    });
    let kind = cluster.kind("apps/v1", "ReplicaSet").await?;
    let selector = selector.unwrap_or_default().to_string();
    let replica_sets = cluster.list(&kind, Some(namespace), &selector).await?;
    let said = undo::writes(&object, &replica_sets, workload.as_ref(), flags.to_revision)
        .map_err(|e| Failure::usage(e.to_string()))?;
    if let Said::Writes(_, words) = &said {
        let question = format!("{} {words}. Go on?", named::place(&rollout));
        act::confirm(&question, flags.yes || flags.named.dry_run)?;
    }
    act::carry_out(common, &cluster, &flags.named, said).await
}
