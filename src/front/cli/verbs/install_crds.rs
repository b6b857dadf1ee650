//! Decides how the definitions of our kinds reach people: installed, or printed.
//! It never decides what they say; `api::crd` does.

use crate::api::crd;
use crate::base::yaml;
use crate::engine::install;
use crate::front::cli::flags::Output;
use crate::front::cli::setup;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::exit::Failure;
use clap::{CommandFactory, Parser};
use serde_json::json;
use std::process::ExitCode;

/// Make the cluster serve Rollouts and analyses.
#[derive(Debug, Parser)]
struct InstallCrds {
    /// Print them instead.
    #[arg(long)]
    print: bool,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "install-crds",
    talks: false,
    holds_cluster: false,
    flags: InstallCrds::command,
    start: |call| Box::pin(install(call)),
};

async fn install(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: InstallCrds = call.flags()?;
    if flags.print {
        print(call.common.output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cluster = setup::cluster(&call.common).await?;
    for definition in install::definitions(&cluster).await? {
        anstream::println!("customresourcedefinition/{} {}", definition.name, definition.done.as_str());
    }
    Ok(ExitCode::SUCCESS)
}

fn print(output: Option<Output>) -> Result<(), Failure> {
    let definitions = crd::definitions();
    if output == Some(Output::Json) {
        println!("{:#}", json!({"apiVersion": "v1", "kind": "List", "items": definitions}));
        return Ok(());
    }
    for definition in definitions {
        let text = yaml::write(&definition).map_err(|e| Failure::usage(e.to_string()))?;
        println!("---\n{}", text.trim_end());
    }
    Ok(())
}
