//! Decides how the definitions of our kinds reach people: installed, or printed.
//! It never decides what they say; `api::crd` does.

use crate::api::crd;
use crate::api::write::Target;
use crate::base::yaml;
use crate::engine::install;
use crate::front::cli::output::{DataFormat, Output};
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{output, print, setup};
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
    outputs: output::NAMES,
    flags: InstallCrds::command,
    start: |call| Box::pin(install(call)),
};

async fn install(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: InstallCrds = call.flags()?;
    let common = &call.common;
    if flags.print {
        print(common.output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cluster = setup::cluster(common).await?;
    let installed = install::definitions(&cluster).await?;
    if let Some(format) = common.data() {
        let done = installed.iter().map(|d| json!({"name": d.name, "done": d.done.as_str()}));
        print::value(&json!({"definitions": done.collect::<Vec<_>>()}), format)?;
        return Ok(ExitCode::SUCCESS);
    }
    for definition in installed {
        match common.output {
            Some(_) => print::name(&target(&definition.name)),
            None => {
                anstream::println!(
                    "customresourcedefinition/{} {}",
                    definition.name,
                    definition.done.as_str()
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn target(name: &str) -> Target {
    Target::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name)
}

fn print(output: Option<Output>) -> Result<(), Failure> {
    let definitions = crd::definitions();
    if output == Some(Output::Name) {
        let names = definitions.iter().filter_map(|d| d.pointer("/metadata/name")?.as_str());
        names.for_each(|name| print::name(&target(name)));
        return Ok(());
    }
    if output == Some(Output::Data(DataFormat::Json)) {
        println!("{:#}", json!({"apiVersion": "v1", "kind": "List", "items": definitions}));
        return Ok(());
    }
    for definition in definitions {
        let text = yaml::write(&definition).map_err(|e| Failure::usage(e.to_string()))?;
        println!("---\n{}", text.trim_end());
    }
    Ok(())
}
