//! Decides how the process is asked to end, and with which exit code it then ends.
//! It never ends anything itself.

use crate::front::exit::Failure;
use futures::future::{BoxFuture, FutureExt, Shared};
use std::io;
use std::process::ExitCode;

/// The signals that ask the process to end, from the moment it listens on: one that comes while nobody waits is heard by
/// whoever waits next.
#[derive(Clone)]
pub(crate) struct Signals {
    asked: Shared<BoxFuture<'static, ExitCode>>,
}

impl Signals {
    /// Listens from now on; until somebody waits, signals are kept.
    ///
    /// # Errors
    /// The system lets nobody listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let asked = asked();
        let asked =
            asked.map_err(|e| Failure::usage(format!("the signals of its end cannot be heard: {e}")))?;
        Ok(Self { asked: asked.boxed().shared() })
    }

    /// Ends when the process is asked to, with its exit code: 0 where it was asked to end, 130 on Ctrl-C.
    pub(crate) async fn interrupted(&self) -> ExitCode {
        self.asked.clone().await
    }

    /// Ends when the process is asked to.
    pub(crate) async fn stopped(self) {
        let _code = self.asked.await;
    }
}

#[cfg(unix)]
fn asked() -> io::Result<impl Future<Output = ExitCode> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            biased;
            _ = term.recv() => ExitCode::SUCCESS,
            _ = interrupt.recv() => ExitCode::from(130),
        }
    })
}

#[cfg(not(unix))]
fn asked() -> io::Result<impl Future<Output = ExitCode> + Send + 'static> {
    Ok(tokio::signal::ctrl_c().map(|_| ExitCode::from(130)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_signal_between_two_waits_is_heard() {
        let signals = Signals::listen().unwrap();
        tokio::select! {
            biased;
            _ = signals.interrupted() => panic!("nobody asked for the end"),
            () = ready(()) => {}
        }
        let own = std::process::id().to_string();
        let sent = tokio::process::Command::new("sh").args(["-c", "kill -TERM \"$0\"", &own]).status().await;
        assert!(sent.unwrap().success());
        // The system delivers it when it likes.
        tokio::time::sleep(Duration::from_millis(50)).await;
        timeout(Duration::from_secs(10), signals.stopped()).await.expect("it was lost");
    }
}
