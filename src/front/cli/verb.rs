//! Decides what a verb of the command line is: a name, the words it understands, and what it does with them.
//! It never names one; `verbs::ALL` lists them.

use crate::front::cli::flags::Common;
use crate::front::cli::output::Output;
use crate::front::exit::Failure;
use clap::{ArgMatches, Command, FromArgMatches};
use std::pin::Pin;
use std::process::ExitCode;

/// A verb at work; it ends with the exit code of the process.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<ExitCode, Failure>>>>;

/// One verb: a row of `verbs::ALL`.
pub(crate) struct Verb {
    /// What users write.
    pub(crate) name: &'static str,
    /// Whether it prints by itself what goes on, so that warnings belong to its words.
    pub(crate) talks: bool,
    /// Whether a whole cluster is what it runs, which is worth a thread for each core.
    pub(crate) holds_cluster: bool,
    /// In which forms it can write its result.
    pub(crate) outputs: &'static [Output],
    /// Its flags and help, under any name.
    pub(crate) flags: fn() -> Command,
    /// Does what it says.
    pub(crate) start: fn(Invocation) -> Running,
}

impl Verb {
    /// Its flags and help, under its name.
    #[must_use]
    pub(crate) fn command(&self) -> Command {
        (self.flags)().name(self.name)
    }
}

/// What a user has written.
pub(crate) struct Invocation {
    /// The flags that every verb knows.
    pub(crate) common: Common,
    /// The words after the verb.
    pub(crate) words: ArgMatches,
    /// The whole program, with every verb.
    pub(crate) program: Command,
}

impl Invocation {
    /// The words after the verb, as `F` understands them.
    ///
    /// # Errors
    /// `F` is not what the verb's row names as its flags.
    pub(crate) fn flags<F: FromArgMatches>(&self) -> Result<F, Failure> {
        F::from_arg_matches(&self.words).map_err(|e| Failure::usage(e.to_string()))
    }
}
