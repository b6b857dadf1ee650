//! Decides how `run` and `controller` start, what they tell while they run, and how they end.
//! It never decides what the engine does.

use crate::base::clock::Clock;
use crate::engine::context::{Context, Told};
use crate::engine::delivery::Source;
use crate::engine::meter;
use crate::engine::run::{Ended, Settings, run as run_engine};
use crate::engine::setup::{self as engine_setup, AccessError, Client, Repository};
use crate::front::cli::args::{Common, Controller, LogFormat, Ports, Rollback, Run};
use crate::front::cli::fail::{Failure, NO};
use crate::front::cli::{narrate, open};
use crate::front::embedded::{self, Embedded};
use crate::front::screen::{FAINT, paint, symbols, waiting};
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How long the end waits for events to be told.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What `run` works on.
struct Opened {
    cluster: Client,
    prometheus: Option<String>,
    wanted: Repository,
    source: Source,
    _embedded: Option<Embedded>,
}

/// Opens the cluster and the repository, so that a wrong address or branch is told at once and not in a loop.
async fn open_both(common: &Common, verb: &Run, tasks: &mut JoinSet<()>) -> Result<Opened, Failure> {
    let (cluster, prometheus, embedded) = if verb.sandbox {
        let embedded = embedded::start(&embedded::Wanted::default(), tasks).await?;
        let place = embedded.kubeconfig.display();
        anstream::eprintln!("{} KUBECONFIG={place}", paint(FAINT, "embedded cluster:"));
        (embedded.cluster(), Some(embedded.prometheus()), Some(embedded))
    } else {
        (open::cluster(common).await?, None, None)
    };
    waiting("the cluster", cluster.version()).await?;
    let mut wanted = open::repository(&verb.repo, open::namespace(common), &cluster, tasks).await?;
    wanted.rollback = verb.rollback == Rollback::Commit;
    wanted.author = (verb.author_name.clone(), verb.author_email.clone());
    let source = engine_setup::repository(&wanted)?;
    waiting(&format!("{} of {}", wanted.branch, source.git.name()), source.git.fetch())
        .await
        .map_err(AccessError::from)?;
    let prometheus = verb.engine.prometheus_address.clone().or(prometheus);
    Ok(Opened { cluster, prometheus, wanted, source, _embedded: embedded })
}

/// Does what `run` says.
///
/// # Errors
/// The repository or the cluster cannot be opened.
pub async fn run(common: Common, verb: Run) -> Result<ExitCode, Failure> {
    let mut tasks = JoinSet::new();
    let opened = tokio::select! {
        biased;
        code = interrupted() => return Ok(code),
        opened = open_both(&common, &verb, &mut tasks) => opened?,
    };
    let (nudge, nudges) = mpsc::channel(16);
    let local = engine_setup::nudge_when_moved(&opened.wanted, 0, nudge.clone(), &mut tasks).await?;
    let settings = Settings {
        instance: verb.engine.instance_id.clone(),
        sources: vec![opened.source],
        interval: Some(verb.interval).filter(|_| !local),
        once: verb.once,
        ..Settings::default()
    };
    let (ears, told) = mpsc::unbounded_channel::<Told>();
    let context = context(opened.cluster, opened.prometheus, ears, &mut tasks)?;
    serve(&verb.ports, (0, 0), &context, &mut tasks).await?;
    let told = Some(told).filter(|_| common.log_format == LogFormat::Text);
    let ended = drive(context, told, settings, nudges).await;
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
    tokio::select! {
        biased;
        code = interrupted() => return Ok(code),
        version = waiting("the cluster", cluster.version()) => drop(version?),
    }
    let mut tasks = JoinSet::new();
    let (ears, told) = mpsc::unbounded_channel::<Told>();
    let context = context(cluster, verb.engine.prometheus_address, ears, &mut tasks)?;
    serve(&verb.ports, (8090, 8080), &context, &mut tasks).await?;
    let settings = Settings {
        instance: verb.engine.instance_id.clone(),
        namespace: common.namespace.clone(),
        ..Settings::default()
    };
    let (_nudge, nudges) = mpsc::channel(1);
    let told = Some(told).filter(|_| common.log_format == LogFormat::Text);
    drive(context, told, settings, nudges).await;
    Ok(ExitCode::SUCCESS)
}

/// Serves metrics and health on the ports asked for, or on `usual` ones; 0 is none.
async fn serve(
    ports: &Ports,
    usual: (u16, u16),
    context: &Context,
    tasks: &mut JoinSet<()>,
) -> Result<(), Failure> {
    let port = ports.metrics_port.unwrap_or(usual.0);
    if port != 0 {
        let listener = listen(ports.bind, port, "metrics-port").await?;
        tasks.spawn(meter::serve_metrics(listener, context.meter.clone()));
    }
    let port = ports.health_port.unwrap_or(usual.1);
    if port != 0 {
        tasks.spawn(meter::serve_health(listen(ports.bind, port, "health-port").await?));
    }
    Ok(())
}

async fn listen(address: IpAddr, port: u16, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(SocketAddr::new(address, port)).await.map_err(|e| {
        Failure::usage(format!("port {port} cannot be served: {e}; choose another with --{option}"))
    })
}

fn context(
    cluster: Client,
    prometheus: Option<String>,
    ears: mpsc::UnboundedSender<Told>,
    tasks: &mut JoinSet<()>,
) -> Result<Context, Failure> {
    Ok(engine_setup::context(cluster, Clock::Real, Some(ears), prometheus, tasks)?)
}

/// Runs an engine until it ends or a signal ends it, telling what it does, to the last word.
async fn drive(
    context: Context,
    told: Option<mpsc::UnboundedReceiver<Told>>,
    settings: Settings,
    nudges: mpsc::Receiver<usize>,
) -> Ended {
    let recorder = context.recorder.clone();
    let narration = async {
        let Some(mut told) = told else { return };
        while let Some(told) = told.recv().await {
            if let Some(line) = narrate::line(&told) {
                anstream::println!("{}", symbols(&line));
            }
        }
    };
    let engine = async {
        let ended = run_engine(context, settings, nudges, stopped()).await;
        let _untold = tokio::time::timeout(LAST_WORDS, recorder.drained()).await;
        ended
    };
    let (ended, ()) = tokio::join!(engine, narration);
    ended
}

/// Ends when the process is asked to.
pub async fn stopped() {
    let _code = interrupted().await;
}

/// Ends when the process is asked to, with its exit code: 0 where it was told to end, 130 on Ctrl-C.
pub async fn interrupted() -> ExitCode {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            return tokio::select! {
                biased;
                _ = term.recv() => ExitCode::SUCCESS,
                _ = tokio::signal::ctrl_c() => ExitCode::from(130),
            };
        }
    }
    let _ended = tokio::signal::ctrl_c().await;
    ExitCode::from(130)
}
