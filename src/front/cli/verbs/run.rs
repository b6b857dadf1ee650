//! Decides what `run` understands, how it starts, and what its end means.
//! It never decides what the engine does.

use crate::base::duration::parse_go;
use crate::engine::delivery::Source;
use crate::engine::operator::DeliveryObjects;
use crate::engine::run::{Ended, Settings};
use crate::engine::setup::{self as engine_setup, Client};
use crate::front::cli::election::Lease;
use crate::front::cli::flags::{Common, EngineFlags, Ports, RepoFlags, is_in_pod};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::working::{PORTS, UsualPorts, Working};
use crate::front::cli::{cache, output, setup, upstream};
use crate::front::embedded::{self, Embedded, chance};
use crate::front::exit::{Exit, Failure};
use crate::front::screen::{FAINT, paint, waiting};
use crate::front::signals::Signals;
use crate::logic::plan::DriftPolicy;
use crate::logic::revert::RollbackOn;
use clap::{CommandFactory, Parser, ValueEnum};
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Unless they are asked for, `run` serves no pages outside of pods.
const NONE: UsualPorts = UsualPorts { metrics: 0, health: 0 };

/// Bring Git repositories to the cluster, let Rollouts climb, and take failures back in Git: the repository of --repo and
/// the Rollouts it brings; without --repo all that Deliveries in the cluster name, and all Rollouts.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  switchback run --repo https://example.com/team/shop.git --path prod\n  \
switchback run --repo . --sandbox          the repository you stand in, on an embedded cluster\n  \
switchback run --repo . --once && echo all healthy at HEAD\n  \
switchback run                             every Delivery of the cluster (kubectl get deliveries)"
)]
struct Run {
    /// The repository: URL, or path of one on this machine; without it, the Deliveries of the cluster.
    #[arg(long, value_name = "URL|PATH", env = "SWITCHBACK_REPO")]
    repo: Option<String>,
    /// What of it, and how it is reached.
    #[command(flatten)]
    of: RepoFlags,
    /// The ServiceAccount, in the namespace of each, in whose name Deliveries act that name none; without it those have
    /// all rights that Switchback has.
    #[arg(long, value_name = "NAME", env = "SWITCHBACK_DEFAULT_SERVICE_ACCOUNT", conflicts_with = "repo")]
    default_service_account: Option<String>,
    /// How long what cannot be deleted keeps a Delivery with deletionPolicy: Delete that somebody has deleted; then what is
    /// left is let go, and told.
    #[arg(
        long,
        default_value = "5m",
        value_name = "DURATION",
        value_parser = parse_go,
        env = "SWITCHBACK_DELETION_TIMEOUT",
        conflicts_with = "repo"
    )]
    deletion_timeout: Duration,
    /// Let Deliveries name folders of this machine as repositories.
    #[arg(long, env = "SWITCHBACK_LOCAL_REPOSITORIES", conflicts_with = "repo")]
    local_repositories: bool,
    /// Use an embedded cluster instead of a real one.
    #[arg(long, conflicts_with = "kubeconfig", env = "SWITCHBACK_SANDBOX")]
    sandbox: bool,
    /// How often remote repositories are asked, unless their Delivery says so itself; local ones tell by themselves.
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = parse_go, env = "SWITCHBACK_INTERVAL")]
    interval: Duration,
    /// What a failed revision does in Git.
    #[arg(
        long,
        default_value = "commit",
        value_name = "HOW",
        env = "SWITCHBACK_ROLLBACK",
        requires = "repo"
    )]
    rollback: Rollback,
    /// For which reasons Git goes back: some of failed (an analysis, or pods that cannot run), error, deadline, abort, undo,
    /// invalid-spec, or none. What nobody could measure (error) and what cannot be acted on (invalid-spec) stays in Git
    /// unless it is named; the annotation switchback.dev/rollback-on says otherwise for one Rollout.
    #[arg(
        long,
        default_value = "failed,deadline,abort,undo",
        value_name = "REASONS",
        env = "SWITCHBACK_ROLLBACK_ON",
        requires = "repo"
    )]
    rollback_on: RollbackOn,
    /// What is done about objects that somebody else has changed or deleted in the cluster: heal, report or ignore. The
    /// annotation switchback.dev/drift says otherwise for one object, in Git or in the cluster.
    #[arg(long, default_value = "heal", value_name = "HOW", env = "SWITCHBACK_DRIFT", requires = "repo")]
    drift: DriftPolicy,
    /// End as soon as everything has settled, workloads too: 0 all healthy at HEAD, 1 not.
    #[arg(long, requires = "repo")]
    once: bool,
    /// How long --once waits at most; then it ends with 1 and says what it waited for.
    #[arg(long, default_value = "10m", value_name = "DURATION", value_parser = parse_go, requires = "once")]
    timeout: Duration,
    /// What both engines know.
    #[command(flatten)]
    engine: EngineFlags,
    /// What is served while it runs.
    #[command(flatten)]
    ports: Ports,
    /// Name in revert commits.
    #[arg(long, default_value = "Switchback", env = "SWITCHBACK_AUTHOR_NAME")]
    author_name: String,
    /// Address in revert commits.
    #[arg(long, default_value = "switchback@localhost", env = "SWITCHBACK_AUTHOR_EMAIL")]
    author_email: String,
}

/// What a failed revision does in Git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rollback {
    /// A revert commit is pushed.
    Commit,
    /// Nothing.
    Off,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "run",
    talks: true,
    holds_cluster: false,
    outputs: output::NONE,
    flags: || upstream::understood(Run::command()),
    start: |call| Box::pin(run(call)),
};

/// The repository that `run` works on.
struct Opened {
    source: Source,
    /// Whether the repository tells by itself when it moves.
    local: bool,
    /// Kept while it works: an engine without it would not listen.
    nudge: mpsc::Sender<usize>,
    nudges: mpsc::Receiver<usize>,
    /// What goes on behind it.
    _tasks: JoinSet<()>,
}

/// A cluster, which need not answer yet, and an engine for it.
struct Begun {
    cluster: Client,
    working: Working,
    _embedded: Option<Embedded>,
}

/// Begins with the cluster that the flags name, or starts the embedded one.
async fn begin(common: &Common, flags: &Run, tasks: &mut JoinSet<()>) -> Result<Begun, Failure> {
    let (cluster, prometheus, embedded) = if flags.sandbox {
        let embedded = embedded::start(&embedded::Wanted::default(), tasks).await?;
        let place = embedded.kubeconfig.display();
        anstream::eprintln!("{} KUBECONFIG={place}", paint(FAINT, "embedded cluster:"));
        (embedded.cluster(), Some(embedded.prometheus()), Some(embedded))
    } else {
        (setup::cluster(common).await?, None, None)
    };
    let prometheus = flags.engine.prometheus_address.clone().or(prometheus);
    let served = (&flags.ports, if is_in_pod() { PORTS } else { NONE });
    let link_local = flags.engine.allow_link_local_metrics;
    let working =
        Working::start(cluster.clone(), prometheus, common.log_format, served, link_local, tasks).await?;
    Ok(Begun { cluster, working, _embedded: embedded })
}

/// Opens the repository once the cluster answers, so that a wrong address or branch is reported at once and not in a loop.
/// A repository that is away is no reason to end: failing canaries have to be aborted all the same.
async fn open(common: &Common, flags: &Run, url: &str, cluster: &Client) -> Result<Opened, Failure> {
    setup::answers(cluster).await?;
    let mut tasks = JoinSet::new();
    let mut wanted = setup::repository(url, &flags.of, setup::namespace(common), cluster, &mut tasks).await?;
    wanted.rollback = flags.rollback == Rollback::Commit;
    wanted.rollback_on = flags.rollback_on.clone();
    wanted.drift = flags.drift;
    wanted.author = (flags.author_name.clone(), flags.author_email.clone());
    let source = engine_setup::repository(&wanted)?;
    let (nudge, nudges) = mpsc::channel(16);
    let local = engine_setup::nudge_when_moved(&wanted, 0, nudge.clone(), &mut tasks).await?;
    let look = engine_setup::first_look(&source, flags.once || local);
    if let Err(error) = waiting(&format!("{} of {}", wanted.branch, source.git.name()), look).await
        && (flags.once || !engine_setup::was_delivered(cluster, &source).await?)
    {
        return Err(error.into());
    }
    Ok(Opened { source, local, nudge, nudges, _tasks: tasks })
}

async fn run(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Run>()?);
    upstream::pass_over(&call.words)?;
    let signals = Signals::listen()?;
    let mut tasks = JoinSet::new();
    let Some(url) = &flags.repo else { return deliveries(common, &flags, signals, tasks).await };
    let limit = flags.once.then_some(flags.timeout);
    let (begun, opened) = tokio::select! {
        biased;
        code = signals.interrupted() => return Ok(code),
        both = async {
            let begun = begin(common, &flags, &mut tasks).await?;
            let open = async || open(common, &flags, url, &begun.cluster).await;
            let opened = begun.working.once_there(limit, open).await?;
            Ok::<_, Failure>((begun, opened))
        } => both?,
    };
    let Begun { cluster, working, _embedded } = begun;
    let instance = flags.engine.instance_id.clone();
    let lease = Lease::OfDelivery(&opened.source.name);
    let namespace = setup::only_namespace(common, &flags.engine, &cluster);
    let (id, home, only) = (instance.as_deref(), &opened.source.namespace, namespace.as_deref());
    let election = flags.engine.election.election(&lease, id, home, only)?;
    let settings = Settings {
        instance,
        namespace,
        // Another `run`, or a controller of Argo's, looks after what it has brought.
        only_delivered: true,
        election: election.filter(|_| !flags.sandbox),
        jitter: chance(),
        sources: vec![opened.source],
        interval: Some(flags.interval).filter(|_| !opened.local),
        once: limit,
        ..Settings::default()
    };
    let ended = working.drive(settings, opened.nudges, signals).await;
    drop(opened.nudge);
    Ok(match ended {
        Ended::Stopped | Ended::Settled { healthy: true } => ExitCode::SUCCESS,
        Ended::Settled { healthy: false } => Exit::No.into(),
    })
}

/// All that Deliveries in the cluster name, and all Rollouts, as the `controller` has them.
async fn deliveries(
    common: &Common,
    flags: &Run,
    signals: Signals,
    mut tasks: JoinSet<()>,
) -> Result<ExitCode, Failure> {
    let begun = tokio::select! {
        biased;
        code = signals.interrupted() => return Ok(code),
        begun = async {
            let begun = begin(common, flags, &mut tasks).await?;
            begun.working.once_there(None, async || setup::answers(&begun.cluster).await).await?;
            Ok::<_, Failure>(begun)
        } => begun?,
    };
    let Begun { cluster, working, _embedded } = begun;
    let home = setup::present_namespace(common, &cluster);
    let instance = flags.engine.instance_id.clone();
    let only = setup::only_namespace(common, &flags.engine, &cluster);
    let namespace = common.namespace.clone().or(only);
    let (id, only) = (instance.as_deref(), namespace.as_deref());
    let election = flags.engine.election.election(&Lease::OfController, id, &home, only)?;
    let objects = DeliveryObjects {
        cache: cache::folder(flags.of.cache.as_deref())?,
        author: (flags.author_name.clone(), flags.author_email.clone()),
        interval: flags.interval,
        default_account: flags.default_service_account.clone(),
        patience: flags.deletion_timeout,
        local: flags.local_repositories,
    };
    let settings = Settings {
        instance,
        namespace,
        election: election.filter(|_| !flags.sandbox),
        jitter: chance(),
        objects: Some(objects),
        ..Settings::default()
    };
    let (_nudge, nudges) = mpsc::channel(1);
    working.drive(settings, nudges, signals).await;
    Ok(ExitCode::SUCCESS)
}
