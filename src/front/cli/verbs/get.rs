//! Decides what `get` understands, and what of the cluster it shows.
//! It never changes anything.

use crate::api::write::Target;
use crate::api::{delivery, names};
use crate::base::clock::Clock;
use crate::engine::setup::{AccessError, Client};
use crate::front::cli::named::{bare_name, not_found};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{setup, showing};
use crate::front::exit::Failure;
use crate::front::signals::Signals;
use crate::front::view::gather::gather;
use crate::front::view::picture::Picture;
use clap::{CommandFactory, Parser, Subcommand};
use serde_json::Value;
use std::process::ExitCode;

/// Show Rollouts or Deliveries.
#[derive(Debug, Parser)]
struct Get {
    /// What to show.
    #[command(subcommand)]
    what: What,
}

/// What to show.
#[derive(Debug, Subcommand)]
enum What {
    /// All Rollouts of a namespace, as a table.
    #[command(visible_alias = "ros")]
    Rollouts {
        /// Those of all namespaces.
        #[arg(short = 'A', long)]
        all_namespaces: bool,
        /// Go on showing what changes.
        #[arg(short, long)]
        watch: bool,
    },
    /// All Deliveries of a namespace, as a table; `kubectl describe delivery` tells more of one.
    #[command(visible_alias = "dlv")]
    Deliveries {
        /// Those of all namespaces.
        #[arg(short = 'A', long)]
        all_namespaces: bool,
    },
    /// One Rollout with its revisions, pods and analyses.
    #[command(
        visible_alias = "ro",
        after_help = "Examples:\n  switchback get rollout web -n shop\n  switchback get rollout web -w       \
        redrawn in place on a terminal, a line for each change elsewhere"
    )]
    Rollout {
        /// Its name.
        name: String,
        /// Go on showing what changes.
        #[arg(short, long)]
        watch: bool,
    },
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "get",
    talks: false,
    holds_cluster: false,
    flags: Get::command,
    start: |call| Box::pin(get(call)),
};

async fn get(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Get>()?);
    let signals = Signals::listen()?;
    let cluster = setup::cluster(common).await?;
    let namespace = setup::present_namespace(common, &cluster);
    match flags.what {
        What::Rollouts { all_namespaces, watch: false } => {
            let namespace = Some(namespace.as_str()).filter(|_| !all_namespaces);
            let now = Clock::Real.now();
            let found = list(&cluster, names::ARGO, "Rollout", namespace).await?;
            let pictures: Vec<Picture> = found.iter().map(|r| Picture::of(r, &[], &[], &[], now)).collect();
            showing::all(&pictures, namespace, common.output)?;
            Ok(ExitCode::SUCCESS)
        }
        What::Rollouts { all_namespaces, watch: true } => {
            let namespace = Some(namespace.as_str()).filter(|_| !all_namespaces);
            tokio::select! {
                biased;
                code = signals.interrupted() => Ok(code),
                ended = showing::watch_all(&cluster, namespace, common.output) => ended,
            }
        }
        What::Deliveries { all_namespaces } => {
            let namespace = Some(namespace.as_str()).filter(|_| !all_namespaces);
            let found = list(&cluster, delivery::VERSION, delivery::KIND, namespace).await?;
            showing::deliveries(found, namespace, common.output)?;
            Ok(ExitCode::SUCCESS)
        }
        What::Rollout { name, watch: false } => {
            let name = bare_name(&name);
            let picture =
                gather(&cluster, &namespace, name).await?.ok_or_else(|| not_found(&namespace, name))?;
            showing::one(&picture, &cluster, common.output)?;
            Ok(ExitCode::SUCCESS)
        }
        What::Rollout { name, watch: true } => tokio::select! {
            biased;
            code = signals.interrupted() => Ok(code),
            ended = showing::watch_one(&cluster, &namespace, bare_name(&name), common.output) => ended,
        },
    }
}

/// Every object of a kind of ours, in one namespace or in all.
async fn list(
    cluster: &Client,
    version: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Result<Vec<Value>, AccessError> {
    let served = cluster.kind(version, kind).await?;
    match cluster.list(&served, namespace, "").await {
        Err(e) if e.is_missing() => Err(AccessError::no_kind(Target::new(version, kind, "", ""))),
        other => other,
    }
}
