//! Decides which words the whole command line understands, and hands them to the verb that they name.
//! It never does the work of a verb.

use crate::front::cli::flags::Common;
use crate::front::cli::logs;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::verbs;
use crate::front::exit::Failure;
use crate::front::screen::ColorWhen;
use clap::{CommandFactory, FromArgMatches, Parser};
use std::process::ExitCode;
use std::time::Duration;

const AFTER: &str = "Exit codes: 0 yes, healthy, nothing to do; 1 no, degraded, changes found; 2 wrong usage or bad \
input; 3 cluster or Git not reachable; 130 interrupted.\nTry it: switchback demo";

/// How long work in the background may take to end.
const GRACE: Duration = Duration::from_millis(500);

/// GitOps progressive delivery for Kubernetes that can go back, in the cluster and in Git.
#[derive(Debug, Parser)]
#[command(name = "switchback", version, about, after_help = AFTER, propagate_version = true)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Arguments {
    /// Flags that every verb knows.
    #[command(flatten)]
    common: Common,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", env = "SWITCHBACK_COLOR")]
    color: ColorWhen,
    /// Say more on standard error; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

/// The program with every verb.
fn command() -> clap::Command {
    Arguments::command().subcommands(verbs::ALL.iter().map(Verb::command))
}

/// Reads the command line, does what it says, and answers the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let mut program = command();
    let matches = program.get_matches_mut();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|e| e.format(&mut program).exit());
    let named =
        matches.subcommand().and_then(|(n, words)| Some((verbs::ALL.iter().find(|v| v.name == n)?, words)));
    let Some((verb, words)) = named else {
        return Failure::usage("no verb is named; see them all: switchback --help").report();
    };
    arguments.color.apply();
    let common = &arguments.common;
    logs::to_stderr(common.log_format, common.log_level, arguments.verbose, verb.talks);
    // Beside the loop of an engine there is little to do at once; threads that wake each other cost more than they bring.
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    if !verb.holds_cluster {
        threads.worker_threads(1);
    }
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::usage(format!("no threads can be started: {error}")).report(),
    };
    let call = Invocation { common: arguments.common, words: words.clone(), program: command() };
    let result = runtime.block_on((verb.start)(call));
    runtime.shutdown_timeout(GRACE);
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_verb_has_a_name_of_its_own_and_flags_that_agree_with_the_programs() {
        command().debug_assert();
        let names: BTreeSet<&str> = verbs::ALL.iter().map(|v| v.name).collect();
        assert_eq!(names.len(), verbs::ALL.len());
        assert!(verbs::ALL.iter().all(|v| v.command().get_about().is_some()));
    }

    #[test]
    fn every_file_of_a_verb_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/front/cli/verbs");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(files, verbs::ALL.len() + 1, "each verb is a file beside mod.rs, and a line of ALL");
    }

    #[test]
    fn what_concerns_one_repository_needs_its_name_and_what_concerns_deliveries_excludes_it() {
        let reads = |line: &str| {
            let words = ["switchback", "run"].into_iter().chain(line.split_whitespace());
            command().try_get_matches_from(words).is_ok()
        };
        assert!(reads("") && reads("--interval 1m --default-service-account deployer"));
        assert!(reads("--repo shop --branch next --drift report --once"));
        for line in ["--branch next", "--once", "--git-token t", "--rollback off"] {
            assert!(!reads(line), "{line}");
        }
        assert!(!reads("--repo shop --default-service-account deployer"));
    }
}
