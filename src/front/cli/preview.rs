//! Decides how `plan` and `diff` learn what would change, and how that is shown to programs.
//! It never changes anything.

use crate::api::commit::short;
use crate::base::clock::Clock;
use crate::engine::delivery::{self, DeliverError, SyncError};
use crate::engine::setup as engine_setup;
use crate::front::cli::flags::{Common, EngineFlags, Repo};
use crate::front::cli::output::DataFormat;
use crate::front::cli::{print, setup};
use crate::front::exit::{Exit, Failure};
use crate::front::screen::{FAINT, paint, waiting};
use crate::logic::manifest::pick::is_read;
use crate::logic::manifest::skipped::{self, Skipped};
use crate::logic::plan::fields::{changes, comparable};
use crate::logic::plan::{Action, Plan};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What `plan` and `diff` understand.
#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// Which repository.
    #[command(flatten)]
    pub(crate) repo: Repo,
    /// What the engine that will apply it knows.
    #[command(flatten)]
    pub(crate) engine: EngineFlags,
}

/// Shows what would change: as data where that was asked for, else as `show` does, which gets the head commit in
/// words. Answers yes where nothing would change.
///
/// # Errors
/// Git or the cluster is away, or manifests have mistakes.
pub(crate) async fn preview(
    common: &Common,
    flags: &Preview,
    show: impl FnOnce(&str, &Plan) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let cluster = setup::cluster(common).await?;
    let namespace = setup::namespace(common);
    let mut tasks = JoinSet::new();
    let wanted = setup::repository(&flags.repo.repo, &flags.repo.of, namespace, &cluster, &mut tasks).await?;
    let source = engine_setup::repository(&wanted)?;
    let prometheus = flags.engine.prometheus_address.clone();
    let mut context = engine_setup::context(cluster, Clock::Real, None, prometheus, &mut tasks)?;
    context.instance.clone_from(&flags.engine.instance_id);
    let (head, manifests, plan) =
        match waiting("Git and the cluster", delivery::preview(&context, &source)).await {
            Err(DeliverError::Sync(SyncError::Manifests(problems))) => {
                let files = match source.git.fetch().await {
                    Ok(head) => source
                        .git
                        .files(&head.id, &source.path, is_read, Arc::new(|_, _| false))
                        .await
                        .unwrap_or_default(),
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
    match common.data() {
        Some(format) => print_data(&plan, &manifests.skipped, &head.id, format)?,
        None => {
            show(&format!("HEAD {} \"{}\"", short(&head.id), head.subject()), &plan)?;
            if let Some(line) = skipped::line(&manifests.skipped) {
                anstream::eprintln!("{}", paint(FAINT, &line));
            }
        }
    }
    Ok(if plan.is_empty() { ExitCode::SUCCESS } else { Exit::No.into() })
}

fn print_data(plan: &Plan, skipped: &[Skipped], commit: &str, format: DataFormat) -> Result<(), Failure> {
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|c| {
            let (action, why) = match &c.action {
                Action::Create(_) => ("create", None),
                Action::Patch(_) => ("patch", None),
                Action::Unchanged => ("unchanged", None),
                Action::Prune => ("prune", None),
                Action::OutOfReach => ("out-of-reach", None),
                Action::LetGo(why) => ("let-go", Some(why.to_string())),
                Action::PruneWaits(why) => ("prune-waits", Some(why.to_string())),
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
    let skipped: Vec<Value> = skipped.iter().map(|s| json!({"file": s.path, "line": s.line})).collect();
    print::value(&json!({"commit": commit, "changes": changes, "skipped": skipped}), format)
}
