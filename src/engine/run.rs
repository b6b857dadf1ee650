//! Decides how an engine begins and ends: controllers and deliveries side by side, joined by a channel, until it is told
//! to stop or everything has settled. It never decides what either of them does.

use crate::engine::context::Context;
use crate::engine::controllers::run::Controllers;
use crate::engine::delivery::{Deliveries, Source};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Time that reconciles under way get to end when we are told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How an engine runs.
#[derive(Clone, Default)]
pub struct Settings {
    /// Only objects of this instance; without one, only objects of none.
    pub instance: Option<String>,
    /// Only this namespace; all without one.
    pub namespace: Option<String>,
    /// Repositories to bring to the cluster.
    pub sources: Vec<Source>,
    /// How often remote repositories are asked; never when absent, because something else tells us.
    pub interval: Option<Duration>,
    /// Decides the order of reconciles, to try other orders; first come first served without.
    pub seed: Option<u64>,
    /// Whether to end as soon as everything has settled.
    pub once: bool,
}

/// How an engine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// Everything has settled; whether all of it is healthy.
    Settled {
        /// Whether every Rollout is healthy and every repository applied.
        healthy: bool,
    },
}

/// Runs until `stop` ends or, with `once`, until everything has settled. `nudges` are numbers of repositories that
/// have changed.
pub async fn run(
    context: Context,
    settings: Settings,
    nudges: mpsc::Receiver<usize>,
    stop: impl Future<Output = ()>,
) -> Ended {
    let (ready, whole) = oneshot::channel();
    let (mut deliveries, link) =
        Deliveries::new(context.clone(), settings.sources.clone(), settings.interval, settings.seed);
    let mut controllers = Controllers::new(context, &settings, link, ready);
    let stop = pin!(stop);
    let settled = tokio::select! {
        biased;
        () = stop => None,
        healthy = controllers.run() => Some(healthy),
        () = deliveries.run(nudges, whole) => None,
    };
    let Some(healthy) = settled else {
        let deadline = Instant::now() + GRACE;
        tokio::join!(controllers.wind_down(deadline), deliveries.wind_down(deadline));
        return Ended::Stopped;
    };
    Ended::Settled { healthy }
}
