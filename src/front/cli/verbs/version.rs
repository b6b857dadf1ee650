//! Decides how the program says which one it is.
//! It never asks a cluster.

use crate::api::names;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{output, print};
use crate::front::exit::Failure;
use clap::{CommandFactory, Parser};
use serde_json::json;
use std::process::ExitCode;

/// Say which version this is.
#[derive(Debug, Parser)]
struct Version {
    /// Only the number.
    #[arg(long)]
    short: bool,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "version",
    talks: false,
    holds_cluster: false,
    outputs: output::DATA,
    flags: Version::command,
    start: |call| Box::pin(version(call)),
};

async fn version(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Version = call.flags()?;
    let number = concat!("v", env!("CARGO_PKG_VERSION"));
    let platform = format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH);
    match call.common.data() {
        Some(format) => {
            print::value(&json!({"version": number, "platform": platform, "rollouts": names::ARGO}), format)?;
        }
        None if flags.short => println!("switchback: {number}"),
        None => println!("switchback: {number}\n  Platform: {platform}\n  Rollouts: {}", names::ARGO),
    }
    Ok(ExitCode::SUCCESS)
}
