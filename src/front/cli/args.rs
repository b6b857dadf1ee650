//! Decides the words of the command line: verbs, flags, their environment variables and their help.
//! It never does what they say.

use crate::front::demo::shop::Pace;
use crate::front::screen::ColorWhen;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

const AFTER: &str = "Exit codes: 0 yes, healthy, nothing to do; 1 no, degraded, changes found; 2 wrong usage or bad \
input; 3 cluster or Git not reachable; 130 interrupted.\nTry it: switchback demo";

/// GitOps progressive delivery for Kubernetes that can go back, in the cluster and in Git.
#[derive(Debug, Parser)]
#[command(name = "switchback", version, about, after_help = AFTER, propagate_version = true)]
pub struct Arguments {
    /// Flags that every verb knows.
    #[command(flatten)]
    pub common: Common,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", env = "SWITCHBACK_COLOR")]
    pub color: ColorWhen,
    /// Say more on standard error; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// Lines of JSON.
    Json,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Flags that every verb knows.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The cluster's kubeconfig; else $KUBECONFIG, ~/.kube/config, or the pod we run in.
    #[arg(long, global = true, value_name = "FILE", env = "SWITCHBACK_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", env = "SWITCHBACK_CONTEXT")]
    pub context: Option<String>,
    /// Namespace.
    #[arg(short, long, global = true, value_name = "NS", env = "SWITCHBACK_NAMESPACE")]
    pub namespace: Option<String>,
    /// Write results as JSON or YAML.
    #[arg(short, long, global = true, value_name = "FORMAT")]
    pub output: Option<Output>,
    /// How logs are written; with `json` what an engine does is told there and nowhere else.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", env = "SWITCHBACK_LOG_FORMAT")]
    pub log_format: LogFormat,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// See it work within a minute: an embedded cluster, a small shop in Git, a good commit and a bad one.
    Demo(Demo),
    /// Bring a Git repository to the cluster, let its Rollouts climb, and take failures back in Git.
    Run(Run),
    /// Only the Rollout and analysis controllers, for clusters where something else applies the manifests.
    Controller(Controller),
    /// What would change in the cluster, in a few words (exit 0 nothing, 1 changes).
    Plan(Look),
    /// What would change in the cluster, line by line (exit 0 nothing, 1 changes).
    Diff(Look),
    /// Show Rollouts.
    Get {
        /// What to show.
        #[command(subcommand)]
        what: Get,
    },
    /// Wait until a Rollout is where it is going (exit 0 healthy, 1 degraded or out of time).
    Status(Status),
    /// Go on: end the pause, or leave the present step.
    Promote(Promote),
    /// Go back to the stable revision, now.
    Abort(Named),
    /// Try an aborted revision again.
    Retry(Named),
    /// Stay at the present step until `promote`.
    Pause(Named),
    /// Go back to an older revision; what came from Git is reverted there too.
    Undo(Undo),
    /// Replace all pods, a few at a time.
    Restart(Restart),
    /// Make the cluster serve Rollouts and analyses.
    InstallCrds(InstallCrds),
    /// Only the embedded cluster, for kubectl or any client.
    Sandbox(Sandbox),
    /// Print the completion script of a shell.
    Completion {
        /// The shell.
        shell: Shell,
    },
}

impl Verb {
    /// Whether the verb tells by itself what goes on.
    #[must_use]
    pub fn talks(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Controller(_))
    }
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep the cluster and the repository at the end, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Folder for the repository and the kubeconfig; a temporary one otherwise.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How long the pauses are.
    #[arg(long, default_value = "normal")]
    pub pace: Pace,
}

/// Which repository.
#[derive(Clone, Debug, Args)]
pub struct Repo {
    /// The repository: URL, or path of one on this machine.
    #[arg(long, value_name = "URL|PATH", env = "SWITCHBACK_REPO")]
    pub repo: String,
    /// The branch.
    #[arg(long, default_value = "main", env = "SWITCHBACK_BRANCH")]
    pub branch: String,
    /// Folder of the manifests in the repository.
    #[arg(long, default_value = ".", env = "SWITCHBACK_PATH")]
    pub path: String,
    /// Token for https repositories; better in the environment or a file than on the command line.
    #[arg(long, value_name = "TOKEN", env = "SWITCHBACK_GIT_TOKEN", hide_env_values = true)]
    pub git_token: Option<String>,
    /// File that holds the token, read anew at each use.
    #[arg(long, value_name = "FILE", env = "SWITCHBACK_GIT_TOKEN_FILE", conflicts_with = "git_token")]
    pub git_token_file: Option<PathBuf>,
    /// Secret of the cluster with `username` and `password`, `token`, or `ssh-privatekey`; followed as it changes.
    #[arg(long, value_name = "[NS/]NAME", env = "SWITCHBACK_GIT_SECRET", conflicts_with_all = ["git_token", "git_token_file", "git_user"])]
    pub git_secret: Option<String>,
    /// User name, if the server wants one beside the token (basic authentication).
    #[arg(long, value_name = "NAME", env = "SWITCHBACK_GIT_USER")]
    pub git_user: Option<String>,
    /// Folder in which mirrors of repositories are kept.
    #[arg(long, value_name = "DIR", env = "SWITCHBACK_CACHE")]
    pub cache: Option<PathBuf>,
}

/// `run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  switchback run --repo https://example.com/team/shop.git --path prod\n  \
switchback run --repo . --sandbox          the repository you stand in, on an embedded cluster\n  \
switchback run --repo . --once && echo all healthy at HEAD"
)]
pub struct Run {
    /// Which repository.
    #[command(flatten)]
    pub repo: Repo,
    /// Use an embedded cluster instead of a real one.
    #[arg(long, conflicts_with = "kubeconfig", env = "SWITCHBACK_SANDBOX")]
    pub sandbox: bool,
    /// How often remote repositories are asked; local ones tell by themselves.
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = duration, env = "SWITCHBACK_INTERVAL")]
    pub interval: std::time::Duration,
    /// What a failed revision does in Git.
    #[arg(long, default_value = "commit", value_name = "HOW", env = "SWITCHBACK_ROLLBACK")]
    pub rollback: Rollback,
    /// End as soon as everything has settled: 0 all healthy at HEAD, 1 not.
    #[arg(long)]
    pub once: bool,
    /// What both engines know.
    #[command(flatten)]
    pub engine: Engine,
    /// What is served while it runs.
    #[command(flatten)]
    pub ports: Ports,
    /// Name in revert commits.
    #[arg(long, default_value = "Switchback", env = "SWITCHBACK_AUTHOR_NAME")]
    pub author_name: String,
    /// Address in revert commits.
    #[arg(long, default_value = "switchback@localhost", env = "SWITCHBACK_AUTHOR_EMAIL")]
    pub author_email: String,
}

/// What a failed revision does in Git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rollback {
    /// A revert commit is pushed.
    Commit,
    /// Nothing.
    Off,
}

/// What both engines know.
#[derive(Clone, Debug, Args)]
pub struct Engine {
    /// Only objects with this label argo-rollouts.argoproj.io/controller-instance-id; without it, only those without.
    #[arg(long, value_name = "ID", env = "SWITCHBACK_INSTANCE_ID")]
    pub instance_id: Option<String>,
    /// Prometheus for metrics that name no address.
    #[arg(long, value_name = "URL", env = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS")]
    pub prometheus_address: Option<String>,
}

/// `controller`.
#[derive(Debug, Args)]
pub struct Controller {
    /// What both engines know.
    #[command(flatten)]
    pub engine: Engine,
    /// What is served while it runs.
    #[command(flatten)]
    pub ports: Ports,
}

/// What is served while an engine runs.
#[derive(Clone, Debug, Args)]
pub struct Ports {
    /// Port of Prometheus metrics; 0 for none (8090 for `controller`, none for `run` unless told).
    #[arg(long, value_name = "PORT", env = "SWITCHBACK_METRICS_PORT")]
    pub metrics_port: Option<u16>,
    /// Port of the health answer; 0 for none (8080 for `controller`, none for `run` unless told).
    #[arg(long, value_name = "PORT", env = "SWITCHBACK_HEALTH_PORT")]
    pub health_port: Option<u16>,
    /// Address both are served on.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS", env = "SWITCHBACK_BIND")]
    pub bind: std::net::IpAddr,
}

/// `plan` and `diff`.
#[derive(Debug, Args)]
pub struct Look {
    /// Which repository.
    #[command(flatten)]
    pub repo: Repo,
}

/// `get`.
#[derive(Debug, Subcommand)]
pub enum Get {
    /// All Rollouts of a namespace, as a table.
    #[command(visible_alias = "ros")]
    Rollouts {
        /// Those of all namespaces.
        #[arg(short = 'A', long)]
        all_namespaces: bool,
        /// Go on showing what changes.
        #[arg(short, long)]
        watch: bool,
    },
    /// One Rollout with its revisions, pods and analyses.
    #[command(
        visible_alias = "ro",
        after_help = "Examples:\n  switchback get rollout web -n shop\n  switchback get rollout web -w       \
        redrawn in place on a terminal, a line for each change elsewhere"
    )]
    Rollout {
        /// Its name.
        name: String,
        /// Go on showing what changes.
        #[arg(short, long)]
        watch: bool,
    },
}

/// `status`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  switchback status web --timeout 10m && echo deployed\n  \
switchback status web --timeout 0s     looks once and does not wait")]
pub struct Status {
    /// Name of the Rollout.
    pub name: String,
    /// How long to wait; without it there is no limit, with 0s it does not wait.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<std::time::Duration>,
}

/// A Rollout to do something to.
#[derive(Debug, Args)]
pub struct Named {
    /// Name of the Rollout.
    pub name: String,
    /// Only say what would be written.
    #[arg(long)]
    pub dry_run: bool,
}

/// `promote`.
#[derive(Debug, Args)]
pub struct Promote {
    /// Which Rollout.
    #[command(flatten)]
    pub named: Named,
    /// Go to the end at once, without pauses and analyses.
    #[arg(long)]
    pub full: bool,
    /// Do not ask before --full.
    #[arg(short, long)]
    pub yes: bool,
}

/// `undo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  switchback undo web                    back to the revision before\n  \
switchback undo web --to-revision 3 --yes")]
pub struct Undo {
    /// Which Rollout.
    #[command(flatten)]
    pub named: Named,
    /// The revision; 0 is the one before the present.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub to_revision: i64,
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
}

/// `restart`.
#[derive(Debug, Args)]
pub struct Restart {
    /// Which Rollout.
    #[command(flatten)]
    pub named: Named,
    /// Not now, but after this time.
    #[arg(short, long = "in", value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub after: std::time::Duration,
}

/// `install-crds`.
#[derive(Debug, Args)]
pub struct InstallCrds {
    /// Print them instead.
    #[arg(long)]
    pub print: bool,
}

/// `sandbox`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  switchback sandbox --kubeconfig-out /tmp/kc & kubectl --kubeconfig /tmp/kc get nodes"
)]
pub struct Sandbox {
    /// Port on loopback; 0 picks one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Where to write the kubeconfig; its path is printed otherwise.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig_out: Option<PathBuf>,
    /// How long pods take to become ready.
    #[arg(long, default_value = "1s", value_name = "DURATION", value_parser = duration)]
    pub ready_after: std::time::Duration,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    crate::base::duration::parse_go(text).map_err(|e| e.to_string())
}

/// Prints the completion script of a shell.
pub fn complete(shell: Shell) {
    clap_complete::generate(shell, &mut Arguments::command(), "switchback", &mut std::io::stdout());
}
