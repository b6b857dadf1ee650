//! Decides which reverts the branch still needs, and which undos it has followed already, from what its manifests ask
//! for. It never reads a manifest nor the cluster.

use crate::api::inventory::Fence;
use crate::api::key::Key;
use crate::logic::revert::{PendingRevert, RevertReason};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keys of pod templates (`api::podhash::same::template_key`) by Rollout.
pub(crate) type TemplateKeys = BTreeMap<Key, String>;

/// What must be reverted and is still asked for by the manifests.
///
/// `wanted` are the templates that the manifests ask for, `live` those that the cluster holds. A fence stands for a
/// revert that was begun: while Git asks for its template and the cluster holds another one, it is reverted although
/// no Rollout asks for that any more.
#[must_use]
pub(crate) fn still_pending(
    pending: &[PendingRevert],
    fences: &[Fence],
    wanted: &TemplateKeys,
    live: &TemplateKeys,
) -> Vec<PendingRevert> {
    let mut due: Vec<PendingRevert> =
        pending.iter().filter(|p| p.is_asked_for_by(wanted.get(&p.rollout))).cloned().collect();
    for fence in fences {
        let covered = due.iter().any(|p| p.rollout == fence.rollout);
        let is_wanted = wanted.get(&fence.rollout) == Some(&fence.template);
        if !covered && is_wanted && live.get(&fence.rollout) != Some(&fence.template) {
            due.push(by_fence(fence));
        }
    }
    due
}

/// The undos among `pending` that Git agrees with: its manifests ask for the template that the user went back to.
pub(crate) fn followed_undos<'o>(
    pending: &'o [PendingRevert],
    wanted: &TemplateKeys,
) -> impl Iterator<Item = &'o PendingRevert> {
    pending.iter().filter(|p| {
        let asked = wanted.get(&p.rollout);
        p.reason == RevertReason::Undo && asked.is_some() && !p.is_asked_for_by(asked)
    })
}

/// The revert that `fence` was written for.
fn by_fence(fence: &Fence) -> PendingRevert {
    PendingRevert {
        rollout: fence.rollout.clone(),
        revision: fence.revision,
        reason: RevertReason::Analysis,
        reached: None,
        verdict: fence.verdict.clone(),
        run: None,
        good: None,
        template: Arc::default(),
        template_key: fence.template.clone(),
        is_safe: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> Key {
        Key::rollout("shop", "web")
    }

    fn keys(template: &str) -> TemplateKeys {
        [(web(), template.to_owned())].into()
    }

    fn pending(reason: RevertReason, template: &str) -> PendingRevert {
        PendingRevert {
            reason,
            ..by_fence(&Fence { rollout: web(), template: template.into(), ..Fence::default() })
        }
    }

    #[test]
    fn a_failed_template_goes_back_while_git_asks_for_it() {
        let all = [pending(RevertReason::Analysis, "bad")];
        assert_eq!(still_pending(&all, &[], &keys("bad"), &keys("bad")).len(), 1);
        assert!(still_pending(&all, &[], &keys("fixed"), &keys("bad")).is_empty());
        assert!(
            still_pending(&all, &[], &TemplateKeys::new(), &keys("bad")).is_empty(),
            "Git has it no longer"
        );
    }

    #[test]
    fn an_undo_goes_back_until_git_agrees() {
        let all = [pending(RevertReason::Undo, "old")];
        assert_eq!(still_pending(&all, &[], &keys("new"), &keys("old")).len(), 1);
        assert_eq!(followed_undos(&all, &keys("new")).count(), 0);
        assert!(still_pending(&all, &[], &keys("old"), &keys("old")).is_empty());
        assert_eq!(followed_undos(&all, &keys("old")).count(), 1);
        assert_eq!(followed_undos(&all, &TemplateKeys::new()).count(), 0);
    }

    #[test]
    fn a_fence_stands_for_a_revert_that_was_begun() {
        let fences = [Fence { rollout: web(), revision: 7, template: "bad".into(), ..Fence::default() }];
        let due = still_pending(&[], &fences, &keys("bad"), &keys("good"));
        assert_eq!(due.iter().map(|p| p.revision).collect::<Vec<_>>(), [7]);
        assert!(still_pending(&[], &fences, &keys("bad"), &keys("bad")).is_empty(), "it moves again");
        assert!(still_pending(&[], &fences, &keys("fixed"), &keys("good")).is_empty());
        let all = [pending(RevertReason::User, "bad")];
        assert_eq!(still_pending(&all, &fences, &keys("bad"), &keys("good")).len(), 1, "never twice");
    }
}
