//! Decides as which program we were called: by our own name, as a plugin of kubectl, or to complete the words of one.
//! It never decides what a word does.

use clap::builder::StyledStr;
use clap::{Arg, Command};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What kubectl's plugin is called.
const PLUGIN: &str = "kubectl-switchback";
/// What kubectl asks for the words that may come next
/// (source: kubectl pkg/cmd/plugin_completion.go, `findCompletionExecutable`).
const COMPLETER: &str = "kubectl_complete-switchback";
/// Tells kubectl that files are no answer (source: cobra completions.go, `ShellCompDirectiveNoFileComp`).
const NO_FILES: &str = ":4";

/// As which program we were called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// By our own name, or another one that somebody has given us.
    Program,
    /// As a plugin of kubectl.
    Plugin,
    /// To complete the words of the plugin.
    Completer,
}

impl Called {
    /// What the first word of a command line says.
    #[must_use]
    pub(crate) fn by(first: Option<&OsStr>) -> Self {
        let name = first.map(Path::new).and_then(Path::file_stem).and_then(OsStr::to_str);
        match name {
            Some(PLUGIN) => Self::Plugin,
            Some(COMPLETER) => Self::Completer,
            _ => Self::Program,
        }
    }

    /// `program` with usage and examples as they have to be written.
    #[must_use]
    pub(crate) fn named(self, program: Command) -> Command {
        match self {
            Self::Program => program,
            Self::Plugin | Self::Completer => as_plugin(program.bin_name("kubectl switchback")),
        }
    }
}

/// `command` and all below it with examples that name the plugin.
fn as_plugin(command: Command) -> Command {
    let said = |text: Option<&StyledStr>| {
        text.map(|text| text.to_string().replace("switchback ", "kubectl switchback "))
    };
    let after = said(command.get_after_help());
    let command = match after {
        Some(text) => command.after_help(text),
        None => command,
    };
    command.mut_subcommands(as_plugin)
}

/// The answer to kubectl: the words that may stand in place of the last of `words`, a line each.
#[must_use]
pub(crate) fn completions(mut program: Command, words: impl Iterator<Item = OsString>) -> String {
    program.build();
    let mut words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let last = words.pop().unwrap_or_default();
    let at = words.iter().fold(&program, |at, word| at.find_subcommand(word).unwrap_or(at));
    let awaited = words.last().and_then(|word| awaited(at, word));
    let known = match awaited {
        Some(flag) => values(flag),
        None if last.starts_with('-') => at.get_arguments().filter_map(flag).collect(),
        None => {
            let below = at.get_subcommands().filter(|below| !below.is_hide_set());
            let below = below.map(|below| (below.get_name().to_owned(), told(below.get_about())));
            below.chain(at.get_positionals().flat_map(values)).collect()
        }
    };
    let line = |(word, help): &(String, String)| {
        if help.is_empty() { format!("{word}\n") } else { format!("{word}\t{help}\n") }
    };
    known.iter().filter(|(word, _)| word.starts_with(&last)).map(line).collect::<String>() + NO_FILES + "\n"
}

/// The first line of a help.
fn told(help: Option<&StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// The flag that `word` is, if a value has to follow it.
fn awaited<'c>(command: &'c Command, word: &str) -> Option<&'c Arg> {
    let is_it = |flag: &&Arg| {
        let short = flag.get_short().is_some_and(|short| word == format!("-{short}"));
        short || flag.get_long().is_some_and(|long| word == format!("--{long}"))
    };
    command.get_arguments().filter(is_it).find(|flag| flag.get_action().takes_values())
}

/// The long form of a flag that is shown, with its help.
fn flag(flag: &Arg) -> Option<(String, String)> {
    let long = flag.get_long().filter(|_| !flag.is_hide_set())?;
    Some((format!("--{long}"), told(flag.get_help())))
}

/// The words that a flag or a place takes, where they are known.
fn values(of: &Arg) -> Vec<(String, String)> {
    let known = of.get_possible_values();
    let shown = known.iter().filter(|value| !value.is_hide_set() && of.get_action().takes_values());
    shown.map(|value| (value.get_name().to_owned(), told(value.get_help()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_as_what_we_were_called() {
        let by = |name: &str| Called::by(Some(OsStr::new(name)));
        assert_eq!(by("/usr/local/bin/kubectl-switchback"), Called::Plugin);
        assert_eq!(by("kubectl-switchback.exe"), Called::Plugin);
        assert_eq!(by("./kubectl_complete-switchback"), Called::Completer);
        assert_eq!((by("/bin/switchback"), Called::by(None)), (Called::Program, Called::Program));
    }
}
