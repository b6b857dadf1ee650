//! Decides how the manual reaches people: every page into a folder, or one to standard output.
//! It never decides what a page says; it is handed the program.

use crate::front::cli::output;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::exit::Failure;
use clap::{Command, CommandFactory, Parser};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the manual: all pages into a folder, or one to standard output.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  switchback man /usr/local/share/man/man1\n  switchback man --page get | man -l -"
)]
struct Man {
    /// The folder; it is made where it is missing.
    #[arg(value_name = "DIR", conflicts_with = "page")]
    folder: Option<PathBuf>,
    /// The verb whose page is printed; without it and without a folder, the page of the whole program.
    #[arg(long, value_name = "VERB")]
    page: Option<String>,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "man",
    talks: false,
    holds_cluster: false,
    outputs: output::NONE,
    flags: Man::command,
    start: |call| Box::pin(man(call)),
};

async fn man(mut call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Man = call.flags()?;
    if let Some(folder) = flags.folder {
        let made = std::fs::create_dir_all(&folder);
        let place = folder.display();
        made.and_then(|()| clap_mangen::generate_to(call.program, &folder)).map_err(|error| {
            Failure::usage(format!("the manual cannot be written to {place}: {error}; name another folder"))
        })?;
        anstream::eprintln!("written to {place}; read one: man -l {place}/switchback.1");
        return Ok(ExitCode::SUCCESS);
    }
    call.program.build();
    let page = page(&call.program, flags.page.as_deref())?;
    clap_mangen::Man::new(page)
        .render(&mut std::io::stdout())
        .map_err(|error| Failure::usage(format!("the page cannot be printed: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

/// The part of the program that a page is about.
fn page(program: &Command, verb: Option<&str>) -> Result<Command, Failure> {
    let Some(verb) = verb else { return Ok(program.clone()) };
    let found = program.find_subcommand(verb);
    found
        .cloned()
        .ok_or_else(|| Failure::usage(format!("there is no verb `{verb}`; see them all: switchback --help")))
}
