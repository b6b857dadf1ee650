//! Decides as which program we were called: by our own name, as a plugin of kubectl, or to complete the words of one.
//! It never decides what a word does.

use clap::Command;
use clap_complete::engine::{CompletionCandidate, complete};
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
    let said = |text: Option<&clap::builder::StyledStr>| {
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
    let words: Vec<OsString> = std::iter::once(OsString::from("switchback")).chain(words).collect();
    let last = words.len().saturating_sub(1);
    let found = complete(&mut program, words, last, None).unwrap_or_default();
    let line = |candidate: &CompletionCandidate| {
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().unwrap_or_default();
        let value = candidate.get_value().to_string_lossy().into_owned();
        if help.is_empty() { format!("{value}\n") } else { format!("{value}\t{help}\n") }
    };
    let shown = found.iter().filter(|candidate| !candidate.is_hide_set());
    shown.map(line).collect::<String>() + NO_FILES + "\n"
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
