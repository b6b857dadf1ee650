//! Decides what `plan` understands, and how it shows what would change: in a few words.
//! It never changes anything.

use crate::front::cli::output;
use crate::front::cli::preview::{Preview, preview};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::exit::Failure;
use crate::front::screen::{BAD, BUSY, FAINT, GOOD, STRONG, paint, symbols};
use crate::logic::plan::show;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// What would change in the cluster, in a few words (exit 0 nothing, 1 changes).
#[derive(Debug, Parser)]
struct Plan {
    /// The state of Git that the cluster is compared with.
    #[command(flatten)]
    what: Preview,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "plan",
    talks: false,
    holds_cluster: false,
    outputs: output::DATA,
    flags: Plan::command,
    start: |call| Box::pin(plan(call)),
};

async fn plan(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Plan = call.flags()?;
    preview(&call.common, &flags.what, |head, plan| {
        anstream::println!("{}   {}", paint(STRONG, &show::summary(plan)), paint(FAINT, head));
        anstream::print!("{}", symbols(&coloured(&show::text(plan))));
        Ok(())
    })
    .await
}

fn coloured(text: &str) -> String {
    let paint_line = |line: &str| {
        let style = match line.chars().next() {
            Some('+') => GOOD,
            Some('~') => BUSY,
            Some('-' | '!') => BAD,
            _ => return line.to_owned(),
        };
        let (sign, rest) = line.split_at(1);
        format!("{}{rest}", paint(style, sign))
    };
    text.lines().map(|l| paint_line(l) + "\n").collect()
}
