//! Decides how a user's word reaches a Rollout: ask where it is dangerous, have it carried out, say what was written.
//! It never decides what is written; `logic::rollout::act` and `logic::rollout::undo` do, and `engine::act` writes.

use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::engine::act;
use crate::engine::setup::Client;
use crate::front::cli::flags::Common;
use crate::front::cli::named::{self, Named, bare_name};
use crate::front::cli::output::Output;
use crate::front::cli::{print, setup};
use crate::front::exit::Failure;
use crate::front::screen::{FAINT, STRONG, fit, paint, symbols, width};
use crate::logic::rollout::act::{Act, Said, writes};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

/// Does what a word says that needs no question.
///
/// # Errors
/// There is no such Rollout, or the cluster refuses or is away.
pub(crate) async fn say(common: &Common, named: &Named, act: Act) -> Result<ExitCode, Failure> {
    let cluster = setup::cluster(common).await?;
    let (_, rollout) = named::read(common, &cluster, &named.name).await?;
    carry_out(common, &cluster, named, writes(&rollout, act)).await
}

/// Asks a person, unless `yes` was said already.
///
/// # Errors
/// Nobody can be asked, or the answer is no.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
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

/// Carries out what a word about a Rollout amounts to, and says what was written.
///
/// # Errors
/// The cluster refuses or is away.
pub(crate) async fn carry_out(
    common: &Common,
    cluster: &Client,
    named: &Named,
    said: Said,
) -> Result<ExitCode, Failure> {
    let namespace = setup::present_namespace(common, cluster);
    let target = Target::new(names::ARGO, "Rollout", &namespace, bare_name(&named.name));
    carry_out_of(common, cluster, &target, named.dry_run, said).await
}

/// The same of any object.
///
/// # Errors
/// As [`carry_out`].
pub(crate) async fn carry_out_of(
    common: &Common,
    cluster: &Client,
    target: &Target,
    dry_run: bool,
    said: Said,
) -> Result<ExitCode, Failure> {
    act::perform(cluster, &said, dry_run).await?;
    let (writes, words) = match said {
        Said::Writes(writes, words) => (writes, words),
        Said::Nothing(words) => (Vec::new(), format!("stays as it is: {words}")),
    };
    let (kind, name) = (target.kind.to_lowercase(), target.name.as_str());
    match common.output {
        Some(Output::Data(format)) => {
            let body = json!({kind: name, "did": words, "dryRun": dry_run, "writes": writes});
            print::value(&body, format)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Output::Name | Output::Wide) => {
            print::name(target);
            return Ok(ExitCode::SUCCESS);
        }
        None => {}
    }
    let dry = if dry_run && !writes.is_empty() { " (dry run: nothing was written)" } else { "" };
    anstream::println!("{kind} {} {words}{}", paint(STRONG, name), paint(FAINT, dry));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Clock;
    use crate::engine::{install, setup as engine_setup};
    use crate::sandbox::{Options, Sandbox};

    #[tokio::test]
    async fn a_dry_run_writes_nothing_and_the_same_word_said_in_earnest_does() {
        let sandbox = Sandbox::new(Options::new(Clock::Real, 7));
        let cluster = engine_setup::inside(sandbox.service());
        install::definitions(&cluster).await.unwrap();
        let web = json!({"apiVersion": names::ARGO, "kind": "Rollout",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "strategy": {"canary": {}},
                "template": {"metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "main", "image": "web:v1"}]}}}});
        let target = Target::new(names::ARGO, "Rollout", "default", "web");
        let created = Said::Writes(vec![Write::Create { object: web }], String::new());
        act::perform(&cluster, &created, false).await.unwrap();
        let rollout = serde_json::from_value(cluster.get(&target).await.unwrap().unwrap()).unwrap();
        let said = writes(&rollout, Act::Pause);
        for (dry_run, paused) in [(true, None), (false, Some(true))] {
            act::perform(&cluster, &said, dry_run).await.unwrap();
            let object = cluster.get(&target).await.unwrap().unwrap();
            assert_eq!(object.pointer("/spec/paused").and_then(Value::as_bool), paused);
        }
    }

    #[test]
    fn a_patch_is_told_with_its_place() {
        let target = Target::new(names::ARGO, "Rollout", "shop", "web");
        let merge = Patch::Merge(json!({"status": {"abort": true}}));
        let write =
            Write::Patch { target: target.clone(), subresource: "status", patch: merge, expect: None };
        assert_eq!(in_words(&write), [format!("{target} (status): {{\"status\":{{\"abort\":true}}}}")]);
        let json = Patch::Json(json!([{"op": "replace", "path": "/spec/paused", "value": true}]));
        let write = Write::Patch { target: target.clone(), subresource: "", patch: json, expect: None };
        assert_eq!(in_words(&write), [format!("{target}: replace /spec/paused true")]);
    }
}
