//! Decides when this process may act on its cluster: while it holds the Lease, and while nobody else looks after the same
//! objects. Who may take a Lease is `logic::lease`; it never decides what is done meanwhile.

use crate::api::key::target_of;
use crate::api::names;
use crate::api::notice::Notice;
use crate::api::object_name::ObjectName;
use crate::api::write::{Target, Write};
use crate::base::duration::human;
use crate::engine::context::Context;
use crate::engine::rivals::{RivalWatches, Rivals, Sighting, seen};
use crate::logic::lease::{self, LeaseStep, Observed, Terms};
use crate::world::cluster::{Cluster, ClusterError, Mode};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// How long we stand back from a controller without a Lease, which nobody can tell the end of.
const STANDS_BACK: Duration = Duration::from_secs(300);
/// How long giving the Lease back may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// Beginning of the names of Leases of Argo Rollouts' controllers; an instance has its id after it (source:
/// argo-rollouts controller/controller.go, `leaderElectionLeaseLockName`).
pub const ARGO_LOCK: &str = "argo-rollouts-controller-lock";

/// How it is decided which of several processes acts.
#[derive(Clone, Debug)]
pub struct Election {
    /// The Lease.
    pub lease: ObjectName,
    /// Who we are in it; no other process is called so.
    pub identity: String,
    /// How long it lasts.
    pub terms: Terms,
    /// The delivery that this process makes, if the Lease is that of one.
    pub delivery: Option<String>,
    /// How other controllers of the same objects are known, while one of which lives we do not act; none to act anyway.
    pub rivals: Option<Rivals>,
}

/// Our part in an election.
pub(crate) struct Leadership {
    context: Context,
    election: Election,
    /// Makes writes whether we lead or not: those to the Lease.
    cluster: Cluster,
    began: Instant,
    observed: Option<Observed>,
    others: BTreeMap<ObjectName, Observed>,
    /// What people were told last of whom we wait for.
    told: Option<String>,
    /// Until when we lead unless the Lease is renewed.
    until: Instant,
    /// Other controllers that are seen at work without a Lease.
    sightings: watch::Receiver<Option<Sighting>>,
    /// Until when we stand back from one of those.
    stands_back: Instant,
}

impl Leadership {
    /// A part in `election`; from now on nothing is written to the cluster of `context` unless we lead.
    #[must_use]
    pub(crate) fn new(
        context: Context,
        election: Election,
        sightings: watch::Receiver<Option<Sighting>>,
    ) -> Self {
        context.cluster.gate().shut();
        let (cluster, now) = (context.cluster.ungated(), Instant::now());
        let (observed, others, told) = (None, BTreeMap::new(), None);
        let (until, stands_back) = (now, now);
        Self { context, election, cluster, began: now, observed, others, told, until, sightings, stands_back }
    }

    /// Ends when we lead.
    pub(crate) async fn acquire(&mut self) {
        sleep_until(self.stands_back).await;
        loop {
            let asked = Instant::now();
            let terms = self.election.terms;
            let attempt = async {
                match self.other().await {
                    Some(other) => Ok(Some(other)),
                    None => self.attempt().await,
                }
            };
            let waits_for = match timeout(terms.renew_within, attempt).await {
                Ok(Ok(None)) => {
                    self.lead_from(asked);
                    if self.told.take().is_some() {
                        let text = format!("it is our turn: we hold the Lease {}", self.election.lease);
                        self.context.notify(Notice::Waiting { text });
                    }
                    return;
                }
                Ok(Ok(Some(holder))) => holder,
                Ok(Err(error)) => self.cannot(&error.to_string()),
                Err(_) => self.cannot("the cluster does not answer"),
            };
            self.tell(waits_for);
            sleep_until(asked + terms.every).await;
        }
    }

    /// Keeps the Lease, and ends when we lead no more: nothing is written from that moment on.
    pub(crate) async fn lost(&mut self) {
        let mut rivals = RivalWatches::new(&self.cluster, self.election.rivals.as_ref());
        self.sightings.mark_unchanged(); // what was seen in the turn before is not seen now
        loop {
            let turn = (Instant::now() + self.election.terms.every).min(self.until);
            if let Some(rival) = self.comes_before(turn, &mut rivals).await {
                self.context.cluster.gate().shut();
                self.tell(rival);
                return;
            }
            let asked = Instant::now();
            let why = match timeout_at(self.until, self.attempt()).await {
                Ok(Ok(None)) => {
                    self.lead_from(asked);
                    None
                }
                Ok(Ok(Some(holder))) => Some(holder),
                Ok(Err(error)) if Instant::now() >= self.until => Some(self.cannot(&error.to_string())),
                Ok(Err(error)) => {
                    tracing::warn!(lease = %self.election.lease, %error, "the Lease is not renewed; it is tried again");
                    None
                }
                Err(_) => Some(self.cannot("the cluster does not answer")),
            };
            if let Some(why) = why {
                self.context.cluster.gate().shut();
                self.tell(why);
                return;
            }
        }
    }

    /// In words, another controller that has come before `turn`.
    async fn comes_before(&mut self, turn: Instant, rivals: &mut RivalWatches) -> Option<String> {
        loop {
            let lease = tokio::select! {
                lease = rivals.next() => lease,
                sighting = seen(&mut self.sightings) => return Some(self.stand_back(&sighting)),
                () = sleep_until(turn) => return None,
            };
            let rival = self.rival(lease);
            if rival.is_some() {
                return rival;
            }
        }
    }

    /// Nothing is done for a while, as another controller is at work that has no Lease; answers why, in words.
    fn stand_back(&mut self, sighting: &Sighting) -> String {
        self.stands_back = Instant::now() + STANDS_BACK;
        format!(
            "another controller of Rollouts acts on this cluster, without a Lease: {} wrote the status of Rollout {} at {}; \
             nothing is done here for {}. Stop it, give each its Rollouts with --instance-id, or pass --take-over",
            names::ARGO_FIELD_MANAGER,
            sighting.rollout,
            sighting.at,
            human(STANDS_BACK)
        )
    }

    /// Gives the Lease back, so that the next one acts at once.
    pub(crate) async fn release(&mut self) {
        self.context.cluster.gate().shut();
        let goodbye = async {
            for _ in 0..2 {
                let at = self.context.clock.now();
                let me = &self.election.identity;
                let Some(free) = self.observed.as_ref().and_then(|o| lease::released(o, me, at)) else {
                    return;
                };
                match self.cluster.replace(&free).await {
                    Err(error) if error.is_conflict() => drop(self.look().await),
                    _ => return,
                }
            }
        };
        let _it_runs_out_by_itself = timeout(GOODBYE, goodbye).await;
        self.observed = None;
    }

    fn lead_from(&mut self, asked: Instant) {
        self.until = asked + self.election.terms.renew_within;
        self.context.cluster.gate().open_until(self.until);
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Tries once to take or to renew the Lease; answers in words who holds it if it is not ours.
    async fn attempt(&mut self) -> Result<Option<String>, ClusterError> {
        let is_ours = self.observed.as_ref().is_some_and(|o| o.is_of(&self.election.identity));
        if !is_ours {
            self.look().await?;
        }
        let (name, me, terms) = (&self.election.lease, &self.election.identity, &self.election.terms);
        let (now, at) = (self.now(), self.context.clock.now());
        let labelled = |mut object: Value| {
            self.election.delivery.iter().for_each(|source| lease::label(&mut object, source));
            object
        };
        let object = match lease::step(name, me, terms, self.observed.as_ref(), now, at) {
            LeaseStep::Wait { holder } => {
                return Ok(Some(format!(
                    "{holder} holds the Lease {name}; nothing is done here until it gives it back or ends"
                )));
            }
            LeaseStep::Create(object) => {
                let object = labelled(object);
                let made = self.cluster.perform(&Write::Create { object }, Mode::Plain).await;
                made.map(Option::unwrap_or_default)
            }
            LeaseStep::Replace(object) => self.cluster.replace(&labelled(object)).await,
        };
        match object {
            Ok(object) => {
                self.observed = Some(Observed::update(self.observed.take(), object, now));
                Ok(None)
            }
            Err(error) => {
                self.observed = self.observed.take().filter(|o| !o.is_of(&self.election.identity));
                Err(error)
            }
        }
    }

    /// Reads the Lease.
    async fn look(&mut self) -> Result<(), ClusterError> {
        let found = self.cluster.get(&target(&self.election.lease)).await?;
        let now = self.now();
        self.observed = found.map(|object| Observed::update(self.observed.take(), object, now));
        Ok(())
    }

    /// In words, another controller that looks after the same objects now.
    async fn other(&mut self) -> Option<String> {
        self.locks().await.into_iter().find_map(|lease| self.rival(lease))
    }

    /// In words, the controller that holds `lease`, if it is another one and lives.
    fn rival(&mut self, lease: Value) -> Option<String> {
        let (name, now) = (name_of(&lease), self.now());
        if name == self.election.lease {
            return None;
        }
        let observed = Observed::update(self.others.remove(&name), lease, now);
        let rival = observed.is_live(now).then(|| {
            format!(
                "another controller of Rollouts runs on this cluster: {} holds the Lease {name}; nothing is done here \
                 while it does. Stop it, give each its Rollouts with --instance-id, or pass --take-over",
                observed.holder()
            )
        });
        self.others.insert(name, observed);
        rival
    }

    /// The Leases of other controllers, as far as we may see them.
    async fn locks(&self) -> Vec<Value> {
        let Some(rivals) = &self.election.rivals else { return Vec::new() };
        if rivals.everywhere
            && let Ok(kind) = self.cluster.kind(lease::API, "Lease").await
            && let Ok(found) = self.cluster.called(&kind, &rivals.lock).await
        {
            return found;
        }
        let mut found = Vec::new();
        for namespace in &rivals.namespaces {
            // Without the right to see it nothing can be told, and nobody could help.
            let lock = ObjectName::new(namespace, &rivals.lock);
            found.extend(self.cluster.get(&target(&lock)).await.ok().flatten());
        }
        found
    }

    fn cannot(&self, why: &str) -> String {
        format!(
            "the Lease {} cannot be held: {why}; give Switchback the right to get, create and update it, or pass \
             --leader-elect=false where nobody else acts",
            self.election.lease
        )
    }

    fn tell(&mut self, text: String) {
        if self.told.as_ref() != Some(&text) {
            self.told = Some(text.clone());
            self.context.notify(Notice::Problem { repository: String::new(), code: "StandingBy", text });
        }
    }
}

fn name_of(object: &Value) -> ObjectName {
    let target = target_of(object);
    ObjectName::new(target.namespace, target.name)
}

fn target(name: &ObjectName) -> Target {
    Target::new(lease::API, "Lease", &name.namespace, &name.name)
}
