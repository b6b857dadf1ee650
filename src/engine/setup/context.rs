//! Decides what an engine has at hand for a cluster, over the network or in a simulation.
//! It never uses any of it.

use crate::api::notice::Notice;
use crate::api::provider::ProviderDefaults;
use crate::base::clock::Clock;
use crate::engine::context::Context;
use crate::engine::events;
use crate::engine::metrics::Metrics;
use crate::engine::setup::{AccessError, Client};
use crate::engine::vitals::Vitals;
use crate::world::probe::{Guard, Probe, Rooms};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What an engine has at hand for the cluster of `client`, and the work that goes on behind it while `tasks` lives;
/// providers of metrics are asked over the network.
///
/// # Errors
/// The machine's certificates cannot be read.
pub fn context(
    client: Client,
    clock: Clock,
    listener: Option<mpsc::UnboundedSender<Notice>>,
    prometheus: Option<String>,
    tasks: &mut JoinSet<()>,
) -> Result<Context, AccessError> {
    let probe = Probe::network(Guard::careful())?;
    Ok(context_with(client, probe, clock, listener, prometheus, tasks))
}

/// Lets metrics be asked at link-local addresses, too, where clouds give their credentials away.
///
/// # Errors
/// The machine's certificates cannot be read.
pub fn allow_link_local_metrics(context: &mut Context) -> Result<(), AccessError> {
    context.probe = Probe::network(Guard::open())?;
    Ok(())
}

/// The same with another way to ask providers, for simulations.
#[must_use]
pub fn context_with(
    client: Client,
    probe: Probe,
    clock: Clock,
    listener: Option<mpsc::UnboundedSender<Notice>>,
    prometheus: Option<String>,
    tasks: &mut JoinSet<()>,
) -> Context {
    let cluster = client.cluster().clone();
    let (recorder, work) = events::recorder::recorder(cluster.clone(), clock);
    tasks.spawn(work);
    let metrics = Metrics::new(Some(cluster.tally()));
    let providers = ProviderDefaults { prometheus_address: prometheus };
    let rooms = Rooms::default();
    let (instance, sightings, vitals) = (None, None, Vitals::default());
    Context {
        cluster,
        probe,
        rooms,
        clock,
        recorder,
        listener,
        providers,
        instance,
        vitals,
        sightings,
        metrics,
    }
}
