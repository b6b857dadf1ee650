//! Decides what is told as events of a Delivery when its status changes: each thing once.
//! It never emits one.

use crate::api::commit::short;
use crate::api::delivery::{CommitOutcome, DeliveryConditionType, DeliveryReason, DeliveryStatus};
use crate::api::event::Event;

/// The events that tell what has changed from `before` to `after`.
#[must_use]
pub(crate) fn between(before: &DeliveryStatus, after: &DeliveryStatus) -> Vec<Event> {
    let mut events = Vec::new();
    let is_new = after.last_applied_commit != before.last_applied_commit;
    if is_new && !after.last_applied_commit.is_empty() {
        let text = format!("applied {}", short(&after.last_applied_commit));
        events.push(Event::normal("Applied", text));
    }
    let went_back = |status: &DeliveryStatus, commit: &str| {
        status.history.iter().any(|e| e.commit == commit && e.outcome == CommitOutcome::Reverted)
    };
    for entry in after.history.iter().filter(|e| went_back(after, &e.commit) && !went_back(before, &e.commit))
    {
        events.push(Event::normal("Reverted", format!("{} went back in Git", short(&entry.commit))));
    }
    for held in &after.held_rollouts {
        if !before.held_rollouts.contains(held) {
            events.push(Event::warning("RevertHeld", held.message.clone()));
        }
    }
    let said = |status: &DeliveryStatus| {
        let ready = status.condition(&DeliveryConditionType::Ready)?;
        Some((ready.reason.clone(), ready.message.clone()))
    };
    let is_stalled = after.condition(&DeliveryConditionType::Stalled).is_some();
    let is_passing = after.condition(&DeliveryConditionType::Reconciling).is_some();
    if let Some((reason, message)) = said(after).filter(|now| said(before).as_ref() != Some(now)) {
        match reason {
            DeliveryReason::RolloutsHeld | DeliveryReason::Applied => {} // told above
            DeliveryReason::Pending => {}                                // nothing has happened
            DeliveryReason::DependencyNotReady | DeliveryReason::Suspended => {
                events.push(Event::normal(reason.as_str(), message));
            }
            _ if is_stalled || is_passing => events.push(Event::warning(reason.as_str(), message)),
            _ => {}
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::delivery::account::{Account, DeliveryStanding, Known};
    use crate::logic::delivery::status;
    use jiff::Timestamp;

    fn reasons(before: &DeliveryStatus, after: &DeliveryStatus) -> Vec<(bool, String)> {
        between(before, after).into_iter().map(|e| (e.warning, e.reason)).collect()
    }

    #[test]
    fn each_change_is_told_once() {
        let mut account = Account::of(DeliveryStanding::Applied { message: "m".into() });
        account.known = Some(Known { commit: "a".into(), ..Known::default() });
        let next = |before: &DeliveryStatus, account: &Account| {
            status::after(before, account, 1, Timestamp::UNIX_EPOCH)
        };
        let none = DeliveryStatus::default();
        let first = next(&none, &account);
        assert_eq!(reasons(&none, &first), [(false, "Applied".to_owned())]);
        assert_eq!(reasons(&first, &next(&first, &account)), []);
        let reason = DeliveryReason::from("GitUnreachable");
        let away = Account::of(DeliveryStanding::Passing { reason, message: "away".into() });
        let second = next(&first, &away);
        assert_eq!(reasons(&first, &second), [(true, "GitUnreachable".to_owned())]);
        assert_eq!(reasons(&second, &next(&second, &away)), []);
        let known = account.known.as_mut().unwrap();
        (known.commit, known.reverted) = ("r".into(), vec!["a".into()]);
        let third = next(&second, &account);
        assert_eq!(reasons(&second, &third), [(false, "Applied".to_owned()), (false, "Reverted".to_owned())]);
    }
}
