//! Decides what `run` and `controller` print and serve while an engine of theirs works, and how they end.
//! It never decides what the engine does.

use crate::api::notice::Notice;
use crate::base::clock::Clock;
use crate::engine::context::Context;
use crate::engine::run::{Ended, Settings, run as run_engine};
use crate::engine::setup::{self as engine_setup, Client};
use crate::front::cli::flags::{LogFormat, Ports};
use crate::front::exit::Failure;
use crate::front::narrate;
use crate::front::screen::symbols;
use crate::front::serve::{Server, health, listen, metrics};
use crate::front::signals::stopped;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

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

/// An engine that can work.
pub(crate) struct Working {
    context: Context,
    notices: mpsc::UnboundedReceiver<Notice>,
}

impl Working {
    /// Makes an engine ready for `cluster`, with metrics at link-local addresses or without.
    ///
    /// # Errors
    /// The machine's certificates cannot be read.
    pub(crate) fn start(
        cluster: Client,
        prometheus: Option<String>,
        link_local_metrics: bool,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, Failure> {
        let (sender, notices) = mpsc::unbounded_channel::<Notice>();
        let mut context = engine_setup::context(cluster, Clock::Real, Some(sender), prometheus, tasks)?;
        if link_local_metrics {
            engine_setup::allow_link_local_metrics(&mut context)?;
        }
        Ok(Self { context, notices })
    }

    /// Runs it until it ends or a signal ends it, serving its pages and printing what it does, to the last word.
    ///
    /// # Errors
    /// A port is taken.
    pub(crate) async fn drive(
        self,
        log_format: LogFormat,
        ports: &Ports,
        usual: UsualPorts,
        settings: Settings,
        nudges: mpsc::Receiver<usize>,
    ) -> Result<Ended, Failure> {
        let Self { context, notices } = self;
        let server = serve(ports, usual, &context).await?;
        let notices = Some(notices).filter(|_| log_format == LogFormat::Text);
        let recorder = context.recorder.clone();
        // Both beside the reconciles, so that no thread has to wake another.
        let narration = tokio::spawn(async move {
            let Some(mut notices) = notices else { return };
            while let Some(notice) = notices.recv().await {
                if let Some(line) = narrate::line(&notice) {
                    anstream::println!("{}", symbols(&line));
                }
            }
        });
        let running = tokio::spawn(run_engine(context, settings, nudges, stopped()));
        let ended = match running.await.map_err(JoinError::try_into_panic) {
            Ok(ended) => ended,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => Ended::Stopped, // the program is ending
        };
        let _some_left = tokio::time::timeout(LAST_WORDS, recorder.drained()).await;
        let _nothing_is_left_to_say = narration.await;
        server.stop().await;
        Ok(ended)
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
