//! Decides which words the whole command line understands, and hands them to the verb that they name.
//! It never does the work of a verb.

use crate::front::cli::called::{Called, completions};
use crate::front::cli::flags::Common;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{logs, output, verbs};
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
    let mut words = std::env::args_os();
    let called = Called::by(words.next().as_deref());
    let mut program = called.named(command());
    if called == Called::Completer {
        print!("{}", completions(program, words));
        return ExitCode::SUCCESS;
    }
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
    if let Err(failure) = output::check(verb.name, arguments.common.output, verb.outputs) {
        return failure.report();
    }
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::usage(format!("no threads can be started: {error}")).report(),
    };
    let call =
        Invocation { common: arguments.common, words: words.clone(), program: called.named(command()) };
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
    use crate::front::explain::{fields, topics};
    use std::collections::BTreeSet;

    #[test]
    fn every_verb_has_a_name_of_its_own_and_flags_that_agree_with_the_programs() {
        command().debug_assert();
        let names: BTreeSet<&str> = verbs::ALL.iter().map(|v| v.name).collect();
        assert_eq!(names.len(), verbs::ALL.len());
        assert!(verbs::ALL.iter().all(|v| v.command().get_about().is_some()));
    }

    /// The commands of ours that `line` of a page holds: alone on it, or between backticks.
    fn commands(line: &str) -> Vec<String> {
        let quoted = line.split('`').skip(1).step_by(2);
        let alone = line.strip_prefix("  ").map(|l| l.split(" #").next().unwrap_or_default());
        let parts = quoted.chain(alone).flat_map(|part| part.split(" && "));
        let ours = parts.map(str::trim).filter(|part| part.starts_with("switchback "));
        ours.map(str::to_owned).collect()
    }

    #[test]
    fn a_command_on_a_page_is_one_that_is_understood() {
        let mut seen = 0;
        for topic in topics::ALL {
            for line in topic.text.lines().flat_map(commands) {
                let read = command().try_get_matches_from(line.split_whitespace());
                assert!(read.is_ok(), "{}: {line}: {}", topic.name, read.unwrap_err());
                let word = line.strip_prefix("switchback explain ");
                let leads = |word: &str| topics::find(word).is_some() || fields::find(word).is_ok();
                assert!(word.is_none_or(leads), "{}: {line}", topic.name);
                seen += 1;
            }
        }
        assert!(seen > 30, "{seen}");
        assert_eq!(commands("  switchback lint deploy/   # see `it`"), ["switchback lint deploy/"]);
    }

    #[test]
    fn a_page_that_is_named_anywhere_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut left = vec![root.join("src"), root.join("README.md")];
        while let Some(path) = left.pop() {
            if path.is_dir() {
                left.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for rest in text.split("switchback explain ").skip(1) {
                let end = |c: char| !(c.is_alphanumeric() || "-.".contains(c));
                let word = rest.split(end).next().unwrap_or_default().trim_end_matches('.');
                let is_any = word.is_empty() || word == "TOPIC";
                let is_there = is_any || topics::find(word).is_some() || fields::find(word).is_ok();
                assert!(is_there, "{}: switchback explain {word}", path.display());
            }
        }
    }

    #[test]
    fn every_verb_has_a_page_in_the_manual() {
        let folder = tempfile::tempdir().unwrap();
        clap_mangen::generate_to(command(), folder.path()).unwrap();
        let read = |name: String| std::fs::read_to_string(folder.path().join(name)).unwrap();
        for verb in verbs::ALL {
            let text = read(format!("switchback-{}.1", verb.name));
            let about = verb.command().get_about().unwrap().to_string();
            let word = about.split_whitespace().next().unwrap().trim_end_matches(',');
            assert!(text.contains(".SH SYNOPSIS") && text.contains(word), "{}: {text}", verb.name);
        }
        assert!(read("switchback.1".to_owned()).contains("promote"));
        assert!(read("switchback-get-rollout.1".to_owned()).contains(".SH SYNOPSIS"));
    }

    #[test]
    fn kubectls_plugin_shows_its_own_name_and_completes_its_words() {
        let mut plugin = Called::Plugin.named(command());
        let help = plugin.render_long_help().to_string();
        assert!(help.contains("Usage: kubectl switchback "), "{help}");
        plugin.build();
        let status = plugin.find_subcommand_mut("status").unwrap();
        let help = status.render_long_help().to_string();
        assert!(help.contains("Usage: kubectl switchback status"), "{help}");
        assert!(help.contains("  kubectl switchback status web --timeout 10m"), "{help}");
        let said = |line: &str| {
            completions(Called::Completer.named(command()), line.split(' ').map(std::ffi::OsString::from))
        };
        let verbs = said("pro");
        assert!(verbs.starts_with("promote\tGo on") && verbs.ends_with("\n:4\n"), "{verbs}");
        let kinds = said("get rollout");
        assert!(kinds.contains("rollouts\t") && !kinds.contains("promote"), "{kinds}");
        assert!(said("get rollouts --all").starts_with("--all-namespaces"));
        assert_eq!(said("get rollouts -o w"), "wide\tA table with more columns\n:4\n");
        assert!(said("completion ").contains("bash\n"));
    }

    #[test]
    fn every_file_of_a_verb_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/front/cli/verbs");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(
            files,
            verbs::ALL.len() + 2,
            "each verb is a file beside mod.rs and all.rs, and a line of ALL"
        );
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
