//! Decides the flags that several verbs share: their words, environment variables and help.
//! It never does what they say.

use crate::api::config_policy::ConfigPolicy;
use crate::api::object_name::is_label;
use crate::front::cli::election::ElectionFlags;
use crate::front::cli::output::{DataFormat, Output};
use clap::{Args, ValueEnum};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// Characters of the name of a delivery at most; as many as a label may have.
const LONGEST_NAME: usize = 63;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// Lines of JSON.
    Json,
}

/// Which log lines are written: those of a level and the more urgent ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Everything.
    #[value(alias = "trace")]
    Debug,
    /// What happens.
    Info,
    /// What should not happen.
    #[value(alias = "warning")]
    Warn,
    /// What somebody has to mend.
    #[value(aliases = ["fatal", "panic"])]
    Error,
}

/// Flags that every verb knows.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The cluster's kubeconfig; else $KUBECONFIG, ~/.kube/config, or the pod we run in.
    #[arg(long, global = true, value_name = "FILE", env = "SWITCHBACK_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", env = "SWITCHBACK_CONTEXT")]
    pub(crate) context: Option<String>,
    /// Namespace.
    #[arg(short, long, global = true, value_name = "NS", env = "SWITCHBACK_NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// How results are written instead of for people.
    #[arg(short, long, global = true, value_name = "FORMAT")]
    pub(crate) output: Option<Output>,
    /// How logs are written; with `json` what an engine does is told there and nowhere else.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        env = "SWITCHBACK_LOG_FORMAT",
        alias = "logformat"
    )]
    pub(crate) log_format: LogFormat,
    /// Which log lines are written to standard error; without it those that a person should see.
    #[arg(long, global = true, value_name = "LEVEL", env = "SWITCHBACK_LOG_LEVEL", alias = "loglevel")]
    pub(crate) log_level: Option<LogLevel>,
}

impl Common {
    /// The format of data, if results are wanted as data.
    #[must_use]
    pub(crate) fn data(&self) -> Option<DataFormat> {
        self.output.and_then(Output::data)
    }
}

/// Which repository.
#[derive(Clone, Debug, Args)]
pub(crate) struct Repo {
    /// The repository: URL, or path of one on this machine.
    #[arg(long, value_name = "URL|PATH", env = "SWITCHBACK_REPO")]
    pub(crate) repo: String,
    /// What of it, and how it is reached.
    #[command(flatten)]
    pub(crate) of: RepoFlags,
}

/// What of a repository is meant, and how it is reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct RepoFlags {
    /// The branch.
    #[arg(long, default_value = "main", env = "SWITCHBACK_BRANCH", requires = "repo")]
    pub(crate) branch: String,
    /// Folder of the manifests in the repository.
    #[arg(long, default_value = ".", env = "SWITCHBACK_PATH", requires = "repo")]
    pub(crate) path: String,
    /// Name of the delivery, which its objects are marked with and its inventory is called; else one is made of URL, branch,
    /// path and namespace, however the URL is spelled. Needed to stay the same delivery when the repository moves to another
    /// host: give the old name then.
    #[arg(long, value_name = "NAME", env = "SWITCHBACK_DELIVERY_NAME", value_parser = delivery_name)]
    pub(crate) delivery_name: Option<String>,
    /// How ConfigMaps and Secrets from Git reach the pods of Rollouts: under their names (plain), or under names with the hash
    /// of their content (versioned), so that a change of them is a revision, and stable pods keep what they have; the
    /// annotation switchback.dev/config says otherwise for one Rollout.
    #[arg(
        long,
        default_value = "plain",
        value_name = "plain|versioned",
        env = "SWITCHBACK_CONFIG",
        requires = "repo"
    )]
    pub(crate) config: ConfigPolicy,
    /// Token for https repositories; better in the environment or a file than on the command line.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SWITCHBACK_GIT_TOKEN",
        hide_env_values = true,
        requires = "repo"
    )]
    pub(crate) git_token: Option<String>,
    /// File that holds the token, read anew at each use.
    #[arg(
        long,
        value_name = "FILE",
        env = "SWITCHBACK_GIT_TOKEN_FILE",
        requires = "repo",
        conflicts_with = "git_token"
    )]
    pub(crate) git_token_file: Option<PathBuf>,
    /// Secret of the cluster with `username` and `password`, `token`, or `ssh-privatekey`, and with `known_hosts` and `ca.crt`;
    /// followed as it changes.
    #[arg(long, value_name = "[NS/]NAME", env = "SWITCHBACK_GIT_SECRET", requires = "repo", conflicts_with_all = ["git_token", "git_token_file", "git_user"])]
    pub(crate) git_secret: Option<String>,
    /// User name, if the server wants one beside the token (basic authentication).
    #[arg(long, value_name = "NAME", env = "SWITCHBACK_GIT_USER", requires = "repo")]
    pub(crate) git_user: Option<String>,
    /// Private key for ssh repositories, read anew at each use; else the user's own keys and agent.
    #[arg(long, value_name = "FILE", env = "SWITCHBACK_GIT_SSH_KEY", requires = "repo", conflicts_with_all = ["git_token", "git_token_file", "git_secret", "git_user"])]
    pub(crate) git_ssh_key: Option<PathBuf>,
    /// Keys of ssh servers that are trusted, in the format of known_hosts, and no others; else the `known_hosts` of the
    /// Secret, or the user's own.
    #[arg(
        long,
        alias = "known-hosts",
        value_name = "FILE",
        env = "SWITCHBACK_GIT_KNOWN_HOSTS",
        requires = "repo"
    )]
    pub(crate) git_known_hosts: Option<PathBuf>,
    /// Certificates (PEM) that https repositories may be signed by, besides the system's; else those in the
    /// `ca.crt` of the Secret; read anew at each use.
    #[arg(long, value_name = "FILE", env = "SWITCHBACK_GIT_CA", requires = "repo")]
    pub(crate) git_ca: Option<PathBuf>,
    /// Folder in which mirrors of repositories are kept.
    #[arg(long, value_name = "DIR", env = "SWITCHBACK_CACHE")]
    pub(crate) cache: Option<PathBuf>,
}

/// A name that objects can be marked with and Secrets be called.
fn delivery_name(text: &str) -> Result<String, String> {
    if is_label(text) && text.len() <= LONGEST_NAME {
        return Ok(text.to_owned());
    }
    Err(format!(
        "write at most {LONGEST_NAME} lower-case letters, digits and dashes, such as switchback-shop"
    ))
}

/// What both engines know.
#[derive(Clone, Debug, Args)]
pub(crate) struct EngineFlags {
    /// Only objects with this label argo-rollouts.argoproj.io/controller-instance-id; without it, only those without.
    #[arg(long, value_name = "ID", env = "SWITCHBACK_INSTANCE_ID")]
    pub(crate) instance_id: Option<String>,
    /// Look only at the namespace of --namespace (or the pod's own), for who has rights in no other.
    #[arg(long, env = "SWITCHBACK_NAMESPACED")]
    pub(crate) namespaced: bool,
    /// Which of several processes acts.
    #[command(flatten)]
    pub(crate) election: ElectionFlags,
    /// Prometheus for metrics that name no address.
    #[arg(long, value_name = "URL", env = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS")]
    pub(crate) prometheus_address: Option<String>,
    /// Let metrics be asked at link-local addresses and metadata services, where clouds give credentials away.
    #[arg(long, env = "SWITCHBACK_ALLOW_LINK_LOCAL_METRICS")]
    pub(crate) allow_link_local_metrics: bool,
}

/// What is served while an engine runs.
#[derive(Clone, Debug, Args)]
pub(crate) struct Ports {
    /// Port of Prometheus metrics; 0 for none (8090 for `controller` and in a pod, else none unless told).
    #[arg(long, value_name = "PORT", env = "SWITCHBACK_METRICS_PORT", aliases = ["metricsPort", "metricsport"])]
    pub(crate) metrics_port: Option<u16>,
    /// Port of /healthz and /readyz; 0 for none (8080 for `controller` and in a pod, else none unless told).
    #[arg(long, value_name = "PORT", env = "SWITCHBACK_HEALTH_PORT", aliases = ["healthzPort", "healthzport"])]
    pub(crate) health_port: Option<u16>,
    /// Address both are served on (in a pod every one of its own, else 127.0.0.1).
    #[arg(long, value_name = "ADDRESS", env = "SWITCHBACK_BIND")]
    pub(crate) bind: Option<IpAddr>,
}

impl Ports {
    /// The address to serve on. Probes and Prometheus reach a pod by its own address only.
    #[must_use]
    pub(crate) fn address(&self) -> IpAddr {
        let usual = if is_in_pod() { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        self.bind.unwrap_or(usual.into())
    }
}

/// Whether we run in a pod.
#[must_use]
pub(crate) fn is_in_pod() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some_and(|host| !host.is_empty())
}
