//! Decides what `diff` understands, and how it shows what would change: line by line.
//! It never changes anything.

use crate::front::cli::output;
use crate::front::cli::preview::{Preview, preview};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::exit::Failure;
use crate::front::screen::{BAD, FAINT, GOOD, paint, symbols};
use crate::logic::plan::show;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// What would change in the cluster, line by line (exit 0 nothing, 1 changes).
#[derive(Debug, Parser)]
struct Diff {
    /// The state of Git that the cluster is compared with.
    #[command(flatten)]
    what: Preview,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "diff",
    talks: false,
    holds_cluster: false,
    outputs: output::DATA,
    flags: Diff::command,
    start: |call| Box::pin(diff(call)),
};

async fn diff(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Diff = call.flags()?;
    preview(&call.common, &flags.what, |_, plan| {
        let text = show::unified(plan).map_err(|e| Failure::usage(e.to_string()))?;
        anstream::print!("{}", symbols(&coloured(&text)));
        Ok(())
    })
    .await
}

fn coloured(text: &str) -> String {
    let paint_line = |line: &str| match line.chars().next() {
        Some('+') => paint(GOOD, line),
        Some('-') => paint(BAD, line),
        Some('@') => paint(FAINT, line),
        _ => line.to_owned(),
    };
    text.lines().map(|l| paint_line(l) + "\n").collect()
}
