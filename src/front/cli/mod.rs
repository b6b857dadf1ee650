//! Decides which words the command line understands, and which exit code each end has.
//! It never does the work of a verb.

pub mod act;
pub mod args;
pub mod crds;
pub mod fail;
pub mod get;
pub mod narrate;
pub mod open;
pub mod plan;
pub mod run;
pub mod sandbox;
pub mod status;

use crate::logic::rollout::act::Act;
use args::{Arguments, Verb};
use clap::Parser;
use fail::Failure;
use std::process::ExitCode;

/// Reads the command line, does what it says, and answers the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.color.apply();
    log_to_stderr(&arguments);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::usage(format!("no threads can be started: {error}")).report(),
    };
    let result = runtime.block_on(dispatch(arguments));
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    let common = arguments.common;
    match arguments.verb {
        Verb::Demo(verb) => crate::front::demo::demo(verb).await,
        Verb::Run(verb) => run::run(common, verb).await,
        Verb::Controller(verb) => run::controller(common, verb).await,
        Verb::Plan(verb) => plan::plan(common, verb, false).await,
        Verb::Diff(verb) => plan::plan(common, verb, true).await,
        Verb::Get { what } => get::get(common, what).await,
        Verb::Status(verb) => status::status(common, verb).await,
        Verb::Promote(verb) => act::promote(common, verb).await,
        Verb::Abort(verb) => act::say(common, verb, Act::Abort).await,
        Verb::Retry(verb) => act::say(common, verb, Act::Retry).await,
        Verb::Pause(verb) => act::say(common, verb, Act::Pause).await,
        Verb::Undo(verb) => act::undo(common, verb).await,
        Verb::Restart(verb) => act::restart(common, verb).await,
        Verb::InstallCrds(verb) => crds::install(common, verb).await,
        Verb::Sandbox(verb) => sandbox::sandbox(verb).await,
        Verb::Completion { shell } => {
            args::complete(shell);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn log_to_stderr(arguments: &Arguments) {
    let json = arguments.common.log_format == args::LogFormat::Json;
    let level = match (arguments.verb.talks(), arguments.verbose) {
        (_, 2..) => "switchback=debug,info",
        (_, 1) => "switchback=info,warn",
        (true, _) if json => "switchback=info,warn,kube_client::client::tls=error",
        (true, _) => "switchback=warn,switchback::world::notice::log=off,warn,kube_client=off",
        _ => "switchback=error,off",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SWITCHBACK_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let layer =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if json { layer.json().init() } else { layer.init() }
}
