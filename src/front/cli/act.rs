//! Decides how a user's word reaches a Rollout: ask where it is dangerous, write, say what was written.
//! It never decides what is written; `logic::rollout::act` and `logic::rollout::undo` do.

use crate::api::names;
use crate::api::rollout::Rollout;
use crate::api::selector::LabelSelector;
use crate::api::time::Time;
use crate::api::write::{Patch, Target, Write};
use crate::base::clock::Clock;
use crate::engine::rows::key_of_template;
use crate::engine::setup::Client;
use crate::front::cli::args::{Common, Named, Promote, Restart, Undo};
use crate::front::cli::fail::Failure;
use crate::front::cli::plan::print_value;
use crate::front::cli::{get, open};
use crate::front::screen::{FAINT, STRONG, fit, paint, symbols, width};
use crate::logic::rollout::act::{Act, Said, writes};
use crate::logic::rollout::undo;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

/// Does what `abort`, `retry` and `pause` say.
///
/// # Errors
/// There is no such Rollout, or the cluster refuses or is away.
pub async fn say(common: Common, verb: Named, act: Act) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    let (_, rollout) = read(&common, &cluster, &verb.name).await?;
    carry_out(&common, &cluster, &verb, writes(&rollout, act)).await
}

/// Does what `promote` says.
///
/// # Errors
/// As [`say`], or nobody can be asked.
pub async fn promote(common: Common, verb: Promote) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    let (_, rollout) = read(&common, &cluster, &verb.named.name).await?;
    let said = writes(&rollout, if verb.full { Act::PromoteFull } else { Act::Promote });
    if verb.full && matches!(said, Said::Writes(..)) {
        let question = format!("Promote {} at once, without its pauses and analyses?", place(&rollout));
        confirm(&question, verb.yes || verb.named.dry_run)?;
    }
    carry_out(&common, &cluster, &verb.named, said).await
}

/// Does what `restart` says.
///
/// # Errors
/// As [`say`].
pub async fn restart(common: Common, verb: Restart) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    let (_, rollout) = read(&common, &cluster, &verb.named.name).await?;
    let seconds = i64::try_from(verb.after.as_secs()).unwrap_or(i64::MAX);
    let at = Time::of(Time::of(Clock::Real.now()).plus_seconds(seconds));
    carry_out(&common, &cluster, &verb.named, writes(&rollout, Act::Restart(at))).await
}

/// Does what `undo` says.
///
/// # Errors
/// As [`say`], there is no such revision, or nobody can be asked.
pub async fn undo(common: Common, verb: Undo) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    let (object, rollout) = read(&common, &cluster, &verb.named.name).await?;
    let namespace = rollout.metadata.namespace.as_str();
    let workload = match &rollout.spec.workload_ref {
        None => None,
        Some(reference) => {
            let target = Target::new(&reference.api_version, &reference.kind, namespace, &reference.name);
            let missing = || Failure::usage(format!("{target} is gone, to which {} refers", place(&rollout)));
            Some(cluster.get(&target).await?.ok_or_else(missing)?)
        }
    };
    let selector = rollout.spec.selector.clone().or_else(|| {
        let selector = workload.as_ref()?.pointer("/spec/selector")?;
        serde_json::from_value::<LabelSelector>(selector.clone()).ok()
    });
    let kind = cluster.kind("apps/v1", "ReplicaSet").await?;
    let selector = selector.unwrap_or_default().to_string();
    let sets = cluster.list(&kind, Some(namespace), &selector).await?;
    let said = undo::writes(&object, &sets, workload.as_ref(), verb.to_revision)
        .map_err(|e| Failure::usage(e.to_string()))?;
    if let Said::Writes(_, words) = &said {
        confirm(&format!("{} {words}. Go on?", place(&rollout)), verb.yes || verb.named.dry_run)?;
    }
    carry_out(&common, &cluster, &verb.named, said).await
}

async fn read(common: &Common, cluster: &Client, name: &str) -> Result<(Value, Rollout), Failure> {
    let namespace = open::present_namespace(common, cluster);
    let name = get::bare_name(name);
    let target = Target::new(names::ARGO, "Rollout", &namespace, name);
    let object = cluster.get(&target).await?.ok_or_else(|| get::not_found(&namespace, name))?;
    let rollout = serde_json::from_value(object.clone())
        .map_err(|e| Failure::usage(format!("{target} cannot be read: {e}; correct its spec")))?;
    Ok((object, rollout))
}

fn place(rollout: &Rollout) -> String {
    format!("rollout {}/{}", rollout.metadata.namespace, rollout.metadata.name)
}

/// Asks a person, unless `yes` was said already.
fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(format!(
            "{question} Nobody can be asked here; say --yes if that is meant"
        )));
    }
    anstream::eprint!("{question} [y/N] ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    match (read, line.trim().to_lowercase().as_str()) {
        (Ok(_), "y" | "yes") => Ok(()),
        _ => Err(Failure::no("nothing was changed")),
    }
}

/// Makes the writes and says what was written.
async fn carry_out(common: &Common, cluster: &Client, verb: &Named, said: Said) -> Result<ExitCode, Failure> {
    let (writes, words) = match said {
        Said::Writes(writes, words) => (writes, words),
        Said::Nothing(words) => (Vec::new(), format!("stays as it is: {words}")),
    };
    if !verb.dry_run {
        for write in &writes {
            cluster.perform(write).await?;
        }
    }
    let name = get::bare_name(&verb.name);
    if let Some(format) = common.output {
        let body = json!({"rollout": name, "did": words, "dryRun": verb.dry_run, "writes": writes});
        print_value(&body, format)?;
        return Ok(ExitCode::SUCCESS);
    }
    let dry = if verb.dry_run && !writes.is_empty() { " (dry run: nothing was written)" } else { "" };
    anstream::println!("rollout {} {words}{}", paint(STRONG, name), paint(FAINT, dry));
    for write in &writes {
        for line in in_words(write) {
            anstream::eprintln!("  {}", paint(FAINT, &symbols(&fit(&line, width().saturating_sub(2)))));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A patch as a person reads it.
fn in_words(write: &Write) -> Vec<String> {
    let Write::Patch { target, subresource, patch, .. } = write else {
        return vec![write.target().to_string()];
    };
    let place = if subresource.is_empty() { target.to_string() } else { format!("{target} ({subresource})") };
    match patch {
        Patch::Merge(body) | Patch::Strategic(body) => vec![format!("{place}: {body}")],
        Patch::Json(body) => {
            let text = |o: &Value, k: &str| o.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
            let one = |o: &Value| {
                let value = o.get("value").unwrap_or(&Value::Null);
                format!("{place}: {} {} {value}", text(o, "op"), text(o, "path"))
            };
            body.as_array().into_iter().flatten().map(one).collect()
        }
    }
}
