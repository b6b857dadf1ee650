//! Decides how failed revisions go back in Git: one revert commit, pushed fast-forward or not at all.
//! Which commits and which words is `logic::revert`; nothing is ever forced.

use crate::api::commit::{Commit as Noted, FileChange, short};
use crate::api::ids::CommitId;
use crate::api::inventory::Fence;
use crate::api::key::Key;
use crate::api::names;
use crate::api::run::AnalysisRun;
use crate::api::write::{Note, Target};
use crate::engine::context::{Context, Told};
use crate::engine::deliver::{self, DeliverError, Source, State};
use crate::engine::rows::key_of_template;
use crate::logic::manifest::{Manifests, references};
use crate::logic::revert::{Owed, message, owed, select};
use crate::world::cluster::ClusterError;
use crate::world::git::{Commit, GitError, Pushed, Reverted};
use serde_json::Value;
use std::collections::BTreeSet;

/// Commits looked through at most to find what goes back.
const MOST_COMMITS: usize = 500;
/// Tries against others who push meanwhile.
const TRIES: usize = 5;

/// Where going back has led.
pub enum Back {
    /// Nothing in Git has to go back.
    Nothing,
    /// The branch, or at least what is applied, is at this revert commit.
    At(Commit),
}

/// Takes `owed` back in Git. The cluster is safe already.
///
/// # Errors
/// Git is away (it is tried again), or a person has to act: a conflict, an unknown good commit, a branch rewritten.
pub async fn go(
    context: &Context,
    source: &Source,
    state: &mut State,
    head: &Commit,
    mut owed: Vec<Owed>,
) -> Result<Back, DeliverError> {
    for one in &mut owed {
        tell_numbers(context, one).await?;
    }
    let mut head = head.clone();
    for _ in 0..TRIES {
        let manifests = deliver::read(context, source, &head.id).await?;
        let same = |a: &Value, b: &Value| key_of_template(a) == key_of_template(b);
        owed.retain(|o| o.template.is_null() || o.is_asked_for_by(manifests.pod_template(&o.rollout), &same));
        if owed.is_empty() {
            return Ok(Back::Nothing);
        }
        let commits = choose(context, source, state, &head, &manifests, &owed).await?;
        if commits.is_empty() {
            return Ok(Back::Nothing);
        }
        fence(context, state, &manifests, &owed, &commits).await?;
        let revert = match make(context, source, state, &head, &commits, &owed).await? {
            None => return Ok(Back::Nothing),
            Some(revert) => revert,
        };
        match source.git.push(&revert).await? {
            Pushed::Done => {
                state.local = None;
                tell(context, source, &owed, &commits, &revert, true);
                return Ok(Back::At(source.git.fetch().await?));
            }
            Pushed::Moved => head = source.git.fetch().await?,
            Pushed::Refused { why, forge } => {
                if let Some(forge) = forge {
                    tracing::debug!(
                        forge = forge.name,
                        "the push was refused; a {} may be allowed",
                        forge.request
                    );
                }
                return Ok(keep_local(context, source, state, &head, &owed, &commits, revert, &why));
            }
        }
    }
    Err(DeliverError::Held(format!(
        "others pushed to {} {TRIES} times while the revert was made; it is tried again",
        source.branch
    )))
}

/// Puts the numbers of the failed analysis into the verdict, and how far the revision had come.
async fn tell_numbers(context: &Context, owed_: &mut Owed) -> Result<(), ClusterError> {
    let Some(name) = owed_.run.clone() else { return Ok(()) };
    let target = Target::new(names::ARGO, "AnalysisRun", &owed_.rollout.namespace, &name);
    let Some(object) = context.cluster.get(&target).await? else { return Ok(()) };
    let Ok(run) = serde_json::from_value::<AnalysisRun>(object) else { return Ok(()) };
    if let Some(verdict) = owed::verdict_of(&run) {
        owed_.verdict = verdict;
    }
    if let Some(index) = run.metadata.labels.get(names::STEP_INDEX).and_then(|i| i.parse::<usize>().ok()) {
        let rollout = Target::new(names::ARGO, "Rollout", &owed_.rollout.namespace, &owed_.rollout.name);
        let steps = context.cluster.get(&rollout).await?;
        let steps =
            steps.as_ref().and_then(|r| r.pointer("/spec/strategy/canary/steps")).and_then(Value::as_array);
        let weight = steps.and_then(|s| s.get(..=index)).into_iter().flatten().rev();
        let weight = weight.filter_map(|s| s.get("setWeight").and_then(Value::as_i64)).next();
        let of = steps.map_or(0, Vec::len);
        let at = weight.map(|w| format!(" ({w} %)")).unwrap_or_default();
        owed_.reached = format!("step {} of {of}{at}", index + 1);
    }
    Ok(())
}

/// The commits that go back, newest first.
async fn choose(
    context: &Context,
    source: &Source,
    state: &mut State,
    head: &Commit,
    manifests: &Manifests,
    owed: &[Owed],
) -> Result<Vec<Noted>, DeliverError> {
    let fences = state.ledger.load(&context.cluster).await?.fences.clone();
    let mut ids: Vec<Noted> = Vec::new();
    for one in owed {
        let fenced = fences.iter().find(|f| f.rollout == one.rollout && f.revision == one.revision);
        let good = match (&one.good, fenced) {
            (None, Some(fence)) => fence.good.clone(),
            (good, _) => good.clone().unwrap_or_default(),
        };
        if good.is_empty() {
            return Err(DeliverError::Held(format!(
                "{} must go back, but its stable revision was not made from Git, so the good commit is not known; \
                 revert by hand: git revert <commit>, then push",
                one.rollout
            )));
        }
        let history = match source.git.history(&head.id, &CommitId::from(good.as_str()), MOST_COMMITS).await {
            Ok(history) => history,
            Err(
                error @ (GitError::Rewritten { .. }
                | GitError::TooLong { .. }
                | GitError::UnknownCommit { .. }),
            ) => {
                return Err(DeliverError::Held(format!(
                    "{} must go back to commit {}, but {error}; the cluster stays on the stable revision. Revert by \
                     hand: git revert <commit>, then push",
                    one.rollout,
                    short(&good)
                )));
            }
            Err(error) => return Err(error.into()),
        };
        let keys = concerned(one, manifests);
        let mut told = Vec::with_capacity(history.len());
        for commit in history {
            let changes = source.git.changes(&commit.id, &source.path).await?;
            told.push((noted(&commit), changes.into_iter().map(file_change).collect::<Vec<_>>()));
        }
        for commit in select::commits(&told, &keys, &source.namespace) {
            if !ids.iter().any(|c| c.id == commit.id) {
                ids.push(commit);
            }
        }
    }
    ids.sort_by_key(|c| std::cmp::Reverse(c.time));
    Ok(ids)
}

/// The Rollout, the workload it refers to, and what the pods of both templates use.
fn concerned(owed: &Owed, manifests: &Manifests) -> BTreeSet<Key> {
    let namespace = &owed.rollout.namespace;
    let mut keys = references::of_template(&owed.template, namespace);
    if let Some(wanted) = manifests.pod_template(&owed.rollout) {
        keys.extend(references::of_template(wanted, namespace));
    }
    if let Some(reference) = manifests.get(&owed.rollout).and_then(|m| m.value.pointer("/spec/workloadRef")) {
        let text = |k: &str| reference.get(k).and_then(Value::as_str).unwrap_or_default();
        keys.insert(Key::of(&Target::new(text("apiVersion"), text("kind"), namespace, text("name"))));
    }
    keys.insert(owed.rollout.clone());
    keys
}

fn noted(commit: &Commit) -> Noted {
    Noted {
        id: commit.id.to_string(),
        author: commit.author.clone(),
        time: commit.time,
        message: commit.message.clone(),
    }
}

fn file_change(change: crate::world::git::Change) -> FileChange {
    let content = |f: Option<crate::world::git::File>| f.and_then(|f| f.content).map(|c| c.to_vec());
    FileChange { path: change.path, old: content(change.old), new: content(change.new) }
}

/// Writes down which commits must not be applied again, before anything is pushed.
async fn fence(
    context: &Context,
    state: &mut State,
    manifests: &Manifests,
    owed: &[Owed],
    commits: &[Noted],
) -> Result<(), DeliverError> {
    let mut inventory = state.ledger.load(&context.cluster).await?.clone();
    let before = inventory.fences.clone();
    for one in owed {
        let failed = manifests.pod_template(&one.rollout).map(key_of_template).unwrap_or_default();
        let good =
            before.iter().find(|f| f.rollout == one.rollout).map(|f| f.good.clone()).unwrap_or_default();
        inventory.fences.retain(|f| f.rollout != one.rollout);
        inventory.fences.push(Fence {
            commits: commits.iter().map(|c| c.id.clone()).collect(),
            rollout: one.rollout.clone(),
            revision: one.revision,
            template: failed,
            good: one.good.clone().unwrap_or(good),
            verdict: one.verdict.clone(),
        });
    }
    state.ledger.save(&context.cluster, inventory).await?;
    Ok(())
}

/// Makes the revert commit, or takes the one made before for the same; none when nothing is left to revert.
async fn make(
    context: &Context,
    source: &Source,
    state: &State,
    head: &Commit,
    commits: &[Noted],
    owed: &[Owed],
) -> Result<Option<CommitId>, DeliverError> {
    let ids: Vec<String> = commits.iter().map(|c| c.id.clone()).collect();
    if let Some((_, _, made)) = state.local.as_ref().filter(|(h, c, _)| *h == head.id && *c == ids) {
        return Ok(Some(CommitId::from(made.as_str())));
    }
    let ids: Vec<CommitId> = ids.into_iter().map(CommitId::from).collect();
    match source.git.revert(&head.id, &ids).await? {
        Reverted::Empty => Ok(None),
        Reverted::Conflict { commit, paths } => Err(DeliverError::Held(format!(
            "{} cannot be reverted on {}: later commits changed the same lines of {}; the cluster stays on the \
             stable revision and nothing is forced. Revert by hand: git revert {}, resolve, push; or push a fix",
            short(&commit),
            source.branch,
            paths.join(", "),
            short(&commit)
        ))),
        Reverted::Tree { id, .. } => {
            let text = message::compose(commits, owed);
            let now = context.clock.now();
            Ok(Some(source.git.commit(&head.id, &id, &text, &source.author, now).await?))
        }
    }
}

/// Keeps a revert that cannot be pushed: it is applied from here, and pushed when that is allowed.
#[allow(clippy::too_many_arguments)] // one more than usual, all of them named things
fn keep_local(
    context: &Context,
    source: &Source,
    state: &mut State,
    head: &Commit,
    owed: &[Owed],
    commits: &[Noted],
    revert: CommitId,
    why: &str,
) -> Back {
    let ids: Vec<String> = commits.iter().map(|c| c.id.clone()).collect();
    let told_before = state.local.as_ref().is_some_and(|(h, c, _)| *h == head.id && *c == ids);
    state.local = Some((head.id.to_string(), ids, revert.to_string()));
    if !told_before {
        tell(context, source, owed, commits, &revert, false);
        context.tell(Told::Problem {
            repository: source.git.name(),
            text: format!(
                "the revert {} could not be pushed to {}: {why}. It is applied from here and pushed as soon as that \
                 is allowed; or revert by hand: git revert {}",
                short(&revert),
                source.branch,
                commits.iter().map(|c| short(&c.id)).collect::<Vec<_>>().join(" ")
            ),
        });
    }
    Back::At(Commit {
        id: revert,
        parents: vec![head.id.clone()],
        author: source.author.name.clone(),
        email: source.author.email.clone(),
        time: context.clock.now(),
        message: message::compose(commits, owed),
    })
}

fn tell(context: &Context, source: &Source, owed: &[Owed], commits: &[Noted], revert: &str, pushed: bool) {
    let reverts: Vec<String> = commits.iter().map(|c| c.id.clone()).collect();
    let shorts: Vec<&str> = commits.iter().map(|c| short(&c.id)).collect();
    let how = if pushed { format!("pushed to {}", source.branch) } else { "not pushed yet".to_owned() };
    for one in owed {
        let target = Target::new(names::ARGO, "Rollout", &one.rollout.namespace, &one.rollout.name);
        let text = format!("Reverted {} by {}, {how}: {}", shorts.join(", "), short(revert), one.verdict);
        context.events_about(&target, "", vec![Note::normal("RevertedInGit", text)]);
    }
    context.tell(Told::Reverted {
        commit: revert.to_owned(),
        reverts,
        rollouts: owed.iter().map(|o| o.rollout.to_string()).collect(),
        verdict: owed.iter().map(|o| o.verdict.clone()).collect::<Vec<_>>().join("; "),
        pushed,
    });
}
