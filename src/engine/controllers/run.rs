//! Decides nothing but the order of things: the one loop in which changes come in, keys are reconciled and outcomes are
//! taken up. It is the same in production and under a paused clock.

use crate::api::names;
use crate::api::notice::Notice;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::api::watch::News;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::engine::controllers::asking::Asking;
use crate::engine::controllers::once::{Found, Once};
use crate::engine::controllers::outcome::Outcome;
use crate::engine::controllers::pending::{self, Pending};
use crate::engine::controllers::refusals::{Creation, Refusals, Writes};
use crate::engine::controllers::start::start;
use crate::engine::delivery::{Applied, Link, Roster, Standing};
use crate::engine::index::scope::Scope;
use crate::engine::index::{Change, Effects, Followed, Gone, Index, kinds};
use crate::engine::key::Key;
use crate::engine::rivals::Sighting;
use crate::engine::settings::Settings;
use crate::engine::vitals::Readiness;
use crate::engine::watches::Watches;
use crate::engine::worker::{End, Worker};
use crate::logic::health::{Health, rollout};
use crate::logic::rollout::presence;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// Keys reconciled side by side.
const AT_ONCE: usize = 32;
/// How long after a measurement panicked it is taken again.
const AFTER_A_PANIC: Duration = Duration::from_secs(10);
/// Changes taken in at most before keys are started, so that many changes of one Rollout are one reconcile.
const MOST_AT_A_TIME: usize = 256;

/// The controllers of one cluster.
pub(crate) struct Controllers {
    context: Context,
    index: Index,
    worker: Worker<Key, Outcome>,
    asking: Asking,
    watches: Watches,
    /// When what a key holds back is to be written.
    debounce: BTreeMap<Key, Instant>,
    pending: Pending,
    refusals: Refusals,
    applied: mpsc::Receiver<Applied>,
    roster: mpsc::UnboundedReceiver<Roster>,
    standing: watch::Receiver<Standing>,
    /// Told once that every kind was listed; taken when it is.
    ready: Option<oneshot::Sender<()>>,
    /// Sources whose failed revisions go back in Git.
    rolls_back: BTreeSet<String>,
    /// Present when it ends by itself.
    once: Option<Once>,
    /// What others did before is nothing to us.
    began: Timestamp,
    /// Whether only what our deliveries bring is ours.
    only_delivered: bool,
}

impl Controllers {
    /// Controllers that tell `ready` when they know the whole cluster, and deliveries on `link` what concerns them.
    #[must_use]
    pub(crate) fn new(context: Context, settings: &Settings, link: Link, ready: oneshot::Sender<()>) -> Self {
        let mut scope = Scope::of_instance(settings.instance.clone());
        if settings.only_delivered {
            scope = scope.within(settings.sources.iter().map(|s| s.name.clone()).collect());
        }
        let mut worker = Worker::new(AT_ONCE, settings.seed);
        worker.queue.count_in(context.metrics.queues(), Key::queue);
        let rolls_back = settings.sources.iter().filter(|s| s.rollback).map(|s| s.name.clone());
        Self {
            index: Index::new(scope),
            worker,
            asking: Asking::default(),
            watches: Watches::start(context.cluster.client(), settings.namespace.clone()),
            debounce: BTreeMap::new(),
            pending: Pending::new(link.facts),
            refusals: Refusals::default(),
            applied: link.applied,
            roster: link.roster,
            standing: link.standing,
            ready: Some(ready),
            rolls_back: rolls_back.collect(),
            once: settings.once.map(Once::new),
            began: context.clock.now(),
            only_delivered: settings.only_delivered,
            context,
        }
    }

    /// Runs until it is dropped or, with `once`, until everything has settled or the time is over; whether all is then healthy.
    pub(crate) async fn run(&mut self) -> bool {
        let mut pulse = self.context.vitals.pulse("controllers");
        loop {
            self.dispatch();
            if let Some(healthy) = self.settled() {
                return healthy;
            }
            let alarm = self.worker.queue.alarm();
            tokio::select! {
                biased;
                () = pulse.beat() => {}
                Some((key, end)) = self.worker.ended() => self.take_up(key, end),
                Some(measured) = self.asking.ended() => self.take_measured(measured),
                Some(message) = self.watches.next() => self.take_in(message),
                Some(change) = self.roster.recv() => match change {
                    Roster::Begins(delivery) => self.pending.begins(&self.index, delivery),
                    Roster::Ends(number) => self.pending.ends(number),
                },
                Some(applied) = self.applied.recv() => self.take_applied(applied),
                Ok(()) = self.standing.changed(), if self.once.is_some() => {}
                () = Once::turn(&mut self.once) => {}
                () = alarm => self.worker.queue.ring(Instant::now()),
            }
        }
    }

    /// Lets reconciles under way end until `deadline`.
    pub(crate) async fn wind_down(&mut self, deadline: Instant) {
        self.applied.close(); // deliveries that have applied something need not wait for us
        while self.applied.try_recv().is_ok() {}
        self.worker.wind_down(deadline).await;
    }

    /// Takes in what watches have brought so far.
    fn take_in(&mut self, first: (&'static Followed, News<Change>)) {
        let mut effects = self.hear(first);
        for _ in 1..MOST_AT_A_TIME {
            let Some(message) = self.watches.next_at_hand() else { break };
            effects.extend(self.hear(message));
        }
        self.follow_up(effects);
        if self.watches.are_ready()
            && let Some(ready) = self.ready.take()
        {
            self.context.vitals.is(Readiness::Ready);
            let _no_delivery_waits = ready.send(());
        }
    }

    fn hear(&mut self, (followed, news): (&'static Followed, News<Change>)) -> Effects {
        match news {
            News::Present(change) | News::Gone(change) => return self.index.take_in(change),
            News::ListBegins => self.index.list_begins(followed),
            News::ListEnds => {
                self.watches.listed(followed);
                return self.index.list_ends(followed);
            }
            News::Trouble { code, why } => self.report_trouble(followed, code, &why),
        }
        Effects::default()
    }

    fn report_trouble(&mut self, followed: &'static Followed, code: u16, why: &str) {
        if self.watches.trouble(followed, code) {
            if followed.name == kinds::lease::FOLLOWED.name && code == 403 {
                return; // whether others act on a delivery is then not known, which is as it ever was
            }
            let advice = match (followed.name, code) {
                ("Rollout", 404) => "; install the definitions with: switchback install-crds",
                (_, 403) => "; give Switchback the right to list and watch them",
                _ => "",
            };
            let text = format!("{}s cannot be watched: {why}{advice}", followed.name);
            self.context.notify(Notice::Problem { repository: String::new(), code: "CannotWatch", text });
        }
    }

    fn take_applied(&mut self, applied: Applied) {
        let mut effects = Effects::default();
        for rollout in applied.rollouts {
            if let Ok(rollout) = RawObject::of(&rollout) {
                effects.extend(self.index.take_in(kinds::rollout::FOLLOWED.present(rollout)));
            }
        }
        self.follow_up(effects);
        let _it_waits_no_more = applied.taken_in.send(());
    }

    /// Carries on what a change brings about: metrics, deliveries, watches, keys to reconcile.
    fn follow_up(&mut self, effects: Effects) {
        if let Some((rollout, at)) = effects.argo
            && at.at() > self.began
            && let Some(sightings) = &self.context.sightings
        {
            sightings.send_replace(Some(Sighting { rollout, at }));
        }
        for gone in &effects.gone_rollouts {
            self.tell_of(gone);
        }
        for name in &effects.rollouts {
            let Some(row) = self.index.rollout(name) else {
                self.context.metrics.rollout_is_gone(name);
                continue;
            };
            if !self.only_delivered && row.source.as_ref().is_some_and(|s| !self.pending.delivers(s)) {
                self.watches.follow(&kinds::lease::FOLLOWED);
            }
            let rollout = row.problem.is_none().then(|| row.rollout.clone());
            self.context.metrics.rollout(name, rollout);
        }
        for (kind, name) in &effects.analyses {
            if *kind == kinds::analysis_run::FOLLOWED.name {
                self.context.metrics.run(name, self.index.shown_run(name));
            } else {
                let namespace = Some(name.namespace.as_str()).filter(|n| !n.is_empty());
                self.context.metrics.template(name, self.index.template(namespace, &name.name));
            }
        }
        for followed in effects.wanted.iter().filter_map(|name| kinds::named(name)) {
            self.watches.follow(followed);
        }
        for key in effects.keys {
            if let Key::Rollout(name) = &key {
                self.pending.update(&self.index, name);
            }
            self.worker.queue.add(key);
        }
    }

    /// Tells of a Rollout that is gone, unless another process acts on what it belonged to.
    fn tell_of(&self, gone: &Gone) {
        let source = gone.source.as_ref().filter(|source| !self.pending.delivers(source));
        let until = source.and_then(|source| self.index.acted_on_until(source));
        if until.is_none_or(|until| until <= Instant::now()) {
            let about = Target::new(names::ARGO, "Rollout", &gone.name.namespace, &gone.name.name);
            self.context.events_about(&about, &gone.uid, vec![presence::gone(&gone.name)]);
        }
    }

    /// Starts as many reconciles as may be under way at once.
    fn dispatch(&mut self) {
        if self.ready.is_some() {
            return;
        }
        while let Some(key) = self.worker.take() {
            if let Some(until) = self.is_left_until(&key) {
                self.worker.forget(&key);
                self.worker.queue.add_at(key, until);
                continue;
            }
            let debounced = self.debounce.get(&key).is_some_and(|at| *at <= Instant::now());
            match start(&key, &self.context, &self.index, &mut self.asking, &self.refusals, debounced) {
                Some(reconcile) => self.worker.start(key, reconcile),
                None => {
                    self.worker.forget(&key);
                    self.debounce.remove(&key);
                    if let Key::Rollout(name) = &key {
                        self.refusals.forget(name);
                    }
                }
            }
        }
    }

    /// Until when another process acts on `key`, if one does: it makes the delivery that the Rollout belongs to, and holds
    /// the Lease of that. What we deliver ourselves is ours.
    fn is_left_until(&self, key: &Key) -> Option<Instant> {
        let rollout = match key {
            Key::Rollout(name) => name.clone(),
            Key::AnalysisRun(name) => self.index.rollout_of_run(name)?,
            Key::Service(_) => return None,
        };
        let source = self.index.rollout(&rollout)?.source.as_ref().filter(|s| !self.pending.delivers(s))?;
        self.index.acted_on_until(source).filter(|until| *until > Instant::now())
    }

    /// Has the runs reconciled of which something was measured.
    fn take_measured(&mut self, first: (ObjectName, bool)) {
        let mut next = Some(first);
        while let Some((run, has_report)) = next {
            let key = Key::AnalysisRun(run);
            match has_report {
                true => self.worker.queue.add(key),
                false => self.worker.queue.add_at(key, Instant::now() + AFTER_A_PANIC),
            }
            next = self.asking.ended_at_hand();
        }
    }

    fn take_up(&mut self, key: Key, end: End<Outcome>) {
        let now = Instant::now();
        let outcome = match end {
            End::Done(outcome) => outcome,
            End::Panicked(words) => {
                tracing::error!(%key, "a reconcile panicked: {words}; it is tried again. Please report this");
                if let Key::Rollout(name) = &key {
                    self.context.metrics.reconciled(name, Duration::ZERO, true);
                }
                self.worker.queue.failed(&key, now);
                return;
            }
        };
        let has_changed = outcome.has_changed();
        let mut effects = Effects::default();
        for change in outcome.written {
            effects.extend(self.index.take_in(change));
        }
        for (followed, name, uid) in &outcome.removed {
            effects.extend(self.index.deleted(followed, name, uid));
        }
        outcome.asks.into_iter().for_each(|ask| self.asking.begin(ask));
        if self.take_refusals(&key, outcome.creation, outcome.writes, now) {
            effects.keys.insert(key.clone());
        }
        let queue = &mut self.worker.queue;
        if let Some(error) = &outcome.error {
            if error.is_conflict() {
                tracing::debug!(%key, %error, "decided on something that has changed meanwhile");
            } else {
                tracing::warn!(%key, %error, "will be tried again");
            }
            queue.failed(&key, now);
        } else {
            queue.done(&key);
            match outcome.debounce {
                Some(wait) => {
                    let at = *self.debounce.entry(key.clone()).or_insert(now + wait);
                    queue.add_at(key.clone(), at);
                }
                None => drop(self.debounce.remove(&key)),
            }
            if let Some(wake) = outcome.wake {
                queue.add_at(key.clone(), self.context.moment(wake));
            }
            if has_changed {
                effects.keys.insert(key);
            }
        }
        self.follow_up(effects);
    }

    /// Notes what the cluster refused of a Rollout's writes, and when it is tried again; whether there is something else
    /// to decide now.
    fn take_refusals(&mut self, key: &Key, creation: Creation, writes: Writes, now: Instant) -> bool {
        let Key::Rollout(name) = key else { return false };
        let error = match &writes {
            Writes::Denied(_, error) => Some((**error).clone()),
            Writes::Open | Writes::NotTried => None,
        };
        let next = self.refusals.note_writes(name, writes, now);
        if let Some(error) = error.filter(|_| next.is_new) {
            let code = error.code();
            tracing::warn!(
                %key, code, %error,
                "denied; everything else is done, and this is tried again. Allow it in the webhook, policy or role that denies it"
            );
        }
        let creation = self.refusals.note(name, creation, now);
        for again in creation.into_iter().chain(next.again).filter(|again| *again > now) {
            self.worker.queue.add_at(key.clone(), again);
        }
        next.has_changed
    }

    /// With `once`: whether it ends now, and then whether all is healthy.
    fn settled(&mut self) -> Option<bool> {
        let mut once = self.once.take()?;
        let standing = self.standing.borrow().clone();
        let ends = once.ends(&self.context, &standing, self.found(&standing));
        self.once = Some(once);
        ends
    }

    /// How deliveries and their Rollouts stand.
    fn found(&self, standing: &Standing) -> Found {
        let is_idle = self.worker.queue.is_idle() && self.asking.is_idle() && standing.is_idle;
        let is_known = self.ready.is_none() && standing.wakes == self.pending.wakes();
        let mut found = Found { is_idle: is_idle && is_known, ..Found::default() };
        if self.ready.is_some() {
            found.waits.push("the cluster is not known whole yet".to_owned());
        }
        found.waits.extend(standing.waits().map(str::to_owned));
        for source in self.pending.sources() {
            for name in self.index.delivered_by(source) {
                match self.health(name) {
                    Health::Healthy => {}
                    Health::Failed(why) if self.is_final(source, name) => {
                        found.failed.push(format!("Rollout {name}: {why}"));
                    }
                    Health::Failed(why) | Health::Progressing(why) => {
                        found.waits.push(format!("Rollout {name}: {why}"));
                    }
                }
            }
        }
        found
    }

    /// How it goes with the Rollout at `name`, which is not settled while a status of it waits to be written.
    fn health(&self, name: &ObjectName) -> Health {
        let Some(row) = self.index.rollout(name) else {
            return Health::Progressing("it is not there".to_owned());
        };
        if let Some(problem) = &row.problem {
            return Health::Progressing(format!("it cannot be read: {problem}"));
        }
        let key = Key::Rollout(name.clone());
        match rollout::health(&row.rollout, &self.index.replica_sets_of(&row.rollout.metadata.uid)) {
            Health::Healthy if self.debounce.contains_key(&key) => {
                Health::Progressing("its status is about to be written".to_owned())
            }
            Health::Healthy if self.worker.queue.is_failing(&key) => {
                Health::Progressing("its last reconcile failed; it is tried again".to_owned())
            }
            health => health,
        }
    }

    /// Whether a degraded Rollout stays so: nothing waits to go back in Git, or nothing ever does.
    fn is_final(&self, source: &str, name: &ObjectName) -> bool {
        !self.rolls_back.contains(source) || pending::pending(&self.index, name).is_none()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
