//! Decides what `list` understands: the words and columns of Argo's plugin.
//! It never lists by itself; `cli::listing` does, for `get` too.

use crate::front::cli::listing::{Listing, Watching, Which};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{output, setup};
use crate::front::exit::Failure;
use crate::front::signals::Signals;
use crate::front::view::table::AS_UPSTREAM;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// List Rollouts in the columns of Argo's kubectl plugin, or Deliveries, or analyses.
#[derive(Debug, Parser)]
struct List {
    /// What to list.
    #[command(subcommand)]
    what: What,
}

/// What to list.
#[derive(Debug, Subcommand)]
enum What {
    /// Rollouts.
    #[command(
        visible_aliases = ["ro", "rollout"],
        after_help = "Examples:\n  switchback list rollouts -A\n  switchback list rollouts --name web -w --timestamps\n  \
        switchback list rollouts -o wide"
    )]
    Rollouts {
        /// Which of them.
        #[command(flatten)]
        which: Which,
        /// Once or for longer.
        #[command(flatten)]
        watching: Watching,
    },
    /// Deliveries.
    #[command(visible_aliases = ["dlv", "delivery"])]
    Deliveries {
        /// Which of them.
        #[command(flatten)]
        which: Which,
    },
    /// AnalysisRuns.
    #[command(name = "analysisruns", visible_aliases = ["ar", "analysisrun"])]
    AnalysisRuns {
        /// Which of them.
        #[command(flatten)]
        which: Which,
    },
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "list",
    talks: false,
    holds_cluster: false,
    outputs: output::ALL,
    flags: List::command,
    start: |call| Box::pin(list(call)),
};

async fn list(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<List>()?);
    let signals = Signals::listen()?;
    let cluster = setup::cluster(common).await?;
    let shown = async {
        match flags.what {
            What::Rollouts { which, watching } => {
                Listing::new(common, &cluster, &which).rollouts(AS_UPSTREAM, &watching).await
            }
            What::Deliveries { which } => Listing::new(common, &cluster, &which).deliveries().await,
            What::AnalysisRuns { which } => Listing::new(common, &cluster, &which).runs().await,
        }
    };
    tokio::select! {
        biased;
        code = signals.interrupted() => Ok(code),
        shown = shown => shown,
    }
}
