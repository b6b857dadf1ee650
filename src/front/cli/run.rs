//! Decides how `run` and `controller` start, what they tell while they run, and how they end.
//! It never decides what the engine does.

use crate::base::clock::Clock;
use crate::engine::context::Told;
use crate::engine::meter;
use crate::engine::open::{self as engine_open, Cluster, Probe};
use crate::engine::run::{Ended, Settings, run as run_engine};
use crate::front::cli::args::{Common, Controller, Run};
use crate::front::cli::fail::{Failure, NO};
use crate::front::cli::{narrate, open};
use crate::front::embedded::{self, Embedded};
use crate::front::screen::{FAINT, paint, symbols};
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Does what `run` says.
///
/// # Errors
/// The repository or the cluster cannot be opened.
pub async fn run(common: Common, verb: Run) -> Result<ExitCode, Failure> {
    let mut tasks = JoinSet::new();
    let (cluster, prometheus, _embedded) = if verb.sandbox {
        let embedded = embedded::start(&embedded::Wanted::default(), &mut tasks).await?;
        anstream::eprintln!(
            "{} KUBECONFIG={}",
            paint(FAINT, "embedded cluster:"),
            embedded.kubeconfig.display()
        );
        let address = Some(embedded.prometheus());
        (embedded.cluster(), verb.engine.prometheus_address.clone().or(address), Some(embedded))
    } else {
        (open::cluster(&common).await?, verb.engine.prometheus_address.clone(), None::<Embedded>)
    };
    cluster.version().await?;
    let author = (verb.author_name.clone(), verb.author_email.clone());
    let wanted = open::repository(&verb.repo, open::namespace(&common), verb.rollback, author);
    let source = engine_open::repository(&wanted)?;
    source.git.fetch().await?; // a wrong address or branch ends it here, not in a loop
    let (nudge, nudges) = mpsc::channel(16);
    let local = engine_open::nudge_when_moved(&wanted, 0, nudge.clone(), &mut tasks).await?;
    let settings = Settings {
        instance: verb.engine.instance_id.clone(),
        sources: vec![source],
        interval: Some(verb.interval).filter(|_| !local),
        once: verb.once,
        ..Settings::default()
    };
    let ended = drive(cluster, prometheus, settings, nudges, &mut tasks).await?;
    drop(nudge);
    Ok(match ended {
        Ended::Stopped | Ended::Settled { healthy: true } => ExitCode::SUCCESS,
        Ended::Settled { healthy: false } => ExitCode::from(NO),
    })
}

/// Does what `controller` says.
///
/// # Errors
/// The cluster cannot be opened, or a port is taken.
pub async fn controller(common: Common, verb: Controller) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    cluster.version().await?;
    let mut tasks = JoinSet::new();
    for (port, page) in [(verb.metrics_port, meter::Page::Metrics), (verb.health_port, meter::Page::Health)] {
        if port != 0 {
            let address = SocketAddr::new(verb.bind, port);
            let listener = tokio::net::TcpListener::bind(address)
                .await
                .map_err(|e| Failure::usage(format!("port {port} cannot be served: {e}; choose another")))?;
            tasks.spawn(meter::serve(listener, page));
        }
    }
    let settings = Settings {
        instance: verb.engine.instance_id.clone(),
        namespace: common.namespace.clone(),
        ..Settings::default()
    };
    let (_nudge, nudges) = mpsc::channel(1);
    drive(cluster, verb.engine.prometheus_address, settings, nudges, &mut tasks).await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs an engine until it ends or a signal ends it, telling what it does.
async fn drive(
    cluster: Cluster,
    prometheus: Option<String>,
    settings: Settings,
    nudges: mpsc::Receiver<usize>,
    tasks: &mut JoinSet<()>,
) -> Result<Ended, Failure> {
    let (ears, mut told) = mpsc::unbounded_channel::<Told>();
    let probe: Probe = engine_open::network().map_err(Failure::usage)?;
    let context = engine_open::context(cluster, probe, Clock::Real, Some(ears), prometheus, tasks);
    tasks.spawn(async move {
        while let Some(told) = told.recv().await {
            if let Some(line) = narrate::line(&told) {
                anstream::println!("{}", symbols(&line));
            }
        }
    });
    Ok(run_engine(context, settings, nudges, stopped()).await)
}

/// Ends when the process is asked to.
pub async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                biased;
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ended = tokio::signal::ctrl_c().await;
}
