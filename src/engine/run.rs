//! Decides how an engine begins and ends: controllers and deliveries side by side, joined by a channel, until it is told
//! to stop or everything has settled. It never decides what either of them does.

use crate::engine::context::Context;
use crate::engine::controllers::run::Controllers;
use crate::engine::delivery::Deliveries;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub use crate::engine::settings::{Ended, Settings};

/// Time that reconciles under way get to end when we are told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Runs until `stop` ends or, with `once`, until everything has settled. `nudges` are numbers of repositories that
/// have changed.
pub async fn run(
    context: Context,
    settings: Settings,
    nudges: mpsc::Receiver<usize>,
    stop: impl Future<Output = ()>,
) -> Ended {
    let context = Context { instance: settings.instance.clone(), ..context };
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
