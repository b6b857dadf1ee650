//! Decides when each repository is reconciled: when it moves, when what its Rollouts owe it changes, after a while, and
//! again after a failure; deliveries begin and end meanwhile as they are ordered to. It never decides what a reconcile does,
//! and knows of controllers only what they tell it.

use crate::api::key::Key;
use crate::api::notice::Notice;
use crate::api::watch::News;
use crate::engine::context::Context;
use crate::engine::delivery::away::Away;
use crate::engine::delivery::contract::DeliveryReport;
use crate::engine::delivery::drift::{About, DriftWatches, Seen};
use crate::engine::delivery::error::DeliverError;
use crate::engine::delivery::heal::heal;
use crate::engine::delivery::link::{Applied, FactsSender, Fare, Roster, Standing};
use crate::engine::delivery::one::Delivery;
use crate::engine::delivery::orders::{self, Helm, Order, Setting, Told};
use crate::engine::delivery::reconcile::reconcile;
use crate::engine::delivery::source::Source;
use crate::engine::delivery::state::State;
use crate::engine::settings::Settings;
use crate::engine::worker::{End, Worker};
use crate::logic::plan::DriftPolicy;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// Repositories reconciled side by side.
const AT_ONCE: usize = 8;
/// Wait after a change by others, in which controllers take it in too: going back is no drift.
const SETTLES: Duration = Duration::from_millis(200);
/// Wait after a problem that only a person can mend, if nothing else wakes us.
const HELD: Duration = Duration::from_secs(30);

/// What a reconcile leaves behind, what it has come to (none: only what others had changed was looked at), and the edition
/// it was of.
type Done = (State, Option<DeliveryReport>, u64);

/// All deliveries to one cluster.
pub(crate) struct Deliveries {
    context: Context,
    all: BTreeMap<usize, Delivery>,
    jitter: u64,
    worker: Worker<usize, Done>,
    orders: mpsc::UnboundedReceiver<Order>,
    told: mpsc::UnboundedSender<Told>,
    roster: mpsc::UnboundedSender<Roster>,
    wake: mpsc::UnboundedSender<usize>,
    applied: mpsc::Sender<Applied>,
    woken: mpsc::UnboundedReceiver<usize>,
    wakes: u64,
    passes: u64,
    /// The workloads of all.
    workloads: Arc<BTreeMap<Key, String>>,
    standing: watch::Sender<Standing>,
    drift: DriftWatches,
}

/// The controllers' end of the link to all deliveries.
pub(crate) struct Link {
    /// One end for each delivery.
    pub(crate) facts: Vec<FactsSender>,
    /// What deliveries have applied.
    pub(crate) applied: mpsc::Receiver<Applied>,
    /// Which deliveries begin and end.
    pub(crate) roster: mpsc::UnboundedReceiver<Roster>,
    /// How they stand.
    pub(crate) standing: watch::Receiver<Standing>,
}

impl Deliveries {
    /// The deliveries of `settings`, the other end of the link to them, and the end from which they are ordered about.
    #[must_use]
    pub(crate) fn new(context: Context, settings: &Settings) -> (Self, Link, Helm) {
        let (wake, woken) = mpsc::unbounded_channel();
        let (applied, receiver) = mpsc::channel(1);
        let (order, orders) = mpsc::unbounded_channel();
        let (told, accounts) = mpsc::unbounded_channel();
        let (roster, changes) = mpsc::unbounded_channel();
        let (standing, stands) = watch::channel(Standing::default());
        let mut worker = Worker::new(AT_ONCE, settings.seed);
        let mut senders = Vec::with_capacity(settings.sources.len());
        let mut all = BTreeMap::new();
        for (number, source) in settings.sources.iter().cloned().enumerate() {
            let (sender, facts) = FactsSender::new(source.name.clone(), number, wake.clone());
            senders.push(sender);
            all.insert(number, Delivery::new(source, context.clone(), settings.interval, facts));
            worker.queue.add(number);
        }
        let deliveries = Self {
            drift: DriftWatches::new(context.cluster.client()),
            context,
            all,
            jitter: settings.jitter,
            worker,
            orders,
            told,
            roster,
            wake,
            applied,
            woken,
            wakes: 0,
            passes: 0,
            workloads: Arc::default(),
            standing,
        };
        let link = Link { facts: senders, applied: receiver, roster: changes, standing: stands };
        (deliveries, link, Helm { orders: order, told: accounts, free: settings.sources.len() })
    }

    /// Runs until it is dropped. `nudges` are numbers of repositories that have moved; nothing is reconciled before
    /// `ready`, so that decisions rest on the whole cluster.
    pub(crate) async fn run(&mut self, nudges: &mut mpsc::Receiver<usize>, ready: oneshot::Receiver<()>) {
        let _or_nobody_will_say_so = ready.await;
        let (mut is_nudged, mut is_ordered) = (true, true);
        let mut pulse = self.context.vitals.pulse("deliveries");
        loop {
            self.dispatch();
            self.publish();
            let alarm = self.worker.queue.alarm();
            tokio::select! {
                biased;
                () = pulse.beat() => {}
                Some((number, end)) = self.worker.ended() => self.take_up(number, end),
                Some(number) = self.woken.recv() => {
                    self.wakes += 1;
                    self.worker.queue.add(number);
                }
                nudge = nudges.recv(), if is_nudged => match nudge {
                    Some(number) => self.nudged(number),
                    None => is_nudged = false,
                },
                order = self.orders.recv(), if is_ordered => match order {
                    Some(order) => self.obey(order),
                    None => is_ordered = false,
                },
                Some(message) = self.drift.next() => self.see(message),
                () = alarm => self.worker.queue.ring(Instant::now()),
            }
        }
    }

    /// Takes in what a watch has brought of objects that were applied.
    fn see(&mut self, (about, news): (About, News)) {
        let number = about.number;
        let Some(delivery) = self.all.get_mut(&number) else { return };
        if let News::Trouble { code: 403, why } = &news
            && self.drift.is_first_refusal(&about)
        {
            let text = format!(
                "what others change of {}s is not noticed: {why}. Give Switchback the right to list and watch them, or \
                 say --drift ignore",
                about.kind
            );
            let repository = delivery.source.git.name();
            self.context.notify(Notice::Problem { repository, code: "DriftUnseen", text });
        }
        if let Some((key, seen)) = self.drift.read(about, news) {
            delivery.unseen.insert(key, seen);
        }
        self.look_at_drift(number);
    }

    /// Judges what was seen of the objects of a delivery, unless it is being reconciled or was cut short.
    fn look_at_drift(&mut self, number: usize) {
        let Some(delivery) = self.all.get_mut(&number) else { return };
        if delivery.is_mended()
            && let Some(state) = &mut delivery.state
        {
            state.stuck = None;
            self.worker.queue.add_at(number, Instant::now() + SETTLES);
        }
        let Some(state) = delivery.state.as_mut().filter(|s| s.verified && s.inventory.attempt().is_none())
        else {
            return;
        };
        let Some(inventory) = state.inventory.known() else { return };
        let mut seen = std::mem::take(&mut delivery.unseen);
        for about in self.drift.complete(number, &inventory.objects) {
            seen.entry(about).or_insert(Seen::Gone);
        }
        let (policy, mut is_due) = (delivery.source.drift, false);
        for (key, seen) in seen {
            is_due |= state.drift.see(inventory, &key, seen.object(), policy);
        }
        if is_due {
            self.worker.queue.add_at(number, Instant::now() + SETTLES);
        }
    }

    /// Does what is ordered. What is being reconciled is so to the end, and then becomes or ends as it was ordered to.
    fn obey(&mut self, order: Order) {
        match order {
            Order::Set(number, setting) => self.set(number, *setting),
            Order::End(number) => match self.all.get_mut(&number) {
                Some(delivery) if delivery.state.is_none() => delivery.ends = true,
                Some(_) => self.end(number),
                None => self.has_ended(number),
            },
            Order::Gate(number, gate) => {
                if let Some(delivery) = self.all.get_mut(&number) {
                    delivery.gate = gate;
                    self.worker.queue.add(number);
                }
            }
            Order::Moved(number) => self.nudged(number),
            Order::Reach(number, git) => {
                if let Some(delivery) = self.all.get_mut(&number) {
                    delivery.source.git = git;
                    delivery.is_renewed |= delivery.state.is_none();
                    self.nudged(number);
                }
            }
        }
    }

    /// The delivery of a number is this from now on. A new one begins when the controllers have told what they know.
    fn set(&mut self, number: usize, setting: Setting) {
        let Setting { source, cluster, interval, gate, edition } = setting;
        let context = Context { cluster, ..self.context.clone() };
        if let Some(delivery) = self.all.get_mut(&number) {
            (delivery.source, delivery.context, delivery.interval) = (source, context, interval);
            (delivery.edition, delivery.ends, delivery.away) = (edition, false, None);
            delivery.gate = gate;
            delivery.renew();
            self.worker.queue.add(number);
            return;
        }
        let (sender, facts) = FactsSender::new(source.name.clone(), number, self.wake.clone());
        let delivery = Delivery::new(source, context, interval, facts);
        self.all.insert(number, Delivery { edition, gate, ..delivery });
        let _they_have_ended = self.roster.send(Roster::Begins(sender));
    }

    /// A delivery ends that is not being reconciled.
    fn end(&mut self, number: usize) {
        let Some(delivery) = self.all.remove(&number) else { return };
        self.worker.queue.forget(&number);
        self.drift.follow(number, "", &BTreeMap::new(), &BTreeMap::new());
        self.context.metrics.delivery_is_gone(&delivery.source.name);
        self.note_workloads();
        let _they_have_ended = self.roster.send(Roster::Ends(number));
        self.has_ended(number);
    }

    /// Whoever ordered it to end hears that nothing is done by it any more.
    fn has_ended(&mut self, number: usize) {
        let _nobody_wants_to_know = self.told.send(Told::Ended(number));
    }

    fn note_workloads(&mut self) {
        let all = self.all.values().flat_map(|d| d.workloads.clone());
        self.workloads = Arc::new(all.collect());
    }

    /// Lets reconciles under way end until `deadline`.
    pub(crate) async fn wind_down(&mut self, deadline: Instant) {
        self.worker.wind_down(deadline).await;
    }

    /// A repository has moved, so that it is there again if it was away.
    fn nudged(&mut self, number: usize) {
        if let Some(away) = self.all.get_mut(&number).and_then(|d| d.away.as_mut()) {
            away.end_rest(Instant::now());
        }
        self.worker.queue.add(number);
    }

    fn dispatch(&mut self) {
        let now = Instant::now();
        while let Some(number) = self.worker.take() {
            let Some(delivery) = self.all.get_mut(&number) else {
                self.worker.forget(&number); // a nudge for none of ours
                continue;
            };
            let rests = delivery.away.as_ref().and_then(|a| a.rests(&*delivery.source.git, now));
            let has_drifted = delivery.state.as_ref().is_some_and(|state| !state.drift.due.is_empty());
            if let Some(until) = rests.filter(|_| !has_drifted) {
                self.worker.queue.done(&number);
                self.worker.queue.add_at(number, until);
                continue;
            }
            let (context, source, applied) =
                (delivery.context.clone(), delivery.source.clone(), self.applied.clone());
            let edition = delivery.edition;
            let mut state = delivery.state.take().unwrap_or_else(|| State::new(&source));
            state.gate.clone_from(&delivery.gate);
            let mut facts = delivery.facts.clone();
            self.worker.start(number, async move {
                let mut rollouts = Vec::new();
                let mut report = None;
                if rests.is_some() {
                    let known = facts.borrow().clone();
                    if let Err(error) = heal(&context, &source, &mut state, &known, &mut rollouts).await {
                        tracing::debug!(%error, "what others have changed could not be looked at");
                    }
                } else {
                    let mut whole = reconcile(&context, &source, &mut state, &mut facts).await;
                    rollouts = std::mem::take(&mut whole.more.rollouts);
                    report = Some(whole);
                }
                if !rollouts.is_empty() {
                    let (taken_in, waits) = oneshot::channel();
                    let _controllers_have_ended = applied.send(Applied { rollouts, taken_in }).await;
                    let _or_dropped = waits.await;
                }
                (state, report, edition)
            });
        }
    }

    fn take_up(&mut self, number: usize, end: End<Done>) {
        let now = Instant::now();
        self.passes += 1;
        let Some(delivery) = self.all.get_mut(&number) else { return };
        let queue = &mut self.worker.queue;
        let (mut state, report, edition) = match end {
            End::Done(done) => done,
            End::Panicked(words) => {
                let source = &delivery.source.name;
                tracing::error!(
                    source,
                    "a reconcile panicked: {words}; it is tried again. Please report this"
                );
                delivery.fare =
                    Fare::Waits(format!("a reconcile of {} panicked", delivery.source.git.name()));
                queue.failed(&number, now);
                return;
            }
        };
        let Some(report) = report else { return self.healed(number, state, now) };
        if edition == delivery.edition {
            let account = orders::account(&delivery.source, &state, &report, &mut delivery.digested);
            let account = Box::new(account);
            let _nobody_wants_to_know = self.told.send(Told::Came { number, edition, account });
        }
        let is_renewed = std::mem::take(&mut delivery.is_renewed);
        if is_renewed {
            delivery.digested = None;
            state.renew();
        }
        if delivery.ends {
            queue.done(&number);
            return self.end(number);
        }
        // How it was reached before says nothing of how it is reached now.
        delivery.away = report.result.as_ref().err().filter(|_| !is_renewed).and_then(|error| {
            let (git, chance) = (&*delivery.source.git, self.jitter.wrapping_add(number as u64));
            Away::after(delivery.away.as_ref(), error, git, delivery.interval, chance, now)
        });
        let look_again = delivery.away.as_ref().map(|away| away.look_at(now));
        match &report.result {
            Ok(_) => queue.done(&number),
            Err(DeliverError::Git(_)) => queue.done(&number),
            Err(error) if error.is_passing() => drop(queue.failed(&number, now)),
            Err(error) => {
                queue.done(&number);
                let stuck = state.stuck.as_ref().filter(|_| matches!(error, DeliverError::Stuck(_)));
                queue.add_at(number, stuck.map_or(now + HELD, |stuck| self.context.moment(stuck.until)));
            }
        }
        delivery.fare = fare(&delivery.source, &report);
        if let Some(inventory) =
            state.inventory.known().filter(|_| delivery.source.drift != DriftPolicy::Ignore)
        {
            self.drift.follow(number, &delivery.source.name, &inventory.objects, &state.drift.kinds);
        }
        let is_stalled = match &delivery.away {
            Some(away) => away.is_stalled(now),
            None => report.result.as_ref().is_err_and(|error| !error.may_pass()),
        };
        self.context.metrics.delivery(&delivery.source.name, is_stalled, state.held.len());
        let (applied, interval) = (state.inventory.workloads(), delivery.interval);
        delivery.state = Some(state);
        if let Some(wake) = report.more.wake {
            queue.add_at(number, self.context.moment(wake));
        }
        let retry_push = report.more.push_waits.then_some(HELD);
        match look_again {
            Some(look) => queue.add_at(number, look),
            None => {
                [interval, retry_push].into_iter().flatten().for_each(|wait| queue.add_at(number, now + wait))
            }
        }
        if let Some(applied) = applied.filter(|applied| *applied != delivery.workloads) {
            delivery.workloads = applied;
            self.note_workloads();
        }
        self.look_at_drift(number);
    }

    /// What others had changed was looked at while Git is left alone, and nothing else.
    fn healed(&mut self, number: usize, mut state: State, now: Instant) {
        let Some(delivery) = self.all.get_mut(&number) else { return };
        let queue = &mut self.worker.queue;
        match state.drift.due.is_empty() {
            true => queue.done(&number),
            false => drop(queue.failed(&number, now)),
        }
        if let Some(away) = &delivery.away {
            queue.add_at(number, away.look_at(now));
        }
        if std::mem::take(&mut delivery.is_renewed) {
            state.renew();
        }
        delivery.state = Some(state);
        match delivery.ends {
            true => self.end(number),
            false => self.look_at_drift(number),
        }
    }

    /// Tells the controllers how things stand.
    fn publish(&mut self) {
        let now = Standing {
            wakes: self.wakes,
            is_idle: self.worker.queue.is_idle(),
            passes: self.passes,
            fares: self.all.values().map(|d| d.fare.clone()).collect(),
            workloads: Arc::clone(&self.workloads),
        };
        self.standing.send_if_modified(|before| {
            let is_new = *before != now;
            *before = now;
            is_new
        });
    }
}

/// How a reconcile has ended, for whoever waits for its end.
fn fare(source: &Source, report: &DeliveryReport) -> Fare {
    let name = source.git.name();
    match &report.result {
        Err(error) if error.may_pass() => Fare::Waits(format!("{name}: {error}")),
        Err(_) => Fare::Ill,
        Ok(_) if report.more.is_held => Fare::Ill,
        Ok(_) if report.more.push_waits => Fare::Waits(format!("{name}: a revert waits to be pushed")),
        Ok(_) if report.more.wake.is_some() => {
            Fare::Waits(format!("{name}: its last commit is not judged yet"))
        }
        Ok(_) => Fare::Well,
    }
}
