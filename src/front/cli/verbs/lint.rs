//! Decides what `lint` understands, and how it answers.
//! It never asks a cluster that is not its own.

use crate::base::clock::Clock;
use crate::engine::delivery::DeliverError;
use crate::engine::delivery::lint::lint;
use crate::engine::install;
use crate::engine::setup as engine_setup;
use crate::front::cli::files::Files;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{output, print, setup};
use crate::front::embedded::chance;
use crate::front::exit::{Exit, Failure};
use crate::front::screen::{FAINT, paint};
use crate::logic::manifest::Problem;
use crate::logic::manifest::skipped;
use crate::sandbox::{Options, Sandbox};
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::task::JoinSet;

/// Look for mistakes in manifests without a cluster (exit 0 none, 1 some): as the API server and the Rollout controller
/// would find them.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  switchback lint rollout.yaml\n  switchback lint deploy/ -o json\n  \
helm template chart | switchback lint -\n\nWhat the files refer to and do not hold may be in the cluster, so it is no \
mistake here; `switchback plan` asks it.")]
struct Lint {
    /// Files, folders, or - for standard input.
    #[arg(value_name = "FILE", required_unless_present = "filename")]
    files: Vec<PathBuf>,
    /// The same, as Argo's plugin has it.
    #[arg(short, long, value_name = "FILE", hide = true)]
    filename: Vec<PathBuf>,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "lint",
    talks: false,
    holds_cluster: false,
    outputs: output::DATA,
    flags: Lint::command,
    start: |call| Box::pin(look(call)),
};

async fn look(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Lint>()?);
    let files = Files::at(&[flags.files, flags.filename].concat())?;
    let mut tasks = JoinSet::new();
    let cluster = engine_setup::inside(Sandbox::new(Options::new(Clock::Real, chance())).service());
    install::definitions(&cluster).await?;
    let context = engine_setup::context(cluster, Clock::Real, None, None, &mut tasks)?;
    let mut linted =
        lint(&context, &files.files, &setup::namespace(common)).await.map_err(DeliverError::from)?;
    for problem in &mut linted.problems {
        problem.path = files.shown(&problem.path).to_owned();
    }
    for skipped in &mut linted.skipped {
        skipped.path = files.shown(&skipped.path).to_owned();
    }
    let is_clean = linted.problems.is_empty();
    if let Some(format) = common.data() {
        let problems: Vec<Value> = linted.problems.iter().map(data).collect();
        let unknown: Vec<String> = linted.unknown.iter().map(ToString::to_string).collect();
        let skipped: Vec<Value> =
            linted.skipped.iter().map(|s| json!({"file": s.path, "line": s.line})).collect();
        let answer = json!({"objects": linted.objects, "problems": problems, "unchecked": unknown, "skipped": skipped});
        print::value(&answer, format)?;
        return Ok(if is_clean { ExitCode::SUCCESS } else { Exit::No.into() });
    }
    let unchecked: Vec<String> = linted.unknown.iter().map(ToString::to_string).collect();
    if !unchecked.is_empty() {
        let line =
            format!("only their form was looked at, of kinds not known here: {}", unchecked.join(", "));
        anstream::eprintln!("{}", paint(FAINT, &line));
    }
    if let Some(line) = skipped::line(&linted.skipped) {
        anstream::eprintln!("{}", paint(FAINT, &line));
    }
    if !is_clean {
        let drawn = Failure::problems(&linted.problems, &|path| files.text(path));
        return Err(Failure { exit: Exit::No, ..drawn });
    }
    if linted.objects == 0 {
        return Err(Failure::usage("no manifest is there; name files that hold objects of Kubernetes"));
    }
    let s = if linted.objects == 1 { "" } else { "s" };
    anstream::println!("{} object{s}, no mistakes", linted.objects);
    Ok(ExitCode::SUCCESS)
}

fn data(problem: &Problem) -> Value {
    let place = problem.place.as_ref();
    json!({"file": problem.path, "line": place.map(|p| p.line), "column": place.map(|p| p.column),
        "message": problem.what, "help": problem.help})
}
