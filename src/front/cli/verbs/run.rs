//! Decides what `run` understands, how it starts, and what its end means.
//! It never decides what the engine does.

use crate::base::duration::parse_go;
use crate::engine::delivery::Source;
use crate::engine::run::{Ended, Settings};
use crate::engine::setup::{self as engine_setup, Client};
use crate::front::cli::election::Lease;
use crate::front::cli::flags::{Common, EngineFlags, Ports, Repo, is_in_pod};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::working::{PORTS, UsualPorts, Working};
use crate::front::cli::{setup, upstream};
use crate::front::embedded::{self, Embedded, chance};
use crate::front::exit::{Exit, Failure};
use crate::front::screen::{FAINT, paint, waiting};
use crate::front::signals::interrupted;
use crate::logic::plan::DriftPolicy;
use crate::logic::revert::RollbackOn;
use clap::{CommandFactory, Parser, ValueEnum};
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Unless they are asked for, `run` serves no pages outside of pods.
const NONE: UsualPorts = UsualPorts { metrics: 0, health: 0 };

/// Bring a Git repository to the cluster, let its Rollouts climb, and take failures back in Git.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  switchback run --repo https://example.com/team/shop.git --path prod\n  \
switchback run --repo . --sandbox          the repository you stand in, on an embedded cluster\n  \
switchback run --repo . --once && echo all healthy at HEAD"
)]
struct Run {
    /// Which repository.
    #[command(flatten)]
    repo: Repo,
    /// Use an embedded cluster instead of a real one.
    #[arg(long, conflicts_with = "kubeconfig", env = "SWITCHBACK_SANDBOX")]
    sandbox: bool,
    /// How often remote repositories are asked; local ones tell by themselves.
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = parse_go, env = "SWITCHBACK_INTERVAL")]
    interval: Duration,
    /// What a failed revision does in Git.
    #[arg(long, default_value = "commit", value_name = "HOW", env = "SWITCHBACK_ROLLBACK")]
    rollback: Rollback,
    /// For which reasons Git goes back: some of failed (an analysis, or pods that cannot run), error, deadline, abort, undo,
    /// invalid-spec, or none. What nobody could measure (error) and what cannot be acted on (invalid-spec) stays in Git
    /// unless it is named; the annotation switchback.dev/rollback-on says otherwise for one Rollout.
    #[arg(
        long,
        default_value = "failed,deadline,abort,undo",
        value_name = "REASONS",
        env = "SWITCHBACK_ROLLBACK_ON"
    )]
    rollback_on: RollbackOn,
    /// What is done about objects that somebody else has changed or deleted in the cluster: heal, report or ignore. The
    /// annotation switchback.dev/drift says otherwise for one object, in Git or in the cluster.
    #[arg(long, default_value = "heal", value_name = "HOW", env = "SWITCHBACK_DRIFT")]
    drift: DriftPolicy,
    /// End as soon as everything has settled, workloads too: 0 all healthy at HEAD, 1 not.
    #[arg(long)]
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
    flags: || upstream::understood(Run::command()),
    start: |call| Box::pin(run(call)),
};

/// What `run` works on.
struct Opened {
    cluster: Client,
    prometheus: Option<String>,
    source: Source,
    /// Whether the repository tells by itself when it moves.
    local: bool,
    /// Kept while it works: an engine without it would not listen.
    nudge: mpsc::Sender<usize>,
    nudges: mpsc::Receiver<usize>,
    _embedded: Option<Embedded>,
}

/// Opens the cluster and the repository, so that a wrong address or branch is reported at once and not in a loop. A
/// repository that is away is no reason to end: failing canaries have to be aborted all the same.
async fn open_both(common: &Common, flags: &Run, tasks: &mut JoinSet<()>) -> Result<Opened, Failure> {
    let (cluster, prometheus, embedded) = if flags.sandbox {
        let embedded = embedded::start(&embedded::Wanted::default(), tasks).await?;
        let place = embedded.kubeconfig.display();
        anstream::eprintln!("{} KUBECONFIG={place}", paint(FAINT, "embedded cluster:"));
        (embedded.cluster(), Some(embedded.prometheus()), Some(embedded))
    } else {
        (setup::cluster(common).await?, None, None)
    };
    waiting("the cluster", cluster.version()).await?;
    let mut wanted = setup::repository(&flags.repo, setup::namespace(common), &cluster, tasks).await?;
    wanted.rollback = flags.rollback == Rollback::Commit;
    wanted.rollback_on = flags.rollback_on.clone();
    wanted.drift = flags.drift;
    wanted.author = (flags.author_name.clone(), flags.author_email.clone());
    let source = engine_setup::repository(&wanted)?;
    let (nudge, nudges) = mpsc::channel(16);
    let local = engine_setup::nudge_when_moved(&wanted, 0, nudge.clone(), tasks).await?;
    let look = engine_setup::first_look(&source, flags.once || local);
    if let Err(error) = waiting(&format!("{} of {}", wanted.branch, source.git.name()), look).await
        && (flags.once || !engine_setup::was_delivered(&cluster, &source).await?)
    {
        return Err(error.into());
    }
    let prometheus = flags.engine.prometheus_address.clone().or(prometheus);
    Ok(Opened { cluster, prometheus, source, local, nudge, nudges, _embedded: embedded })
}

async fn run(call: Invocation) -> Result<ExitCode, Failure> {
    let (common, flags) = (&call.common, call.flags::<Run>()?);
    upstream::pass_over(&call.words)?;
    let mut tasks = JoinSet::new();
    let opened = tokio::select! {
        biased;
        code = interrupted() => return Ok(code),
        opened = open_both(common, &flags, &mut tasks) => opened?,
    };
    let instance = flags.engine.instance_id.clone();
    let lease = Lease::OfDelivery(&opened.source.name);
    let namespace = setup::only_namespace(common, &flags.engine, &opened.cluster);
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
        once: flags.once.then_some(flags.timeout),
        ..Settings::default()
    };
    let usual = if is_in_pod() { PORTS } else { NONE };
    let link_local = flags.engine.allow_link_local_metrics;
    let working = Working::start(opened.cluster, opened.prometheus, link_local, &mut tasks)?;
    let ended = working.drive(common.log_format, &flags.ports, usual, settings, opened.nudges).await?;
    drop(opened.nudge);
    Ok(match ended {
        Ended::Stopped | Ended::Settled { healthy: true } => ExitCode::SUCCESS,
        Ended::Settled { healthy: false } => Exit::No.into(),
    })
}
