//! Decides what becomes of what a Delivery has applied when somebody deletes it: it stays, or goes before the Delivery may.
//! Nothing keeps a Delivery for ever; how objects are deleted is `delivery`'s to say.

use crate::api::delivery::DeliveryReason;
use crate::api::event::Event;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::base::duration::human;
use crate::engine::context::Context;
use crate::engine::delivery::{Dissolved, Order, dissolve};
use crate::engine::operator::row::{Guarded, Parted, Parting, Row};
use crate::engine::operator::run::Operator;
use crate::engine::operator::write;
use crate::logic::delivery::account::{Account, DeliveryStanding};
use crate::logic::delivery::spec::{deletes, inventory_name};
use jiff::SignedDuration;
use std::time::Duration;

/// Wait after what was tried in vain.
const AGAIN: Duration = Duration::from_secs(2);
/// Objects that stay, in one event at most.
const MOST_NAMED: usize = 10;

impl Row {
    /// Whether what it has applied is to go with it.
    fn takes_along(&self) -> bool {
        self.spec.as_ref().is_ok_and(|spec| deletes(spec) == Ok(true))
    }

    /// Why what it has applied stays when it goes; none when it goes too.
    fn why_it_stays(&self) -> Option<&'static str> {
        match &self.spec {
            Err(_) => Some("its spec cannot be read"),
            Ok(spec) if spec.suspend => Some("it is suspended"),
            Ok(_) if !self.takes_along() => Some("its deletionPolicy is Orphan"),
            Ok(_) => None,
        }
    }
}

impl Operator {
    /// Whether a Delivery carries our finalizer if it needs it; it is seen to that it comes to carry it, or no longer does.
    pub(super) fn is_guarded(&mut self, name: &ObjectName) -> bool {
        let Some(row) = self.rows.get(name) else { return false };
        let wanted = row.takes_along();
        if row.is_guarded != wanted && row.guarding.is_none() {
            self.guard(name, wanted, Duration::ZERO);
        }
        self.rows.get(name).is_some_and(|row| row.is_guarded || !wanted)
    }

    fn guard(&mut self, name: &ObjectName, wanted: bool, after: Duration) {
        let Some(row) = self.rows.get_mut(name) else { return };
        row.guarding = Some(wanted);
        let (cluster, name, uid) = (self.context.cluster.clone(), name.clone(), row.uid.clone());
        self.guards.spawn(async move {
            tokio::time::sleep(after).await;
            let done = write::guard(&cluster, &name, &uid, wanted).await;
            (name, uid, wanted, done)
        });
    }

    /// Our finalizer was put on a Delivery or taken off, or could not be.
    pub(super) fn guarded(&mut self, (name, uid, wanted, done): Guarded) {
        let Some(row) = self.rows.get_mut(&name).filter(|row| row.uid == uid) else { return };
        row.guarding = None;
        let Err(error) = done else { return };
        tracing::warn!(delivery = %name, %error, "its finalizer could not be written; it is tried again");
        if wanted {
            let code = DeliveryReason::from(if error.lacks().is_some() { "Forbidden" } else { error.code() });
            let message = format!(
                "deletionPolicy: Delete needs a finalizer, which cannot be set: {error}; give Switchback the right to patch \
                 deliveries, or write deletionPolicy: Orphan"
            );
            row.account = Some(Account::of(DeliveryStanding::Stuck { reason: code, message }));
            self.say_again(&name);
        }
        self.guard(&name, wanted, AGAIN);
    }

    /// Somebody has deleted a Delivery. If it waits for us, it is seen to that it has not to wait long.
    pub(super) fn goes(&mut self, name: &ObjectName) {
        self.end(name);
        let Some(row) = self.rows.get_mut(name).filter(|row| row.is_guarded) else { return };
        match (row.why_it_stays(), &row.parting) {
            (_, Some(Parting::LetGo)) | (None, Some(_)) => {}
            (Some(why), _) => {
                let label = format!("{}={}", names::DELIVERY, inventory_name(name));
                let text = format!("{why}: what it has applied stays, with the label {label}");
                self.let_go(name, Event::normal("LetGo", text));
            }
            (None, None) => match self.numbers.get(name) {
                Some(number) => {
                    row.parting = Some(Parting::Ending);
                    let _it_has_ended = self.helm.orders.send(Order::End(*number)); // once more, to hear of it
                }
                None => self.dissolve(name, Duration::ZERO),
            },
        }
    }

    /// The delivery of a number does nothing any more.
    pub(super) fn ended(&mut self, number: usize) {
        let waits = |(name, row): &(&ObjectName, &Row)| {
            self.numbers.get(*name) == Some(&number) && matches!(row.parting, Some(Parting::Ending))
        };
        if let Some(name) = self.rows.iter().find(waits).map(|(name, _)| name.clone()) {
            self.dissolve(&name, Duration::ZERO);
        }
    }

    /// Deletes what a Delivery has applied, in the name of whom it was applied.
    fn dissolve(&mut self, name: &ObjectName, after: Duration) {
        let Some(row) = self.rows.get_mut(name) else { return };
        let own = row.spec.as_ref().ok().and_then(|spec| spec.service_account_name.clone());
        let account = own.or_else(|| self.terms.default_account.clone());
        let cluster = match &account {
            Some(account) => self.context.cluster.acting_as(&name.namespace, account),
            None => self.context.cluster.clone(),
        };
        let context = Context { cluster, ..self.context.clone() };
        let (name, uid) = (name.clone(), row.uid.clone());
        let work = self.partings.spawn(async move {
            tokio::time::sleep(after).await;
            let done = dissolve(&context, &inventory_name(&name), &name.namespace).await;
            (name, uid, done)
        });
        row.parting = Some(Parting::Dissolving(work));
    }

    /// What a Delivery has applied was deleted, or could not be.
    pub(super) fn parted(&mut self, (name, uid, done): Parted) {
        let now = self.context.clock.now();
        let is_it = |row: &&mut Row| row.uid == uid && matches!(row.parting, Some(Parting::Dissolving(_)));
        let Some(row) = self.rows.get_mut(&name).filter(is_it) else { return };
        let error = match done {
            Ok(dissolved) => return self.let_go(&name, told(&dissolved)),
            Err(error) => error,
        };
        let patience = SignedDuration::try_from(self.terms.patience).unwrap_or(SignedDuration::MAX);
        let what = format!("what it has applied cannot be deleted: {error}");
        if row.deleted_at.is_none_or(|since| now.duration_since(since) >= patience) {
            let label = format!("{}={}", names::DELIVERY, inventory_name(&name));
            let text =
                format!("{what}. It is not tried any more: what is left stays, with the label {label}");
            return self.let_go(&name, Event::warning("LetGo", text));
        }
        let message = format!(
            "{what}. To let go of it, so that it stays: kubectl -n {} patch delivery {} --type merge -p \
             '{{\"spec\":{{\"deletionPolicy\":\"Orphan\"}}}}'; that is done by itself {} after it was deleted",
            name.namespace,
            name.name,
            human(self.terms.patience)
        );
        let reason = DeliveryReason::from(error.code());
        let standing = match error.may_pass() {
            true => DeliveryStanding::Passing { reason, message },
            false => DeliveryStanding::Stuck { reason, message },
        };
        row.account = Some(Account::of(standing));
        self.say_again(&name);
        self.dissolve(&name, AGAIN);
    }

    /// A Delivery may go.
    fn let_go(&mut self, name: &ObjectName, event: Event) {
        let Some(row) = self.rows.get_mut(name) else { return };
        if let Some(Parting::Dissolving(work)) = row.parting.replace(Parting::LetGo) {
            work.abort();
        }
        self.context.events_about(&write::target(name), &row.uid, vec![event]);
        self.guard(name, false, Duration::ZERO);
    }
}

/// What is told of what has become of it all.
fn told(dissolved: &Dissolved) -> Event {
    let Dissolved { deleted, stay } = dissolved;
    let mut text = format!("deleted {deleted} objects that it had applied");
    if !stay.is_empty() {
        let named: Vec<&str> = stay.iter().take(MOST_NAMED).map(String::as_str).collect();
        text.push_str(&format!("; {} stay: {}", stay.len(), named.join("; ")));
        if stay.len() > MOST_NAMED {
            text.push_str(&format!(" and {} more", stay.len() - MOST_NAMED));
        }
    }
    Event::normal("Deleted", text)
}
