//! Decides which log lines reach standard error, and in which form.
//! It never decides what is logged.

use crate::front::cli::flags::{LogFormat, LogLevel};
use tracing_subscriber::EnvFilter;

/// Writes log lines to standard error from now on; `level` and `verbose` say what was asked for, and a verb that `talks`
/// prints by itself what goes on.
pub(crate) fn to_stderr(format: LogFormat, level: Option<LogLevel>, verbose: u8, talks: bool) {
    let json = format == LogFormat::Json;
    let verbose = match level {
        Some(LogLevel::Debug) => verbose.max(2),
        Some(LogLevel::Info) => verbose.max(1),
        Some(LogLevel::Warn | LogLevel::Error) | None => verbose,
    };
    let level = match (talks, verbose) {
        (_, 0) if level == Some(LogLevel::Error) => "error,kube_client=off",
        (_, 0) if level == Some(LogLevel::Warn) => "warn,kube_client=off",
        (_, 2..) => "switchback=debug,info",
        (_, 1) => "switchback=info,warn",
        (true, _) if json => "switchback=info,warn,kube_client::client::tls=error",
        (true, _) => "switchback=warn,switchback::engine::context=off,warn,kube_client=off",
        _ => "switchback=error,off",
    };
    let filter = EnvFilter::try_from_env("SWITCHBACK_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let layer =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if json { layer.json().init() } else { layer.init() }
}
