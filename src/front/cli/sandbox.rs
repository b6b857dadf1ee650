//! Decides how the embedded cluster is offered to other programs.
//! It never runs an engine of ours.

use crate::front::cli::args::Sandbox;
use crate::front::cli::fail::Failure;
use crate::front::cli::run::stopped;
use crate::front::embedded;
use std::process::ExitCode;
use tokio::task::JoinSet;

/// Does what `sandbox` says.
///
/// # Errors
/// The port is taken, or the kubeconfig cannot be written.
pub async fn sandbox(verb: Sandbox) -> Result<ExitCode, Failure> {
    let mut tasks = JoinSet::new();
    let wanted = embedded::Wanted {
        port: verb.port,
        kubeconfig: verb.kubeconfig_out.clone(),
        ready_after: verb.ready_after,
        ..embedded::Wanted::default()
    };
    let embedded = embedded::start(&wanted, &mut tasks).await?;
    println!("export KUBECONFIG={}", embedded.kubeconfig.display());
    anstream::eprintln!("embedded cluster on {}, stop it with Ctrl-C", embedded.address);
    stopped().await;
    Ok(ExitCode::SUCCESS)
}
