//! Decides how the process is asked to end, and with which exit code it then ends.
//! It never ends anything itself.

use std::process::ExitCode;

/// Ends when the process is asked to.
pub(crate) async fn stopped() {
    let _code = interrupted().await;
}

/// Ends when the process is asked to, with its exit code: 0 where it was asked to end, 130 on Ctrl-C.
pub(crate) async fn interrupted() -> ExitCode {
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
