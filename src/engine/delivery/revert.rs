//! Decides how failed revisions go back in Git: one revert commit, pushed fast-forward or not at all.
//! Which commits and which words is `logic::revert`; nothing is ever forced.

use crate::api::commit::{CommitRecord, FileChange, short};
use crate::api::event::Event;
use crate::api::ids::CommitId;
use crate::api::inventory::Fence;
use crate::api::names;
use crate::api::notice::Notice;
use crate::api::run::AnalysisRun;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::engine::delivery::error::{DeliverError, Hold};
use crate::engine::delivery::source::{self, Source};
use crate::engine::delivery::state::{State, UnpushedRevert};
use crate::logic::manifest::Manifests;
use crate::logic::revert::{PendingRevert, message, pending, select};
use crate::world::cluster::ClusterError;
use crate::world::git::{Commit, GitError, Pushed, Reverted};

/// Commits looked through at most to find what goes back.
const MOST_COMMITS: usize = 500;
/// Tries against others who push meanwhile.
const TRIES: usize = 5;

/// Where reverting has led.
pub(crate) enum Reverting {
    /// Nothing in Git has to go back.
    Nothing,
    /// The branch, or at least what is applied, is at this revert commit.
    At(Commit),
}

/// One revert commit in the making.
struct Draft<'a> {
    /// The commit it is put onto.
    head: &'a Commit,
    /// The commits it reverts, newest first.
    commits: &'a [CommitRecord],
    /// What it is made for.
    pending: &'a [PendingRevert],
}

impl Draft<'_> {
    fn ids(&self) -> Vec<CommitId> {
        self.commits.iter().map(|c| CommitId::from(c.id.as_str())).collect()
    }

    fn shorts(&self) -> Vec<&str> {
        self.commits.iter().map(|c| short(&c.id)).collect()
    }
}

/// Takes `pending` back in Git; `manifests` are those of `head`. The cluster is safe already.
///
/// # Errors
/// Git is away (it is tried again), or a person has to act: see [`Hold`].
pub(crate) async fn carry_out(
    context: &Context,
    source: &Source,
    state: &mut State,
    head: &Commit,
    manifests: &Manifests,
    mut pending: Vec<PendingRevert>,
) -> Result<Reverting, DeliverError> {
    for one in &mut pending {
        add_numbers(context, one).await?;
    }
    let mut head = head.clone();
    let mut moved: Option<Manifests> = None;
    for attempt in 0..TRIES {
        if attempt > 0 {
            let there = source::read(context, source, &head.id).await?;
            let wanted = there.template_keys(pending.iter().map(|o| &o.rollout));
            pending.retain(|o| o.template.is_null() || o.is_asked_for_by(wanted.get(&o.rollout)));
            moved = Some(there);
        }
        let manifests = moved.as_ref().unwrap_or(manifests);
        if pending.is_empty() {
            return Ok(Reverting::Nothing);
        }
        let commits = choose(context, source, state, &head, manifests, &pending).await?;
        if commits.is_empty() {
            return Ok(Reverting::Nothing);
        }
        let draft = Draft { head: &head, commits: &commits, pending: &pending };
        fence(context, state, manifests, &draft).await?;
        let Some(revert) = make(context, source, state, &draft).await? else {
            return Ok(Reverting::Nothing);
        };
        match source.git.push(&revert).await? {
            Pushed::Done => {
                state.unpushed = None;
                notify(context, source, &draft, &revert, true);
                return Ok(Reverting::At(source.git.fetch().await?));
            }
            Pushed::Moved => head = source.git.fetch().await?,
            Pushed::Refused { why, forge } => {
                if let Some(forge) = forge {
                    let (forge, request) = (forge.name, forge.request);
                    tracing::debug!(forge, "the push was refused; a {request} may be allowed");
                }
                return Ok(keep_local(context, source, state, &draft, revert, &why));
            }
        }
    }
    Err(Hold::PushRace { branch: source.branch.clone(), tries: TRIES }.into())
}

/// Puts the numbers of the failed analysis into the verdict.
async fn add_numbers(context: &Context, pending: &mut PendingRevert) -> Result<(), ClusterError> {
    let Some(name) = &pending.run else { return Ok(()) };
    let target = Target::new(names::ARGO, "AnalysisRun", &pending.rollout.namespace, name);
    let Some(object) = context.cluster.get(&target).await? else { return Ok(()) };
    let Ok(run) = serde_json::from_value::<AnalysisRun>(object) else { return Ok(()) };
    if let Some(verdict) = pending::verdict_of(&run) {
        pending.verdict = verdict;
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
    pending: &[PendingRevert],
) -> Result<Vec<CommitRecord>, DeliverError> {
    let fences = state.inventory.load(&context.cluster).await?.fences.clone();
    let mut chosen: Vec<CommitRecord> = Vec::new();
    for one in pending {
        let fenced = fences.iter().find(|f| f.rollout == one.rollout && f.revision == one.revision);
        let good = match (&one.good, fenced) {
            (None, Some(fence)) => fence.good.clone(),
            (good, _) => good.clone().unwrap_or_default(),
        };
        if good.is_empty() {
            return Err(Hold::UnknownGood { rollout: one.rollout.clone() }.into());
        }
        let history = history(source, head, one, &good).await?;
        let keys = select::keys_of(one, manifests);
        let mut changed = Vec::with_capacity(history.len());
        for commit in history {
            let changes = source.git.changes(&commit.id, &source.path).await?;
            changed.push((record(&commit), changes.into_iter().map(file_change).collect::<Vec<_>>()));
        }
        for commit in select::commits(&changed, &keys, &source.namespace) {
            if !chosen.iter().any(|c| c.id == commit.id) {
                chosen.push(commit);
            }
        }
    }
    chosen.sort_by_key(|c| std::cmp::Reverse(c.time));
    Ok(chosen)
}

/// The commits since the good one.
async fn history(
    source: &Source,
    head: &Commit,
    pending: &PendingRevert,
    good: &str,
) -> Result<Vec<Commit>, DeliverError> {
    source.git.history(&head.id, &CommitId::from(good), MOST_COMMITS).await.map_err(|why| match why {
        GitError::Rewritten { .. } | GitError::TooLong { .. } | GitError::UnknownCommit { .. } => {
            Hold::Rewritten { rollout: pending.rollout.clone(), good: good.to_owned(), why }.into()
        }
        other => other.into(),
    })
}

fn record(commit: &Commit) -> CommitRecord {
    CommitRecord {
        id: commit.id.to_string(),
        author: commit.author.clone(),
        time: commit.time,
        message: commit.message.clone(),
    }
}

fn file_change(change: crate::world::git::PathChange) -> FileChange {
    let content = |f: Option<crate::world::git::File>| f.and_then(|f| f.content).map(|c| c.to_vec());
    FileChange { path: change.path, old: content(change.old), new: content(change.new) }
}

/// Writes down which commits must not be applied again, before anything is pushed.
async fn fence(
    context: &Context,
    state: &mut State,
    manifests: &Manifests,
    draft: &Draft<'_>,
) -> Result<(), DeliverError> {
    let mut inventory = state.inventory.load(&context.cluster).await?.clone();
    let before = inventory.fences.clone();
    let mut failed = manifests.template_keys(draft.pending.iter().map(|o| &o.rollout));
    for one in draft.pending {
        let good =
            before.iter().find(|f| f.rollout == one.rollout).map(|f| f.good.clone()).unwrap_or_default();
        inventory.fences.retain(|f| f.rollout != one.rollout);
        inventory.fences.push(Fence {
            commits: draft.ids().iter().map(CommitId::to_string).collect(),
            rollout: one.rollout.clone(),
            revision: one.revision,
            template: failed.remove(&one.rollout).unwrap_or_default(),
            good: one.good.clone().unwrap_or(good),
            verdict: one.verdict.clone(),
        });
    }
    state.inventory.save(&context.cluster, inventory).await?;
    Ok(())
}

/// Makes the revert commit, or takes the one made before for the same; none when nothing is left to revert.
async fn make(
    context: &Context,
    source: &Source,
    state: &State,
    draft: &Draft<'_>,
) -> Result<Option<CommitId>, DeliverError> {
    let (head, ids) = (&draft.head.id, draft.ids());
    if let Some(made) = state.unpushed_for(head, &ids) {
        return Ok(Some(made.clone()));
    }
    match source.git.revert(head, &ids).await? {
        Reverted::Empty => Ok(None),
        Reverted::Conflict { commit, paths } => {
            Err(Hold::Conflict { commit: commit.to_string(), branch: source.branch.clone(), paths }.into())
        }
        Reverted::Tree { id, .. } => {
            let text = message::compose(draft.commits, draft.pending);
            let now = context.clock.now();
            Ok(Some(source.git.commit(head, &id, &text, &source.author, now).await?))
        }
    }
}

/// Keeps a revert that cannot be pushed: it is applied from here, and pushed when that is allowed.
fn keep_local(
    context: &Context,
    source: &Source,
    state: &mut State,
    draft: &Draft<'_>,
    revert: CommitId,
    why: &str,
) -> Reverting {
    let (head, commits) = (draft.head.id.clone(), draft.ids());
    let told_before = state.unpushed_for(&head, &commits).is_some();
    state.unpushed = Some(UnpushedRevert { head: head.clone(), commits, revert: revert.clone() });
    if !told_before {
        notify(context, source, draft, &revert, false);
        context.notify(Notice::Problem {
            code: "PushRefused",
            repository: source.git.name(),
            text: format!(
                "the revert {} could not be pushed to {}: {why}. It is applied from here and pushed as soon as that \
                 is allowed; or revert by hand: git revert {}",
                short(&revert),
                source.branch,
                draft.shorts().join(" ")
            ),
        });
    }
    Reverting::At(Commit {
        id: revert,
        parents: vec![head],
        author: source.author.name.clone(),
        email: source.author.email.clone(),
        time: context.clock.now(),
        message: message::compose(draft.commits, draft.pending),
    })
}

fn notify(context: &Context, source: &Source, draft: &Draft<'_>, revert: &str, pushed: bool) {
    let shorts = draft.shorts().join(", ");
    let how = if pushed { format!("pushed to {}", source.branch) } else { "not pushed yet".to_owned() };
    for one in draft.pending {
        let target = Target::new(names::ARGO, "Rollout", &one.rollout.namespace, &one.rollout.name);
        let text = format!("Reverted {shorts} by {}, {how}: {}", short(revert), one.verdict);
        context.events_about(&target, "", vec![Event::normal("RevertedInGit", text)]);
    }
    context.notify(Notice::Reverted {
        commit: revert.to_owned(),
        reverts: draft.ids().iter().map(CommitId::to_string).collect(),
        rollouts: draft.pending.iter().map(|o| o.rollout.to_string()).collect(),
        verdict: draft.pending.iter().map(|o| o.verdict.clone()).collect::<Vec<_>>().join("; "),
        pushed,
    });
}
