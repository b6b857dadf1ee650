//! Decides how a shell learns to complete our words.
//! It never decides which words there are; it is handed the program.

use crate::front::cli::output;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::exit::Failure;
use clap::{CommandFactory, Parser};
use clap_complete::Shell;
use std::process::ExitCode;

/// Print the completion script of a shell.
#[derive(Debug, Parser)]
struct Completion {
    /// The shell.
    shell: Shell,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "completion",
    talks: false,
    holds_cluster: false,
    outputs: output::NONE,
    flags: Completion::command,
    start: |call| Box::pin(completion(call)),
};

async fn completion(mut call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Completion = call.flags()?;
    clap_complete::generate(flags.shell, &mut call.program, "switchback", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
