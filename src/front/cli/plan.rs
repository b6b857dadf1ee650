//! Decides how `plan` and `diff` show what would change.
//! It never changes anything.

use crate::api::commit::short;
use crate::base::clock::Clock;
use crate::engine::deliver::{self, DeliverError};
use crate::engine::setup as engine_setup;
use crate::engine::sync::SyncError;
use crate::front::cli::args::{Common, Look, Output};
use crate::front::cli::fail::{Failure, NO};
use crate::front::cli::open;
use crate::front::screen::{BAD, BUSY, FAINT, GOOD, STRONG, paint, symbols, waiting};
use crate::logic::plan::fields::{changes, comparable};
use crate::logic::plan::{Action, Plan, show};
use serde_json::{Value, json};
use std::process::ExitCode;
use tokio::task::JoinSet;

/// Does what `plan` or, with `lines`, `diff` says.
///
/// # Errors
/// Git or the cluster is away, or manifests have mistakes.
pub async fn plan(common: Common, verb: Look, lines: bool) -> Result<ExitCode, Failure> {
    let cluster = open::cluster(&common).await?;
    let namespace = open::namespace(&common);
    let mut tasks = JoinSet::new();
    let wanted = open::repository(&verb.repo, namespace, &cluster, &mut tasks).await?;
    let source = engine_setup::repository(&wanted)?;
    let context = engine_setup::context(cluster, Clock::Real, None, None, &mut tasks)?;
    let (head, _, plan) = match waiting("Git and the cluster", deliver::preview(&context, &source)).await {
        Err(DeliverError::Sync(SyncError::Manifests(problems))) => {
            let files = match source.git.fetch().await {
                Ok(head) => source.git.files(&head.id, &source.path).await.unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            let text = |path: &str| {
                let content = files.iter().find(|f| f.path == path)?.content.as_ref()?;
                String::from_utf8(content.to_vec()).ok()
            };
            return Err(Failure::problems(&problems, &text));
        }
        other => other?,
    };
    match common.output {
        Some(format) => print_data(&plan, &head.id, format)?,
        None if lines => {
            let text = show::unified(&plan).map_err(|e| Failure::usage(e.to_string()))?;
            anstream::print!("{}", symbols(&coloured_diff(&text)));
        }
        None => {
            let place = format!("HEAD {} \"{}\"", short(&head.id), head.subject());
            anstream::println!("{}   {}", paint(STRONG, &show::summary(&plan)), paint(FAINT, &place));
            anstream::print!("{}", symbols(&coloured_plan(&show::text(&plan))));
        }
    }
    Ok(if plan.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

fn print_data(plan: &Plan, commit: &str, format: Output) -> Result<(), Failure> {
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|c| {
            let (action, why) = match &c.action {
                Action::Create(_) => ("create", None),
                Action::Patch(_) => ("patch", None),
                Action::Unchanged => ("unchanged", None),
                Action::Prune => ("prune", None),
                Action::Conflict(why) => ("conflict", Some(why.to_string())),
            };
            let fields = match (&c.before, &c.after) {
                (Some(before), Some(after)) if action == "patch" => {
                    json!(changes(&comparable(before), &comparable(after)))
                }
                _ => json!([]),
            };
            json!({"object": c.target, "action": action, "why": why, "file": c.path, "line": c.place.line,
                "fields": fields, "overwrites": c.overwrites, "kept": c.kept})
        })
        .collect();
    print_value(&json!({"commit": commit, "changes": changes}), format)
}

/// Prints a value as JSON or YAML.
///
/// # Errors
/// A value that cannot be written; none is known.
pub fn print_value(value: &Value, format: Output) -> Result<(), Failure> {
    match format {
        Output::Json => println!("{value:#}"),
        Output::Yaml => {
            print!("{}", crate::base::yaml::write(value).map_err(|e| Failure::usage(e.to_string()))?);
        }
    }
    Ok(())
}

fn coloured_plan(text: &str) -> String {
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

fn coloured_diff(text: &str) -> String {
    let paint_line = |line: &str| match line.chars().next() {
        Some('+') => paint(GOOD, line),
        Some('-') => paint(BAD, line),
        Some('@') => paint(FAINT, line),
        _ => line.to_owned(),
    };
    text.lines().map(|l| paint_line(l) + "\n").collect()
}
