//! Decides what `terminate` understands.
//! It never decides what is written; `logic::analysis::terminate` does.

use crate::api::names;
use crate::api::write::Target;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{act, output, setup};
use crate::front::exit::Failure;
use crate::logic::analysis::terminate;
use clap::{CommandFactory, Parser, ValueEnum};
use std::process::ExitCode;

/// End an AnalysisRun or an Experiment early.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  switchback terminate analysisrun web-5dc57c7599-2-1 -n shop")]
struct Terminate {
    /// What it is.
    kind: What,
    /// Its name.
    name: String,
    /// Only say what would be written.
    #[arg(long)]
    dry_run: bool,
}

/// What ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// An AnalysisRun.
    #[value(name = "analysisrun", aliases = ["analysisruns", "ar"])]
    AnalysisRun,
    /// An Experiment.
    #[value(aliases = ["experiments", "exp"])]
    Experiment,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "terminate",
    talks: false,
    holds_cluster: false,
    outputs: output::NAMES,
    flags: Terminate::command,
    start: |call| Box::pin(end(call)),
};

async fn end(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Terminate>()?);
    let cluster = setup::cluster(common).await?;
    let namespace = setup::present_namespace(common, &cluster);
    let (kind, word) = match flags.kind {
        What::AnalysisRun => ("AnalysisRun", "analysisrun"),
        What::Experiment => ("Experiment", "experiment"),
    };
    let target = Target::new(names::ARGO, kind, &namespace, &flags.name);
    let missing = || {
        let see = format!("kubectl get {word}s.argoproj.io -n {namespace}");
        Failure::usage(format!("{word} {namespace}/{} is not there; see what is: {see}", flags.name))
    };
    let run = cluster.get(&target).await?.ok_or_else(missing)?;
    let said = terminate::writes(&run);
    act::carry_out_of(common, &cluster, &target, flags.dry_run, said).await
}
