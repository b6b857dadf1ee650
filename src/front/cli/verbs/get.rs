//! Decides what `get` understands, and what of the cluster it shows.
//! It never changes anything.

use crate::front::cli::listing::{Listing, Watching, Which};
use crate::front::cli::named::{bare_name, not_found};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{output, setup, showing};
use crate::front::exit::Failure;
use crate::front::signals::Signals;
use crate::front::view::gather::gather;
use crate::front::view::table::ROLLOUTS;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Show Rollouts, Deliveries or analyses.
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
        /// Which of them.
        #[command(flatten)]
        which: Which,
        /// Once or for longer.
        #[command(flatten)]
        watching: Watching,
    },
    /// All Deliveries of a namespace, as a table; `kubectl describe delivery` tells more of one.
    #[command(visible_alias = "dlv")]
    Deliveries {
        /// Which of them.
        #[command(flatten)]
        which: Which,
    },
    /// All AnalysisRuns of a namespace, as a table.
    #[command(name = "analysisruns", visible_alias = "ar")]
    AnalysisRuns {
        /// Which of them.
        #[command(flatten)]
        which: Which,
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
    /// Not yet: no Experiment is acted on; kubectl shows what one says.
    #[command(visible_aliases = ["experiments", "exp"])]
    Experiment {
        /// Its name.
        name: Option<String>,
    },
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "get",
    talks: false,
    holds_cluster: false,
    outputs: output::ALL,
    flags: Get::command,
    start: |call| Box::pin(get(call)),
};

async fn get(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Get>()?);
    let signals = Signals::listen()?;
    let cluster = setup::cluster(common).await?;
    let shown = async {
        match flags.what {
            What::Rollouts { which, watching } => {
                Listing::new(common, &cluster, &which).rollouts(ROLLOUTS, &watching).await
            }
            What::Deliveries { which } => Listing::new(common, &cluster, &which).deliveries().await,
            What::AnalysisRuns { which } => Listing::new(common, &cluster, &which).runs().await,
            What::Experiment { name } => Err(not_acted_on(name.as_deref())),
            What::Rollout { name, watch } => {
                let (namespace, name) = (setup::present_namespace(common, &cluster), bare_name(&name));
                if watch {
                    return showing::watch_one(&cluster, &namespace, name, common.output).await;
                }
                let picture = gather(&cluster, &namespace, name).await?;
                let picture = picture.ok_or_else(|| not_found(&namespace, name))?;
                showing::one(&picture, &cluster, common.output)?;
                Ok(ExitCode::SUCCESS)
            }
        }
    };
    tokio::select! {
        biased;
        code = signals.interrupted() => Ok(code),
        shown = shown => shown,
    }
}

/// Experiments are not there yet; what one says can be seen all the same.
fn not_acted_on(name: Option<&str>) -> Failure {
    let object =
        name.map_or_else(|| "experiments.argoproj.io".to_owned(), |n| format!("experiment.argoproj.io {n}"));
    Failure::usage(format!(
        "experiments are not acted on yet: none is started, so there is nothing to show of one; see what it says: \
         kubectl get {object} -o yaml"
    ))
}
