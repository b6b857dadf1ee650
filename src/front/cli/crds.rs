//! Decides how the definitions of our kinds reach a cluster or a file.
//! It never decides what they say; `api::crd` does.

use crate::api::crd;
use crate::api::key::target_of;
use crate::api::write::{Patch, Write};
use crate::engine::open::{Cluster, ClusterError, Mode};
use crate::front::cli::args::{Common, InstallCrds, Output};
use crate::front::cli::{fail::Failure, open};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Does what `install-crds` says.
///
/// # Errors
/// The cluster refuses or is away.
pub async fn install(common: Common, verb: InstallCrds) -> Result<ExitCode, Failure> {
    if verb.print {
        print(common.output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cluster = open::cluster(&common).await?;
    for (name, done) in into(&cluster).await? {
        anstream::println!("customresourcedefinition/{name} {done}");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(output: Option<Output>) -> Result<(), Failure> {
    for definition in crd::definitions() {
        if output == Some(Output::Json) {
            println!("{definition:#}");
        } else {
            let text = crate::base::yaml::write(&definition).map_err(|e| Failure::usage(e.to_string()))?;
            println!("---\n{}", text.trim_end());
        }
    }
    Ok(())
}

/// Makes `cluster` serve our kinds. Answers each definition with what was done.
///
/// # Errors
/// The cluster refuses or is away, or does not serve a new kind within ten seconds.
pub async fn into(cluster: &Cluster) -> Result<Vec<(String, &'static str)>, ClusterError> {
    let mut done = Vec::new();
    for definition in crd::definitions() {
        let target = target_of(&definition);
        let how = match cluster.get(&target).await? {
            None => {
                match cluster.perform(&Write::Create { object: definition.clone() }, Mode::Strict).await {
                    Err(e) if e.already_exists() => "unchanged", // somebody installs the same at this moment
                    other => other.map(|_| "created")?,
                }
            }
            Some(present) if says_the_same(&present, &definition) => "unchanged",
            Some(_) => {
                let spec = definition.get("spec").cloned().unwrap_or(Value::Null);
                let patch = Patch::Merge(json!({"spec": spec}));
                let write = Write::Patch { target: target.clone(), subresource: "", patch, expect: None };
                cluster.perform(&write, Mode::Strict).await?;
                "updated"
            }
        };
        done.push((target.name.clone(), how));
    }
    for definition in crd::definitions() {
        wait_until_served(cluster, &definition).await?;
    }
    Ok(done)
}

/// Whether the cluster's version of a definition says what ours says, whatever defaults it has besides.
fn says_the_same(present: &Value, ours: &Value) -> bool {
    let patch = json!({"spec": ours.get("spec")});
    crate::merge::json::apply(present, &patch) == *present
}

async fn wait_until_served(cluster: &Cluster, definition: &Value) -> Result<(), ClusterError> {
    let target = target_of(definition);
    for _ in 0..100 {
        let object = cluster.get(&target).await?;
        let conditions =
            object.as_ref().and_then(|o| o.pointer("/status/conditions")).and_then(Value::as_array);
        let established = conditions.into_iter().flatten().any(|c| {
            let text = |k: &str| c.get(k).and_then(Value::as_str).unwrap_or_default();
            text("type") == "Established" && text("status") == "True"
        });
        if established {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(ClusterError::NoKind(target))
}
