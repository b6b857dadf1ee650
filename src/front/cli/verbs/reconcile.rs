//! Decides what `reconcile` understands, and how a Delivery is asked to be looked at now.
//! It never reconciles one; whoever looks after it does.

use crate::api::delivery::{KIND, VERSION};
use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::base::clock::Clock;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output, setup};
use crate::front::exit::Failure;
use crate::logic::rollout::act::Said;
use clap::{CommandFactory, Parser};
use serde_json::json;
use std::process::ExitCode;

/// Have a Delivery fetched and compared whole now.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  switchback reconcile shop -n prod && kubectl -n prod get delivery shop -w"
)]
struct Reconcile {
    /// Name of the Delivery.
    name: String,
    /// Only say what would be written.
    #[arg(long)]
    dry_run: bool,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "reconcile",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Reconcile::command,
    start: |call| Box::pin(reconcile(call)),
};

async fn reconcile(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Reconcile>()?);
    let cluster = setup::cluster(common).await?;
    let namespace = setup::present_namespace(common, &cluster);
    let prefixes = ["delivery/", "deliveries/", "dlv/"];
    let name = prefixes.iter().find_map(|p| flags.name.strip_prefix(p)).unwrap_or(&flags.name);
    let target = Target::new(VERSION, KIND, &namespace, name);
    if cluster.get(&target).await?.is_none() {
        return Err(Failure::usage(format!(
            "delivery {namespace}/{name} is not there; see what is: switchback get deliveries -n {namespace}"
        )));
    }
    let now = Clock::Real.now().to_string();
    let patch = Patch::Merge(json!({"metadata": {"annotations": {names::REQUESTED: now}}}));
    let write = Write::Patch { target: target.clone(), subresource: "", patch, expect: None };
    let said = Said::Writes(vec![write], "is asked to be reconciled".to_owned());
    act::carry_out_of(common, &cluster, &target, flags.dry_run, said).await
}
