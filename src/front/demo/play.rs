//! Decides the course of the demo: set the stage, play, print what happened, clear away.
//! It never decides what an act is.

use crate::front::demo::account::account;
use crate::front::demo::acts::acts;
use crate::front::demo::shop::Pace;
use crate::front::demo::stage::Stage;
use crate::front::exit::Failure;
use crate::front::screen::{STRONG, paint, say};
use crate::front::signals::Signals;
use std::path::Path;
use std::process::ExitCode;

/// Plays the demo at `pace`, in `dir` or a temporary folder; with `keep` everything stays until it is stopped.
///
/// # Errors
/// The stage cannot be set, or an act was not seen in time.
pub(crate) async fn play(dir: Option<&Path>, pace: Pace, keep: bool) -> Result<ExitCode, Failure> {
    let signals = Signals::listen()?;
    let mut stage = tokio::select! {
        biased;
        stage = Stage::set(dir, pace) => stage?,
        code = signals.interrupted() => return Ok(code),
    };
    let ended = tokio::select! {
        biased;
        ended = acts(&mut stage) => ended,
        code = signals.interrupted() => {
            stage.clear().await;
            return Ok(code);
        }
    };
    match ended {
        Ok(()) => account(&stage).await?,
        Err(failure) => {
            stage.clear().await;
            return Err(failure);
        }
    }
    if keep {
        say(&format!("\n{}", paint(STRONG, "It keeps running. Stop it with Ctrl-C.")));
        say(&format!("  export KUBECONFIG={}", stage.embedded.kubeconfig.display()));
        say(&format!("  cd {}", stage.shop.path.display()));
        say("  kubectl get rollouts -n shop -w      edit web/rollout.yaml and commit: it climbs");
        signals.stopped().await;
    }
    stage.clear().await;
    Ok(ExitCode::SUCCESS)
}
