//! Decides what `controller` understands, and how it starts.
//! It never decides what the engine does.

use crate::engine::run::Settings;
use crate::front::cli::election::Lease;
use crate::front::cli::flags::{EngineFlags, Ports};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::working::{PORTS, Working};
use crate::front::cli::{output, setup, upstream};
use crate::front::embedded::chance;
use crate::front::exit::Failure;
use crate::front::signals::Signals;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Only the Rollout and analysis controllers, for clusters where something else applies the manifests.
#[derive(Debug, Parser)]
struct Controller {
    /// What both engines know.
    #[command(flatten)]
    engine: EngineFlags,
    /// What is served while it runs.
    #[command(flatten)]
    ports: Ports,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "controller",
    talks: true,
    holds_cluster: false,
    outputs: output::NONE,
    flags: || upstream::understood(Controller::command()),
    start: |call| Box::pin(controller(call)),
};

async fn controller(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Controller>()?);
    upstream::pass_over(&call.words)?;
    let signals = Signals::listen()?;
    let cluster = setup::cluster(common).await?;
    let mut tasks = JoinSet::new();
    let home = setup::present_namespace(common, &cluster);
    let instance = flags.engine.instance_id.clone();
    let namespace =
        common.namespace.clone().or_else(|| setup::only_namespace(common, &flags.engine, &cluster));
    let (id, only) = (instance.as_deref(), namespace.as_deref());
    let election = flags.engine.election.election(&Lease::OfController, id, &home, only)?;
    let settings = Settings { instance, namespace, election, jitter: chance(), ..Settings::default() };
    let (_nudge, nudges) = mpsc::channel(1);
    let (link_local, served) = (flags.engine.allow_link_local_metrics, (&flags.ports, PORTS));
    let prometheus = flags.engine.prometheus_address;
    let working =
        Working::start(cluster.clone(), prometheus, common.log_format, served, link_local, &mut tasks)
            .await?;
    tokio::select! {
        biased;
        code = signals.interrupted() => return Ok(code),
        there = working.once_there(None, async || setup::answers(&cluster).await) => there?,
    }
    working.drive(settings, nudges, signals).await;
    Ok(ExitCode::SUCCESS)
}
