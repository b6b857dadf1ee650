//! Decides what is written down of how a Delivery stands: conditions as kstatus reads them, commits, history. What has
//! not changed is as it was, so that nothing is written at rest. It never writes it.

use crate::api::commit::short;
use crate::api::condition::ConditionStatus;
use crate::api::delivery::{
    CommitOutcome, DeliveryCondition, DeliveryConditionType, DeliveryReason, DeliveryStatus, HistoryEntry,
};
use crate::api::time::Time;
use crate::logic::delivery::account::{Account, DeliveryStanding, Known};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Entries of the history at most.
const HISTORY: usize = 10;
/// Commits and Rollouts in one list at most: a status is for people.
const MOST: usize = 50;
/// Bytes of one message at most.
const MOST_BYTES: usize = 4096;

/// What is written after `before` when `account` is given of the spec's `generation`.
#[must_use]
pub(crate) fn after(
    before: &DeliveryStatus,
    account: &Account,
    generation: i64,
    now: Timestamp,
) -> DeliveryStatus {
    let now = Time::of(now);
    let mut status = DeliveryStatus {
        observed_generation: generation,
        conditions: conditions(before, &account.standing, generation, now),
        ..before.clone()
    };
    if let Some(head) = &account.head {
        status.observed_commit.clone_from(head);
    }
    if let Some(attempted) = &account.attempted {
        status.last_attempted_commit.clone_from(attempted);
    }
    // Before the inventory was read nobody knows that nothing is owed.
    if account.known.is_some() || account.owed.is_some() {
        status.pending_revert.clone_from(&account.owed);
    }
    if let Some(known) = &account.known {
        status.last_applied_commit.clone_from(&known.commit);
        status.fenced_commits = known.fenced.iter().take(MOST).map(|c| short(c).to_owned()).collect();
        status.inventory = (!known.commit.is_empty()).then(|| known.inventory.clone());
        status.held_rollouts = account.held.iter().take(MOST).cloned().collect();
        for held in &mut status.held_rollouts {
            held.message = cut(&held.message);
        }
        note(&mut status, before, account, known, now);
    }
    status
}

/// The conditions: `Ready` always, the others only while they are so. Times move only with what a condition says.
fn conditions(
    before: &DeliveryStatus,
    standing: &DeliveryStanding,
    generation: i64,
    now: Time,
) -> Vec<DeliveryCondition> {
    use DeliveryConditionType::{Ready, Reconciling, Stalled};
    let (ready, other, reason, message) = match standing {
        DeliveryStanding::Applied { message } => {
            (ConditionStatus::True, None, DeliveryReason::Applied, message.clone())
        }
        DeliveryStanding::Passing { reason, message } => {
            (ConditionStatus::False, Some(Reconciling), reason.clone(), message.clone())
        }
        DeliveryStanding::Stuck { reason, message } => {
            (ConditionStatus::False, Some(Stalled), reason.clone(), message.clone())
        }
        DeliveryStanding::Suspended => {
            let message =
                "it is suspended: nothing is applied, healed or taken back; go on: spec.suspend: false";
            (ConditionStatus::False, None, DeliveryReason::Suspended, message.to_owned())
        }
    };
    let condition = |of: DeliveryConditionType, status: ConditionStatus| {
        let same = before.condition(&of).filter(|c| c.status == status);
        DeliveryCondition {
            last_transition_time: same.map_or(now, |c| c.last_transition_time),
            r#type: of,
            status,
            reason: reason.clone(),
            message: cut(&message),
            observed_generation: generation,
        }
    };
    let other = other.map(|of| condition(of, ConditionStatus::True));
    std::iter::once(condition(Ready, ready)).chain(other).collect()
}

/// Notes in the history what came of the commit applied or attempted last, and which went back.
fn note(status: &mut DeliveryStatus, before: &DeliveryStatus, account: &Account, known: &Known, now: Time) {
    let mut entry = |commit: &str, outcome: CommitOutcome| {
        let last = status.history.first();
        if commit.is_empty() || last.is_some_and(|last| last.commit == commit && last.outcome == outcome) {
            return;
        }
        status.history.insert(0, HistoryEntry { commit: commit.to_owned(), time: Some(now), outcome });
    };
    if before.last_applied_commit != known.commit {
        entry(&known.commit, CommitOutcome::Applied);
    }
    if let Some(attempted) = account.attempted.as_ref().filter(|a| **a != known.commit) {
        entry(attempted, CommitOutcome::Failed);
    }
    for entry in &mut status.history {
        if entry.outcome == CommitOutcome::Applied && known.reverted.contains(&entry.commit) {
            entry.outcome = CommitOutcome::Reverted;
        }
    }
    status.history.truncate(HISTORY);
}

/// A text that is not too long for a status.
fn cut(text: &str) -> String {
    if text.len() <= MOST_BYTES {
        return text.to_owned();
    }
    let end = (0..=MOST_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The merge patch that makes `after` of `before`; none when they are the same.
#[must_use]
pub(crate) fn patch(before: &DeliveryStatus, after: &DeliveryStatus) -> Option<Value> {
    if before == after {
        return None;
    }
    let fields = |status: &DeliveryStatus| match serde_json::to_value(status) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (old, mut changed) = (fields(before), fields(after));
    let gone: Vec<String> = old.keys().filter(|k| !changed.contains_key(*k)).cloned().collect();
    changed.retain(|name, value| match (old.get(name), value) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let lost: Vec<String> = old.keys().filter(|k| !new.contains_key(*k)).cloned().collect();
            new.extend(lost.into_iter().map(|k| (k, Value::Null)));
            old != new
        }
        (old, value) => old != Some(value),
    });
    changed.extend(gone.into_iter().map(|name| (name, Value::Null)));
    Some(Value::Object(Map::from_iter([("status".to_owned(), Value::Object(changed))])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn applied(commit: &str) -> Account {
        let known = Known { commit: commit.to_owned(), ..Known::default() };
        Account {
            head: Some(commit.to_owned()),
            attempted: Some(commit.to_owned()),
            known: Some(known),
            ..Account::of(DeliveryStanding::Applied { message: format!("applied {commit}") })
        }
    }

    fn passing(message: &str) -> Account {
        let reason = DeliveryReason::from("GitUnreachable");
        Account::of(DeliveryStanding::Passing { reason, message: message.to_owned() })
    }

    fn shape(status: &DeliveryStatus) -> Vec<String> {
        status.conditions.iter().map(|c| format!("{}={} {}", c.r#type, c.status, c.reason)).collect()
    }

    #[test]
    fn the_same_said_again_changes_nothing() {
        let first = after(&DeliveryStatus::default(), &applied("a"), 1, at(10));
        assert_eq!(shape(&first), ["Ready=True Applied"]);
        let again = after(&first, &applied("a"), 1, at(20));
        assert_eq!((&again, patch(&first, &again)), (&first, None));
        let renewed = after(&first, &applied("a"), 2, at(30));
        assert_eq!((renewed.is_ready(2), renewed.is_ready(1)), (true, false));
        assert_eq!(renewed.conditions[0].last_transition_time, first.conditions[0].last_transition_time);
    }

    #[test]
    fn what_passes_is_reconciling_and_what_waits_for_a_person_is_stalled() {
        let first = after(&DeliveryStatus::default(), &applied("a"), 1, at(10));
        let away = after(&first, &passing("away"), 1, at(20));
        assert_eq!(shape(&away), ["Ready=False GitUnreachable", "Reconciling=True GitUnreachable"]);
        assert_eq!(away.last_applied_commit, "a", "what is applied is applied still");
        let reason = DeliveryReason::from("Manifests");
        let stuck = Account {
            attempted: Some("b".into()),
            known: applied("a").known,
            ..Account::of(DeliveryStanding::Stuck { reason, message: "bad".into() })
        };
        let stuck = after(&away, &stuck, 1, at(30));
        assert_eq!(shape(&stuck), ["Ready=False Manifests", "Stalled=True Manifests"]);
        assert_eq!((stuck.last_attempted_commit.as_str(), stuck.last_applied_commit.as_str()), ("b", "a"));
        let suspended = after(&stuck, &Account::of(DeliveryStanding::Suspended), 2, at(40));
        assert_eq!(shape(&suspended), ["Ready=False Suspended"]);
        let ready = stuck.conditions[0].last_transition_time;
        assert_eq!(suspended.conditions[0].last_transition_time, ready, "it was not ready before");
    }

    #[test]
    fn the_history_has_ten_entries_and_says_what_went_back() {
        let mut status = DeliveryStatus::default();
        for n in 0..12 {
            status = after(&status, &applied(&format!("c{n}")), 1, at(n));
        }
        assert_eq!((status.history.len(), status.history[0].commit.as_str()), (10, "c11"));
        let mut back = applied("r");
        let known = back.known.as_mut().unwrap();
        (known.fenced, known.reverted) = (vec!["c11".into()], vec!["c11".into()]);
        let status = after(&status, &back, 1, at(20));
        let told: Vec<_> =
            status.history.iter().take(2).map(|e| (e.commit.as_str(), e.outcome.as_str())).collect();
        assert_eq!(told, [("r", "Applied"), ("c11", "Reverted")]);
        assert_eq!(status.fenced_commits, ["c11"]);
    }

    #[test]
    fn a_commit_that_fails_is_noted_once() {
        let mut failing = applied("a");
        failing.attempted = Some("b".into());
        failing.standing =
            DeliveryStanding::Stuck { reason: DeliveryReason::from("Manifests"), message: "bad".into() };
        let mut status = after(&DeliveryStatus::default(), &applied("a"), 1, at(0));
        for n in 1..4 {
            status = after(&status, &failing, 1, at(n));
        }
        let told: Vec<_> = status.history.iter().map(|e| (e.commit.as_str(), e.outcome.as_str())).collect();
        assert_eq!(told, [("b", "Failed"), ("a", "Applied")]);
    }

    #[test]
    fn a_patch_holds_what_has_changed_and_takes_away_what_is_gone() {
        let mut before = after(&DeliveryStatus::default(), &applied("a"), 1, at(0));
        before.fenced_commits = vec!["x".into()];
        let mut now = before.clone();
        now.fenced_commits.clear();
        now.observed_commit = "b".into();
        let expected = json!({"status": {"fencedCommits": null, "observedCommit": "b"}});
        assert_eq!(patch(&before, &now), Some(expected));
    }

    #[test]
    fn a_message_is_cut_between_letters() {
        assert!(cut(&"ä".repeat(5000)).len() <= MOST_BYTES + '…'.len_utf8());
    }
}
