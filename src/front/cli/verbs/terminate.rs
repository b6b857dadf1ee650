//! Decides what `terminate` understands and writes: the word by which a run ends early, as Argo's command line writes it.
//! It never decides what the run comes to.

use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::engine::act;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{print, setup};
use crate::front::exit::Failure;
use crate::front::screen::{STRONG, paint};
use crate::logic::rollout::act::Said;
use clap::{CommandFactory, Parser, ValueEnum};
use serde_json::json;
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
    flags: Terminate::command,
    start: |call| Box::pin(terminate(call)),
};

async fn terminate(call: Invocation) -> Result<ExitCode, Failure> {
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
    let object = cluster.get(&target).await?.ok_or_else(missing)?;
    let phase = object.pointer("/status/phase").and_then(|phase| phase.as_str()).unwrap_or_default();
    let is_over = !["", "Pending", "Running"].contains(&phase);
    let said = if is_over {
        Said::Nothing(format!("it is over: {phase}"))
    } else {
        let patch = Patch::Merge(json!({"spec": {"terminate": true}})); // (source: cmd/terminate/terminate.go)
        let write = Write::Patch { target, subresource: "", patch, expect: None };
        Said::Writes(vec![write], "is terminated".to_owned())
    };
    act::perform(&cluster, &said, flags.dry_run).await?;
    let (writes, words) = match said {
        Said::Writes(writes, words) => (writes, words),
        Said::Nothing(words) => (Vec::new(), format!("stays as it is: {words}")),
    };
    if let Some(format) = common.output {
        let body = json!({word: flags.name, "did": words, "dryRun": flags.dry_run, "writes": writes});
        print::value(&body, format)?;
    } else {
        let dry = if flags.dry_run && !writes.is_empty() { " (dry run: nothing was written)" } else { "" };
        anstream::println!("{word} {} {words}{dry}", paint(STRONG, &flags.name));
    }
    Ok(ExitCode::SUCCESS)
}
