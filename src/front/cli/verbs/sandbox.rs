//! Decides how the embedded cluster is offered to other programs.
//! It never runs an engine of ours.

use crate::base::duration::parse_go;
use crate::front::cli::output;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::embedded;
use crate::front::exit::Failure;
use crate::front::signals::Signals;
use clap::{CommandFactory, Parser};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::JoinSet;

/// Only the embedded cluster, for kubectl or any client.
#[derive(Debug, Parser)]
#[command(
    after_help = "Example:\n  switchback sandbox --kubeconfig-out /tmp/kc & kubectl --kubeconfig /tmp/kc get nodes"
)]
struct Sandbox {
    /// Port on loopback; 0 picks one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where to write the kubeconfig; its path is printed otherwise.
    #[arg(long, value_name = "FILE")]
    kubeconfig_out: Option<PathBuf>,
    /// How long pods take to become ready.
    #[arg(long, default_value = "1s", value_name = "DURATION", value_parser = parse_go)]
    ready_after: Duration,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "sandbox",
    talks: false,
    holds_cluster: true,
    outputs: output::NONE,
    flags: Sandbox::command,
    start: |call| Box::pin(sandbox(call)),
};

async fn sandbox(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Sandbox = call.flags()?;
    let signals = Signals::listen()?;
    let mut tasks = JoinSet::new();
    let wanted = embedded::Wanted {
        port: flags.port,
        kubeconfig: flags.kubeconfig_out,
        ready_after: flags.ready_after,
        ..embedded::Wanted::default()
    };
    let embedded = embedded::start(&wanted, &mut tasks).await?;
    println!("export KUBECONFIG={}", embedded.kubeconfig.display());
    anstream::eprintln!("embedded cluster on {}, stop it with Ctrl-C", embedded.address);
    signals.stopped().await;
    Ok(ExitCode::SUCCESS)
}
