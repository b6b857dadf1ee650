//! Decides how failed revisions go back in Git: one revert commit, pushed fast-forward or not at all.
//! Which commits and which words is `logic::revert`; nothing is ever forced.

use crate::api::commit::short;
use crate::api::event::Event;
use crate::api::ids::CommitId;
use crate::api::inventory::Fence;
use crate::api::key::Key;
use crate::api::names;
use crate::api::notice::Notice;
use crate::api::run::AnalysisRun;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::engine::delivery::choose::{self, Choice};
use crate::engine::delivery::error::{DeliverError, Hold};
use crate::engine::delivery::needs::{self, Needs};
use crate::engine::delivery::source::{self, Source};
use crate::engine::delivery::state::{State, UnpushedRevert};
use crate::engine::delivery::undo;
use crate::logic::delivery::facts::Facts;
use crate::logic::delivery::ledger::Ledger;
use crate::logic::manifest::Manifests;
use crate::logic::revert::select::Pick;
use crate::logic::revert::{PendingRevert, good, message, pending};
use crate::world::cluster::ClusterError;
use crate::world::git::{Commit, GitError, Pushed, Reverted};
use tokio::sync::watch;

/// Tries against others who push meanwhile.
const TRIES: usize = 5;

/// One revert commit in the making.
struct Draft<'a> {
    /// The commit it is put onto.
    head: &'a Commit,
    /// The commits it reverts, newest first.
    picks: &'a [Pick],
    /// What it is made for.
    choices: &'a [Choice],
}

impl Draft<'_> {
    fn ids(&self) -> Vec<CommitId> {
        self.picks.iter().map(|p| CommitId::from(p.commit.id.as_str())).collect()
    }

    fn shorts(&self) -> Vec<&str> {
        self.picks.iter().map(|p| p.commit.short()).collect()
    }

    fn pending(&self) -> Vec<PendingRevert> {
        self.choices.iter().map(|c| c.pending.clone()).collect()
    }
}

/// What the branch has.
pub(crate) struct There<'a> {
    /// Its head.
    pub(crate) head: &'a Commit,
    /// The manifests of that.
    pub(crate) manifests: &'a Manifests,
}

/// What has come of reverts that were due.
pub(crate) enum Outcome {
    /// Nothing goes back.
    Nothing,
    /// What was to go back need not any more, or something else does: it is to be looked at anew.
    Outdated,
    /// A revert commit was made.
    Gone(Gone),
}

/// A revert commit that was made.
pub(crate) struct Gone {
    /// The commit, which the branch or at least what is applied is at.
    pub(crate) commit: Commit,
    /// The Rollouts it was pushed for; none while it could not be.
    pub(crate) pushed_for: Vec<Key>,
}

/// Takes what is due back in Git. The cluster is safe already. What a person has to do
/// first is moved to what stays. `facts` go on while Git is read, and count until the revert is written down.
///
/// # Errors
/// Git is away (it is tried again), or others push all the time.
pub(crate) async fn carry_out(
    context: &Context,
    source: &Source,
    state: &mut State,
    ledger: &Ledger,
    there: There<'_>,
    needs: &mut Needs,
    facts: &watch::Receiver<Facts>,
) -> Result<Outcome, DeliverError> {
    let There { head, manifests } = there;
    for one in &mut needs.due {
        add_numbers(context, one).await?;
    }
    let mut head = head.clone();
    let mut moved: Option<Manifests> = None;
    for attempt in 0..TRIES {
        if attempt > 0 {
            let there = source::read_all(context, source, &head.id, &mut state.read)
                .await?
                .unwrap_or_else(|bad| bad.rest);
            let asked = |due: &PendingRevert, before: &Manifests| {
                before.pod_template(&due.rollout) == there.pod_template(&due.rollout)
            };
            needs.due.retain(|due| asked(due, moved.as_ref().unwrap_or(manifests)));
            moved = Some(there);
        }
        let manifests = moved.as_ref().unwrap_or(manifests);
        let choices = choices(context, source, ledger, &head, manifests, needs).await?;
        let Some((revert, picks, choices)) = made(context, source, state, &head, needs, choices).await?
        else {
            return Ok(Outcome::Nothing);
        };
        if !choices.iter().all(|choice| is_due(&facts.borrow(), &choice.pending)) {
            return Ok(Outcome::Outdated);
        }
        let draft = Draft { head: &head, picks: &picks, choices: &choices };
        fence(context, state, manifests, needs, &draft, &revert).await?;
        context.cluster.may_write()?;
        let pushed = match source.git.push(&revert).await {
            Err(GitError::UnknownCommit { commit, .. }) if commit == *revert && state.unpushed.is_some() => {
                state.unpushed = None; // the mirror that had it is lost; it is made anew
                continue;
            }
            other => other?,
        };
        match pushed {
            Pushed::Done => {
                state.unpushed = None;
                notify(context, source, &draft, &revert, true);
                let pushed_for = choices.iter().map(|c| c.pending.rollout.clone()).collect();
                let commit = commit_of(context, source, &draft, revert); // others may have pushed since
                return Ok(Outcome::Gone(Gone { commit, pushed_for }));
            }
            Pushed::Moved => head = source.git.fetch().await?,
            Pushed::Refused { why, forge } => {
                if let Some(forge) = forge {
                    let (forge, request) = (forge.name, forge.request);
                    tracing::debug!(forge, "the push was refused; a {request} may be allowed");
                }
                let commit = keep_local(context, source, state, &draft, revert, &why);
                return Ok(Outcome::Gone(Gone { commit, pushed_for: Vec::new() }));
            }
        }
    }
    Err(Hold::PushRace { branch: source.branch.clone(), tries: TRIES }.into())
}

/// Whether `facts` still say that `pending` is to go back. A fence says so by itself.
fn is_due(facts: &Facts, pending: &PendingRevert) -> bool {
    let now = facts.rollouts.get(&pending.rollout).and_then(|facts| facts.pending.as_ref());
    let is_it = |now: &PendingRevert| {
        let now = (&now.revision, &now.reason, &now.template_key);
        now == (&pending.revision, &pending.reason, &pending.template_key)
    };
    pending.template.is_null() || now.is_some_and(is_it)
}

/// What goes back for each Rollout; those of which it cannot be told are moved to what stays.
async fn choices(
    context: &Context,
    source: &Source,
    ledger: &Ledger,
    head: &Commit,
    manifests: &Manifests,
    needs: &mut Needs,
) -> Result<Vec<Choice>, DeliverError> {
    let inventory = &ledger.inventory;
    let mut found = Vec::new();
    for pending in std::mem::take(&mut needs.due) {
        let noted = choose::good_of_fence(&inventory.fences, &pending);
        let known = noted.or_else(|| good::of(inventory, &pending.rollout)).or(pending.made_by.as_deref());
        let base = &inventory.base;
        let mut choice = choose::choose(context, source, head, manifests, &pending, known, base).await;
        let dropped = choose::good_of_dropped(&inventory.fences, &pending);
        if let (Err(DeliverError::Held(Hold::Rewritten { .. })), Some(good)) = (&choice, dropped) {
            choice = choose::choose(context, source, head, manifests, &pending, Some(good), base).await;
        }
        match choice {
            Ok(choice) => {
                found.push(choice);
                needs.due.push(pending);
            }
            Err(DeliverError::Held(hold)) => needs.stays.push((pending.rollout, hold)),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// A revert commit with what it is made of.
type Made = (CommitId, Vec<Pick>, Vec<Choice>);

/// Makes the revert commit for as many of `choices` as it can be made for; the others are moved to what stays.
async fn made(
    context: &Context,
    source: &Source,
    state: &State,
    head: &Commit,
    needs: &mut Needs,
    mut choices: Vec<Choice>,
) -> Result<Option<Made>, DeliverError> {
    loop {
        let (hold, concerned) = match choose::together(source, &choices).await {
            Ok(picks) if picks.is_empty() => return Ok(None),
            Ok(picks) => {
                let draft = Draft { head, picks: &picks, choices: &choices };
                match make(context, source, state, &draft).await? {
                    Ok(None) => return Ok(None),
                    Ok(Some(revert)) => return Ok(Some((revert, picks, choices))),
                    Err((hold, commit)) => {
                        let of = choices.iter().filter(|c| c.commits.iter().any(|one| one.id == commit));
                        (hold, of.map(|c| c.pending.rollout.clone()).collect())
                    }
                }
            }
            Err(DeliverError::Held(hold)) => match &hold {
                Hold::Inseparable { rollouts, .. } => (hold.clone(), rollouts.clone()),
                _ => return Err(hold.into()),
            },
            Err(error) => return Err(error),
        };
        let before = choices.len();
        choices.retain(|c| !concerned.contains(&c.pending.rollout));
        needs.due.retain(|p| !concerned.contains(&p.rollout));
        needs.stays.extend(concerned.into_iter().map(|rollout| (rollout, hold.clone())));
        if choices.len() == before {
            return Err(hold.into());
        }
    }
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

/// Writes down which commits must not be applied again, before anything is pushed.
async fn fence(
    context: &Context,
    state: &mut State,
    manifests: &Manifests,
    needs: &mut Needs,
    draft: &Draft<'_>,
    revert: &CommitId,
) -> Result<(), DeliverError> {
    let mut failed = needs::template_keys(manifests, draft.choices.iter().map(|c| &c.pending.rollout));
    for choice in draft.choices {
        let one = &choice.pending;
        let template = failed.remove(&one.rollout).unwrap_or_default();
        let before = needs.fences.iter().find(|f| f.rollout == one.rollout && f.template == template);
        let again = before.map_or(0, |f| f.again + u32::from(f.revert.is_some()));
        needs.fences.retain(|f| f.rollout != one.rollout);
        needs.fences.push(Fence {
            commits: draft.ids().iter().map(CommitId::to_string).collect(),
            rollout: one.rollout.clone(),
            revision: one.revision,
            live: if one.template.is_null() { template.clone() } else { one.template_key.clone() },
            template,
            good: choice.good.clone(),
            verdict: one.verdict.clone(),
            made: revert.to_string(),
            revert: None,
            kept: String::new(),
            again,
        });
    }
    let mut inventory = (*state.inventory.load(&context.cluster).await?).clone();
    inventory.fences = needs.fences.clone();
    state.inventory.save(&context.cluster, inventory).await?;
    Ok(())
}

/// Makes the revert commit, or takes the one made before for the same; none when nothing is left to revert. Inside an
/// error: what stands in the way, and the commit that cannot be reverted.
async fn make(
    context: &Context,
    source: &Source,
    state: &State,
    draft: &Draft<'_>,
) -> Result<Result<Option<CommitId>, (Hold, String)>, DeliverError> {
    let head = &draft.head.id;
    if let Some(made) = state.unpushed_for(head, &draft.ids()) {
        return Ok(Ok(Some(made.clone())));
    }
    Ok(match undo::undo(source, head, draft.picks).await? {
        Reverted::Empty => Ok(None),
        Reverted::Conflict { commit, paths } => {
            let branch = source.branch.clone();
            Err((Hold::Conflict { commit: commit.to_string(), branch, paths }, commit.to_string()))
        }
        Reverted::Tree { id, .. } => {
            let text = message::compose(draft.picks, &draft.pending());
            let now = context.clock.now();
            Ok(Some(source.git.commit(head, &id, &text, &source.author, now).await?))
        }
    })
}

/// Keeps a revert that cannot be pushed: it is applied from here, and pushed when that is allowed.
fn keep_local(
    context: &Context,
    source: &Source,
    state: &mut State,
    draft: &Draft<'_>,
    revert: CommitId,
    why: &str,
) -> Commit {
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
    commit_of(context, source, draft, revert)
}

/// The revert commit as it was made.
fn commit_of(context: &Context, source: &Source, draft: &Draft<'_>, id: CommitId) -> Commit {
    Commit {
        id,
        parents: vec![draft.head.id.clone()],
        author: source.author.name.clone(),
        email: source.author.email.clone(),
        time: context.clock.now(),
        message: message::compose(draft.picks, &draft.pending()),
    }
}

fn notify(context: &Context, source: &Source, draft: &Draft<'_>, revert: &str, pushed: bool) {
    let shorts = draft.shorts().join(", ");
    let how = if pushed { format!("pushed to {}", source.branch) } else { "not pushed yet".to_owned() };
    for one in draft.choices.iter().map(|c| &c.pending) {
        let target = Target::new(names::ARGO, "Rollout", &one.rollout.namespace, &one.rollout.name);
        let text = format!("Reverted {shorts} by {}, {how}: {}", short(revert), one.verdict);
        context.events_about(&target, &one.uid, vec![Event::normal("RevertedInGit", text)]);
    }
    context.notify(Notice::Reverted {
        commit: revert.to_owned(),
        reverts: draft.ids().iter().map(CommitId::to_string).collect(),
        rollouts: draft.choices.iter().map(|c| c.pending.rollout.to_string()).collect(),
        verdict: draft.choices.iter().map(|c| c.pending.verdict.clone()).collect::<Vec<_>>().join("; "),
        pushed,
    });
}
