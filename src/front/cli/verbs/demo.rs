//! Decides what `demo` understands.
//! It never decides the course of the demo; `front::demo` does.

use crate::front::cli::output;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::demo::play::play;
use crate::front::demo::shop::Pace;
use crate::front::exit::Failure;
use clap::{CommandFactory, Parser};
use std::path::PathBuf;
use std::process::ExitCode;

/// See it work within a minute: an embedded cluster, a small shop in Git, a good commit and a bad one.
#[derive(Debug, Parser)]
struct Demo {
    /// Keep the cluster and the repository at the end, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Folder for the repository and the kubeconfig; a temporary one otherwise.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How long the pauses are.
    #[arg(long, default_value = "normal")]
    pace: Pace,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "demo",
    talks: false,
    holds_cluster: true,
    outputs: output::NONE,
    flags: Demo::command,
    start: |call| Box::pin(demo(call)),
};

async fn demo(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Demo = call.flags()?;
    play(flags.dir.as_deref(), flags.pace, flags.keep).await
}
