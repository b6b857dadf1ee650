//! Decides how an engine begins and ends: controllers and deliveries side by side, joined by a channel, for as long as it
//! is its turn, until it is told to stop or everything has settled. It never decides what either of them does.

use crate::api::notice::Notice;
use crate::base::duration::human;
use crate::engine::context::Context;
use crate::engine::controllers::run::Controllers;
use crate::engine::delivery::Deliveries;
use crate::engine::leadership::Leadership;
use crate::engine::operator::Operator;
use crate::engine::vitals::Readiness;
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

pub use crate::engine::settings::{Ended, Settings};

/// Time that reconciles under way get to end when we are told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// Time that events get to be recorded before the Lease is given back.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs until `stop` ends or, with `once`, until everything has settled. `nudges` are numbers of repositories that
/// have changed. With an election nothing is written before it is our turn, nor after it was; what is known is then
/// forgotten, since others have gone on from there.
pub async fn run(
    context: Context,
    settings: Settings,
    mut nudges: mpsc::Receiver<usize>,
    stop: impl Future<Output = ()>,
) -> Ended {
    let context = Context { instance: settings.instance.clone(), ..context };
    let mut stop = pin!(stop);
    let Some(election) = settings.election.clone() else {
        return turn(&context, &settings, &mut nudges, stop, std::future::pending())
            .await
            .unwrap_or(Ended::Stopped);
    };
    let (sightings, seen) = watch::channel(None);
    let sightings = election.rivals.is_some().then_some(sightings);
    let context = Context { sightings, ..context };
    let mut leadership = Leadership::new(context.clone(), election, seen);
    let limit = settings.once.map(|limit| (limit, Instant::now() + limit));
    loop {
        context.vitals.is(Readiness::StandsBy);
        context.metrics.leads(false);
        let waiting = tokio::select! {
            biased;
            () = stop.as_mut() => Some(Ended::Stopped),
            () = leadership.acquire() => None,
            () = over(limit.map(|(_, end)| end)) => Some(Ended::Settled { healthy: false }),
        };
        let ended = match waiting {
            Some(ended) => {
                if let (Ended::Settled { .. }, Some((limit, _))) = (&ended, limit) {
                    let text = format!("it was not our turn within {}", human(limit));
                    context.notify(Notice::Problem { repository: String::new(), code: "NotLeader", text });
                }
                Some(ended)
            }
            None => turn(&context, &settings, &mut nudges, stop.as_mut(), leadership.lost()).await,
        };
        let _some_are_left = timeout(LAST_WORDS, context.recorder.drained()).await;
        leadership.release().await;
        if let Some(ended) = ended {
            return ended;
        }
    }
}

/// Ends at a moment; never without one.
async fn over(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Acts from a beginning until it ends, or until it is `lost` whose turn it is: then there is no answer.
async fn turn(
    context: &Context,
    settings: &Settings,
    nudges: &mut mpsc::Receiver<usize>,
    stop: Pin<&mut impl Future<Output = ()>>,
    lost: impl Future<Output = ()>,
) -> Option<Ended> {
    context.vitals.is(Readiness::Starting);
    context.metrics.leads(true);
    let (ready, whole) = oneshot::channel();
    let (mut deliveries, link, helm) = Deliveries::new(context.clone(), settings);
    let mut controllers = Controllers::new(context.clone(), settings, link, ready);
    let mut operator = settings
        .objects
        .clone()
        .map(|objects| Operator::new(context.clone(), objects, settings.namespace.clone(), helm));
    let lost = pin!(lost);
    let (ended, grace) = tokio::select! {
        biased;
        () = stop => (Some(Ended::Stopped), GRACE),
        () = lost => (None, Duration::ZERO),
        healthy = controllers.run() => return Some(Ended::Settled { healthy }),
        () = deliveries.run(nudges, whole) => (Some(Ended::Stopped), GRACE),
        () = operate(&mut operator) => (Some(Ended::Stopped), GRACE),
    };
    let deadline = Instant::now() + grace;
    tokio::join!(controllers.wind_down(deadline), deliveries.wind_down(deadline));
    if let Some(operator) = &mut operator {
        operator.wind_down(deadline).await;
    }
    ended
}

/// Runs the operator until it is dropped; without one nothing happens.
async fn operate(operator: &mut Option<Operator>) {
    match operator {
        Some(operator) => operator.run().await,
        None => std::future::pending().await,
    }
}
