//! Decides the order of things between Deliveries that are objects and the deliveries of the engine: what they ask for
//! becomes orders, what came of it becomes their status. It never reconciles one.

use crate::api::delivery::{self, DeliveryReason};
use crate::api::kinds;
use crate::api::notice::Notice;
use crate::api::object_name::ObjectName;
use crate::api::watch::News;
use crate::engine::context::Context;
use crate::engine::delivery::{Helm, Order, Told};
use crate::engine::operator::repositories::Repositories;
use crate::engine::operator::row::{Guarded, Parted, Row};
use crate::engine::operator::secrets::Secrets;
use crate::engine::operator::terms::DeliveryObjects;
use crate::engine::operator::write;
use crate::logic::delivery::account::{Account, DeliveryStanding};
use crate::logic::delivery::{events, order, status};
use crate::world::cluster::watch::{Interest, follow};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Messages of the watch waiting at most.
const WAITING: usize = 256;

/// Deliveries that are objects of one cluster.
pub(crate) struct Operator {
    pub(super) context: Context,
    pub(super) terms: DeliveryObjects,
    pub(super) helm: Helm,
    news: mpsc::Receiver<News>,
    pub(super) tasks: JoinSet<()>,
    pub(super) rows: BTreeMap<ObjectName, Row>,
    /// Those that a list under way has brought.
    listed: Option<BTreeSet<ObjectName>>,
    /// Whether all of them are known.
    pub(super) is_whole: bool,
    is_troubled: bool,
    /// The numbers of their deliveries. One that comes again has the same, so that never two reconcile the same.
    pub(super) numbers: BTreeMap<ObjectName, usize>,
    pub(super) secrets: Secrets,
    pub(super) repositories: Repositories,
    writes: JoinSet<(ObjectName, Option<delivery::DeliveryStatus>)>,
    pub(super) guards: JoinSet<Guarded>,
    pub(super) partings: JoinSet<Parted>,
    pub(super) edition: u64,
}

impl Operator {
    /// Starts to follow the Deliveries of `namespace`, or of all.
    #[must_use]
    pub(crate) fn new(
        context: Context,
        terms: DeliveryObjects,
        namespace: Option<String>,
        helm: Helm,
    ) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        let (client, mut tasks) = (context.cluster.client(), JoinSet::new());
        if let Some(kind) = kinds::find(delivery::VERSION, delivery::KIND) {
            let interest = Interest { kind, namespace, labels: String::new(), name: String::new() };
            tasks.spawn(follow(client.clone(), interest, sender, delivery::KIND, |news| news));
        }
        Self {
            secrets: Secrets::new(client),
            repositories: Repositories::new(terms.cache.clone()),
            context,
            terms,
            helm,
            news,
            tasks,
            rows: BTreeMap::new(),
            listed: None,
            is_whole: false,
            is_troubled: false,
            numbers: BTreeMap::new(),
            writes: JoinSet::new(),
            guards: JoinSet::new(),
            partings: JoinSet::new(),
            edition: 0,
        }
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(&mut self) {
        let mut pulse = self.context.vitals.pulse("operator");
        loop {
            tokio::select! {
                biased;
                () = pulse.beat() => {}
                Some(written) = self.writes.join_next() => {
                    if let Ok((name, stored)) = written {
                        self.written(&name, stored);
                    }
                }
                Some(guarded) = self.guards.join_next() => {
                    if let Ok(guarded) = guarded {
                        self.guarded(guarded);
                    }
                }
                Some(parted) = self.partings.join_next() => {
                    if let Ok(parted) = parted {
                        self.parted(parted);
                    }
                }
                Some(told) = self.helm.told.recv() => self.told(told),
                Some(news) = self.news.recv() => self.take_in(news),
                Some(secret) = self.secrets.changed() => self.secret_changed(&secret),
            }
        }
    }

    /// Lets writes under way end until `deadline`.
    pub(crate) async fn wind_down(&mut self, deadline: Instant) {
        let all = async { while self.writes.join_next().await.is_some() {} };
        let _in_time = tokio::time::timeout_at(deadline, all).await;
        self.writes.abort_all();
    }

    fn take_in(&mut self, news: News) {
        match news {
            News::Present(object) => {
                let (name, row) = Row::of(&object);
                if let Some(listed) = &mut self.listed {
                    listed.insert(name.clone());
                }
                match self.rows.get_mut(&name) {
                    Some(known) if known.uid == row.uid => known.take_in(row),
                    _ => {
                        self.end(&name);
                        self.rows.insert(name.clone(), row);
                    }
                }
                self.settle_with_others(&name);
            }
            News::Gone(object) => self.gone(&Row::of(&object).0),
            News::ListBegins => self.listed = Some(BTreeSet::new()),
            News::ListEnds => {
                let listed = self.listed.take().unwrap_or_default();
                let gone: Vec<_> = self.rows.keys().filter(|n| !listed.contains(*n)).cloned().collect();
                gone.iter().for_each(|name| self.gone(name));
                (self.is_whole, self.is_troubled) = (true, false);
                let all: Vec<_> = self.rows.keys().cloned().collect();
                all.iter().for_each(|name| self.settle(name));
            }
            News::Trouble { code, why } => self.report_trouble(code, &why),
        }
    }

    fn report_trouble(&mut self, code: u16, why: &str) {
        if std::mem::replace(&mut self.is_troubled, true) {
            return;
        }
        let advice = match code {
            404 => "; install the definitions with: switchback install-crds",
            403 => "; give Switchback the right to list and watch them",
            _ => "",
        };
        let text = format!("Deliveries cannot be watched: {why}{advice}");
        self.context.notify(Notice::Problem { repository: String::new(), code: "CannotWatch", text });
    }

    fn gone(&mut self, name: &ObjectName) {
        self.end(name);
        self.rows.remove(name);
        self.follow_secrets();
        self.settle_dependents(None);
    }

    /// Ends what was begun of a Delivery.
    pub(super) fn end(&mut self, name: &ObjectName) {
        let begun = self.rows.get_mut(name).and_then(|row| row.begun.take());
        let Some(begun) = begun else { return };
        if let Some(ears) = begun.ears {
            ears.abort();
        }
        if let Some(number) = self.numbers.get(name) {
            let _it_has_ended = self.helm.orders.send(Order::End(*number));
        }
    }

    fn settle_with_others(&mut self, name: &ObjectName) {
        self.settle(name);
        self.follow_secrets();
        self.settle_dependents(None);
    }

    /// Settles those that depend on others: all of them, or on this one.
    fn settle_dependents(&mut self, on: Option<&ObjectName>) {
        let depends = |(name, row): (&ObjectName, &Row)| {
            let named = order::named(name, &row.spec.as_ref().ok()?.depends_on);
            let is_so = on.map_or(!named.is_empty(), |on| named.contains(on));
            is_so.then(|| name.clone())
        };
        let all: Vec<_> = self.rows.iter().filter_map(depends).collect();
        all.iter().for_each(|name| self.settle(name));
    }

    fn secret_changed(&mut self, secret: &ObjectName) {
        let names = |(name, row): (&ObjectName, &Row)| {
            let spec = row.spec.as_ref().ok()?;
            let named = spec.secret_ref.as_ref()?;
            (name.namespace == secret.namespace && named.name == secret.name).then(|| name.clone())
        };
        let all: Vec<_> = self.rows.iter().filter_map(names).collect();
        all.iter().for_each(|name| self.settle(name));
    }

    /// Follows the Secrets that Deliveries name, and no others any more.
    fn follow_secrets(&mut self) {
        let named = self.rows.iter().filter_map(|(name, row)| {
            let secret = row.spec.as_ref().ok()?.secret_ref.as_ref()?;
            Some(ObjectName::new(name.namespace.clone(), secret.name.clone()))
        });
        self.secrets.only(&named.collect());
    }

    /// A reconcile has come to something, or a delivery to its end.
    fn told(&mut self, told: Told) {
        let (number, edition, account) = match told {
            Told::Came { number, edition, account } => (number, edition, *account),
            Told::Ended(number) => return self.ended(number),
        };
        let is_of = |row: &Row| row.begun.as_ref().is_some_and(|begun| begun.edition == edition);
        let is_numbered = |name: &ObjectName| self.numbers.get(name) == Some(&number);
        let found = self.rows.iter().find(|(name, row)| is_numbered(name) && is_of(row));
        let Some((name, _)) = found else { return }; // it is something else by now
        let name = name.clone();
        self.hurry(&name, &account);
        let Some(row) = self.rows.get_mut(&name) else { return };
        row.account = Some(account);
        let answers = row.begun.as_ref().map_or_else(String::new, |begun| begun.answers.clone());
        self.say(&name, &answers);
        self.settle_dependents(Some(&name));
    }

    /// Has those looked at that a Delivery waits for because they have not applied its commit yet.
    fn hurry(&self, name: &ObjectName, account: &Account) {
        let waits = |s: &DeliveryStanding| {
            matches!(s, DeliveryStanding::Passing { reason: DeliveryReason::DependencyNotReady, .. })
        };
        let begun = self.rows.get(name).and_then(|row| row.begun.as_ref());
        let Some((begun, head)) = begun.zip(account.head.as_ref()).filter(|_| waits(&account.standing))
        else {
            return;
        };
        for number in begun.gate.behind(head).filter_map(|other| self.numbers.get(other)) {
            let _it_has_ended = self.helm.orders.send(Order::Moved(*number));
        }
    }

    /// Says how a Delivery stands as of its present generation; nothing new was answered by it.
    pub(super) fn say_again(&mut self, name: &ObjectName) {
        let answered = self.rows.get(name).map(|row| row.status.last_handled_request.clone());
        self.say(name, &answered.unwrap_or_default());
    }

    /// Says how a Delivery stands, in its status and by events, where that has changed; `answered` is the request that
    /// was answered by it.
    pub(super) fn say(&mut self, name: &ObjectName, answered: &str) {
        let Some(row) = self.rows.get_mut(name) else { return };
        let Some(account) = &row.account else { return };
        let mut next = status::after(&row.status, account, row.generation, self.context.clock.now());
        answered.clone_into(&mut next.last_handled_request);
        let events = events::between(&row.status, &next);
        if !events.is_empty() {
            self.context.events_about(&write::target(name), &row.uid, events);
        }
        row.status = next;
        self.write(name);
    }

    /// Writes the status of a Delivery, if it is another than the one that is there.
    fn write(&mut self, name: &ObjectName) {
        let Some(row) = self.rows.get_mut(name).filter(|r| !r.is_writing && r.status != r.stored) else {
            return;
        };
        row.is_writing = true;
        let (old, new, cluster) = (row.stored.clone(), row.status.clone(), self.context.cluster.clone());
        self.writes.spawn(write::status(cluster, name.clone(), old, new));
    }

    fn written(&mut self, name: &ObjectName, stored: Option<delivery::DeliveryStatus>) {
        let Some(row) = self.rows.get_mut(name) else { return };
        row.is_writing = false;
        if let Some(stored) = stored {
            row.stored = stored;
        }
        self.write(name);
    }
}
