//! Decides which reverts the branch needs now, which wait and what for, and which are over, from what its manifests ask
//! for. It never reads a manifest, Git or the cluster.

use crate::api::inventory::Fence;
use crate::api::podhash::same::template_key;
use crate::logic::revert::policy::RollbackOn;
use crate::logic::revert::{PendingRevert, RevertReason, Safety, template};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// Commits that a fence makes at most after its first, when somebody asks for the failed template again.
const MOST_AGAIN: u32 = 1;

/// The pod templates of one Rollout.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Templates<'a> {
    /// The one that Git asks for now; none when it no longer has the Rollout.
    pub(crate) wanted: Option<&'a Value>,
    /// The one that Git asked for when it was applied last; none when it never was.
    pub(crate) applied: Option<&'a Value>,
    /// The one before that, where it is not certain that the last one was applied.
    pub(crate) before: Option<&'a Value>,
    /// The one in the cluster.
    pub(crate) live: Option<&'a Value>,
}

/// What there is to do about one Rollout.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Need {
    /// Git goes back.
    Revert(Box<PendingRevert>),
    /// Git goes back once the cluster is safe, at the latest at this time if it is known.
    Wait(Option<Timestamp>),
    /// Git stays as it is, and so does the Rollout, until a person acts.
    Stay(Stay),
    /// Its mark of an undo has had its effect.
    EndUndo,
}

/// Why Git stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    /// Git does not go back for this reason here.
    Reason(RevertReason),
    /// A template that failed before is asked for again, after a revert of this commit.
    FailedBefore {
        /// Our commit that took it back.
        revert: String,
    },
}

/// What there is to do about the Rollout of `pending`; nothing when Git no longer asks for what failed.
#[must_use]
pub(crate) fn of_pending(
    pending: &PendingRevert,
    templates: Templates<'_>,
    policy: &RollbackOn,
    now: Timestamp,
) -> Option<Need> {
    let is_undo = pending.reason == RevertReason::Undo;
    if !is_asked_for(pending, templates) {
        return (is_undo && templates.wanted.is_some()).then_some(Need::EndUndo);
    }
    if !policy.allows(pending.reason, pending.policy.as_deref()) {
        return Some(Need::Stay(Stay::Reason(pending.reason)));
    }
    Some(match pending.safety {
        safety if safety.holds(now) => Need::Revert(Box::new(pending.clone())),
        Safety::From(time) => Need::Wait(Some(time)),
        _ => Need::Wait(None),
    })
}

/// Whether Git still asks for what must go back: the failed template as it was applied, or after an undo the one that
/// the user went away from.
#[must_use]
pub(crate) fn is_asked_for(pending: &PendingRevert, templates: Templates<'_>) -> bool {
    let Some(wanted) = templates.wanted else { return false };
    let live = templates.live.unwrap_or(&pending.template);
    let is_it = |one: &Value| template_key(one) == template_key(wanted);
    let is_applied = templates.applied.is_none_or(is_it) || templates.before.is_some_and(is_it);
    is_applied && template::holds(live, wanted) == (pending.reason != RevertReason::Undo)
}

/// What is to become of a fence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fenced {
    /// It keeps nothing out any more.
    Over,
    /// It stands, and nobody asks for what it keeps out.
    Stands,
    /// Git asks for what it keeps out.
    Asked(Need),
}

/// What is to become of `fence`. `wanted` and `live` are the keys of the Rollout's templates in Git and in the cluster;
/// `is_obeyed` says whether somebody has reverted our revert since.
#[must_use]
pub(crate) fn of_fence(fence: &Fence, wanted: Option<&str>, live: Option<&str>, is_obeyed: bool) -> Fenced {
    let is_asked = wanted == Some(fence.template.as_str());
    let is_live = live.is_some() && (live == Some(&fence.live) || live == Some(&fence.template));
    match &fence.revert {
        _ if is_obeyed => Fenced::Over,
        None if !is_asked => Fenced::Over,
        None if is_live => Fenced::Stands, // the Rollout itself says what is to be done
        None => Fenced::Asked(Need::Revert(Box::new(by_fence(fence)))),
        Some(_) if wanted == Some(fence.kept.as_str()) => Fenced::Stands,
        Some(_) if !is_asked => Fenced::Over,
        Some(_) if fence.again < MOST_AGAIN => Fenced::Asked(Need::Revert(Box::new(by_fence(fence)))),
        Some(revert) => Fenced::Asked(Need::Stay(Stay::FailedBefore { revert: revert.clone() })),
    }
}

/// The revert that `fence` was written for.
fn by_fence(fence: &Fence) -> PendingRevert {
    PendingRevert {
        rollout: fence.rollout.clone(),
        uid: String::new(),
        revision: fence.revision,
        reason: RevertReason::Analysis,
        reached: None,
        verdict: fence.verdict.clone(),
        run: None,
        stays: None,
        made_by: None,
        policy: None,
        template: Arc::default(),
        template_key: fence.template.clone(),
        safety: Safety::Safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(image: &str) -> Value {
        json!({"spec": {"containers": [{"name": "c", "image": image}]}})
    }

    fn pending(reason: RevertReason, live: &str) -> PendingRevert {
        let template = template(live).into();
        PendingRevert { reason, template, ..by_fence(&Fence::default()) }
    }

    /// What is needed when Git asks for `wanted`, `applied` was applied last and the cluster has `live`.
    fn need(reason: RevertReason, wanted: &str, applied: &str, live: &str) -> Option<Need> {
        let (wanted, applied) = (template(wanted), template(applied));
        let templates =
            Templates { wanted: Some(&wanted), applied: Some(&applied), before: None, live: None };
        of_pending(&pending(reason, live), templates, &RollbackOn::default(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_failed_template_goes_back_while_git_asks_for_it() {
        assert!(matches!(need(RevertReason::Analysis, "bad", "bad", "bad"), Some(Need::Revert(_))));
        assert_eq!(need(RevertReason::Analysis, "fixed", "bad", "bad"), None);
        assert_eq!(need(RevertReason::Analysis, "bad", "bad", "edited by hand"), None, "Git is not to blame");
        let none = Templates::default();
        let bad = pending(RevertReason::Analysis, "bad");
        assert_eq!(of_pending(&bad, none, &RollbackOn::default(), Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_revert_that_was_cut_short_as_it_was_applied_is_still_asked_for() {
        let (bad, good) = (template("bad"), template("good"));
        let templates =
            Templates { wanted: Some(&bad), applied: Some(&good), before: Some(&bad), live: None };
        let pending = pending(RevertReason::Analysis, "bad");
        let found = of_pending(&pending, templates, &RollbackOn::default(), Timestamp::UNIX_EPOCH);
        assert!(matches!(found, Some(Need::Revert(_))));
    }

    #[test]
    fn an_undo_goes_back_only_while_git_asks_for_what_was_left() {
        assert!(matches!(need(RevertReason::Undo, "new", "new", "old"), Some(Need::Revert(_))));
        assert_eq!(need(RevertReason::Undo, "old", "new", "old"), Some(Need::EndUndo), "Git agrees");
        assert_eq!(need(RevertReason::Undo, "fix", "new", "old"), Some(Need::EndUndo), "Git has gone on");
    }

    #[test]
    fn what_others_add_to_the_template_hides_no_failure() {
        let git = template("bad");
        let mut bad = pending(RevertReason::Deadline, "bad");
        let mut live = git.clone();
        live["metadata"] = json!({"annotations": {"reloader": "1"}});
        bad.template = live.into();
        let templates = Templates { wanted: Some(&git), applied: Some(&git), before: None, live: None };
        let found = of_pending(&bad, templates, &RollbackOn::default(), Timestamp::UNIX_EPOCH);
        assert!(matches!(found, Some(Need::Revert(_))));
    }

    #[test]
    fn nobody_goes_back_before_the_cluster_is_safe_or_for_what_was_not_measured() {
        assert_eq!(
            need(RevertReason::Error, "bad", "bad", "bad"),
            Some(Need::Stay(Stay::Reason(RevertReason::Error)))
        );
        let git = template("bad");
        let templates = Templates { wanted: Some(&git), applied: Some(&git), before: None, live: None };
        let from: Timestamp = "2026-01-01T00:00:30Z".parse().unwrap();
        let with = |safety, now: &str| {
            let pending = PendingRevert { safety, ..pending(RevertReason::User, "bad") };
            of_pending(&pending, templates, &RollbackOn::default(), now.parse().unwrap())
        };
        assert_eq!(with(Safety::Unsafe, "2030-01-01T00:00:00Z"), Some(Need::Wait(None)));
        assert_eq!(with(Safety::From(from), "2026-01-01T00:00:29Z"), Some(Need::Wait(Some(from))));
        assert!(matches!(with(Safety::From(from), "2026-01-01T00:00:30Z"), Some(Need::Revert(_))));
    }

    #[test]
    fn a_fence_that_was_not_pushed_ends_when_nobody_asks_for_its_template() {
        let fence = Fence { template: "bad".into(), live: "bad+".into(), ..Fence::default() };
        let asked = of_fence(&fence, Some("bad"), Some("good"), false);
        assert!(matches!(asked, Fenced::Asked(Need::Revert(_))));
        assert_eq!(of_fence(&fence, Some("bad"), Some("bad+"), false), Fenced::Stands, "it moves again");
        assert_eq!(of_fence(&fence, Some("fixed"), Some("good"), false), Fenced::Over);
        assert_eq!(of_fence(&fence, None, Some("good"), false), Fenced::Over);
    }

    #[test]
    fn a_template_that_failed_is_not_obeyed_twice_unless_somebody_reverts_the_revert() {
        let revert = Some("r".to_owned());
        let (template, kept) = ("bad".to_owned(), "good".to_owned());
        let fence = Fence { template, kept, revert, ..Fence::default() };
        assert_eq!(of_fence(&fence, Some("good"), Some("good"), false), Fenced::Stands);
        assert_eq!(of_fence(&fence, Some("newer"), Some("good"), false), Fenced::Over);
        assert_eq!(of_fence(&fence, Some("bad"), Some("good"), true), Fenced::Over);
        let again = of_fence(&fence, Some("bad"), Some("good"), false);
        assert!(matches!(again, Fenced::Asked(Need::Revert(_))));
        let twice = Fence { again: 1, ..fence };
        let stay = Need::Stay(Stay::FailedBefore { revert: "r".into() });
        assert_eq!(of_fence(&twice, Some("bad"), Some("good"), false), Fenced::Asked(stay));
    }
}
