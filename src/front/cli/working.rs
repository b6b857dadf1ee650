//! Decides what `run` and `controller` print and serve while an engine of theirs works, and how they end.
//! It never decides what the engine does.

use crate::api::notice::Notice;
use crate::base::clock::Clock;
use crate::engine::context::Context;
use crate::engine::run::{Ended, Settings, run as run_engine};
use crate::engine::setup::{self as engine_setup, Client};
use crate::front::cli::flags::{LogFormat, Ports};
use crate::front::embedded::chance;
use crate::front::exit::Failure;
use crate::front::narrate;
use crate::front::screen::{symbols, waiting};
use crate::front::serve::{Server, health, listen, metrics};
use crate::front::signals::Signals;
use crate::logic::backoff::{self, Trouble};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

/// How often the wait for a cluster that is away doubles at most: to 16 s.
const MOST_DOUBLINGS: u32 = 5;
/// How long the end waits for events to be emitted.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The ports that Argo Rollouts' controller serves on.
pub(crate) const PORTS: UsualPorts = UsualPorts { metrics: 8090, health: 8080 };

/// The ports of pages where none are asked for; 0 is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsualPorts {
    /// Of metrics.
    pub(crate) metrics: u16,
    /// Of health.
    pub(crate) health: u16,
}

/// An engine that can work, whose pages are served and whose doings are printed.
pub(crate) struct Working {
    context: Context,
    narration: JoinHandle<()>,
    server: Server,
}

impl Working {
    /// Makes an engine ready for `cluster`, which need not answer yet, as the flags say.
    ///
    /// # Errors
    /// The machine's certificates cannot be read, or a port is taken.
    pub(crate) async fn start(
        cluster: Client,
        prometheus: Option<String>,
        log_format: LogFormat,
        served: (&Ports, UsualPorts),
        link_local_metrics: bool,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, Failure> {
        let (sender, notices) = mpsc::unbounded_channel::<Notice>();
        let mut context = engine_setup::context(cluster, Clock::Real, Some(sender), prometheus, tasks)?;
        if link_local_metrics {
            engine_setup::allow_link_local_metrics(&mut context)?;
        }
        let (ports, usual) = served;
        let server = serve(ports, usual, &context).await?;
        let notices = Some(notices).filter(|_| log_format == LogFormat::Text);
        // Beside the reconciles, so that no thread has to wake another.
        let narration = tokio::spawn(async move {
            let Some(mut notices) = notices else { return };
            while let Some(notice) = notices.recv().await {
                if let Some(line) = narrate::line(&notice) {
                    anstream::println!("{}", symbols(&line));
                }
            }
        });
        Ok(Self { context, narration, server })
    }

    /// Makes `attempt` again while the cluster is away, a little later each time; people are told, and its pages say that
    /// it lives and is not ready.
    ///
    /// # Errors
    /// Those of `attempt` that time will not mend; with a `limit`, that the cluster was away for so long.
    pub(crate) async fn once_there<T>(
        &self,
        limit: Option<Duration>,
        mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (began, chance) = (Instant::now(), chance());
        let mut told = String::new();
        let mut failures = 0;
        loop {
            let failure = match attempt().await {
                Err(failure) if failure.is_away => failure,
                done => {
                    if done.is_ok() && !told.is_empty() {
                        self.context.notify(Notice::Waiting { text: "the cluster answers".to_owned() });
                    }
                    return done;
                }
            };
            let chance = chance.wrapping_add(u64::from(failures));
            let mut wait = backoff::wait(Trouble::Passing, failures, Duration::ZERO, chance);
            if let Some(limit) = limit {
                let left = limit.saturating_sub(began.elapsed());
                if left.is_zero() {
                    return Err(failure);
                }
                wait = wait.min(left);
            }
            if told != failure.text {
                let text = format!("{}; it is asked again until it answers", failure.text);
                self.context.notify(Notice::Problem { repository: String::new(), code: "ClusterAway", text });
                told = failure.text;
            }
            waiting("the cluster", sleep(wait)).await;
            failures = (failures + 1).min(MOST_DOUBLINGS);
        }
    }

    /// Runs it until it ends or one of `signals` ends it, to the last word.
    pub(crate) async fn drive(
        self,
        settings: Settings,
        nudges: mpsc::Receiver<usize>,
        signals: Signals,
    ) -> Ended {
        let Self { context, narration, server } = self;
        let recorder = context.recorder.clone();
        let running = tokio::spawn(run_engine(context, settings, nudges, signals.stopped()));
        let ended = match running.await.map_err(JoinError::try_into_panic) {
            Ok(ended) => ended,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => Ended::Stopped, // the program is ending
        };
        let _some_left = tokio::time::timeout(LAST_WORDS, recorder.drained()).await;
        let _nothing_is_left_to_say = narration.await;
        server.stop().await;
        ended
    }
}

/// Serves metrics and health on the ports asked for, or on the usual ones.
async fn serve(ports: &Ports, usual: UsualPorts, context: &Context) -> Result<Server, Failure> {
    let mut server = Server::default();
    let port = ports.metrics_port.unwrap_or(usual.metrics);
    if port != 0 {
        let listener =
            listen(SocketAddr::new(ports.address(), port), "choose another with --metrics-port").await?;
        server.serve(listener, metrics::pages(context.metrics.clone()));
    }
    let port = ports.health_port.unwrap_or(usual.health);
    if port != 0 {
        let listener =
            listen(SocketAddr::new(ports.address(), port), "choose another with --health-port").await?;
        server.serve(listener, health::pages(context.vitals.clone()));
    }
    Ok(server)
}
