//! Decides the order of things between Deliveries that are objects and the deliveries of the engine: what they ask for
//! becomes orders, what came of it becomes their status. It never reconciles one.

use crate::api::delivery::{self, DeliveryReason};
use crate::api::kinds;
use crate::api::notice::Notice;
use crate::api::object::Object;
use crate::api::object_name::ObjectName;
use crate::api::watch::News;
use crate::engine::context::Context;
use crate::engine::delivery::{Helm, Order, Setting, Source, Told};
use crate::engine::operator::repositories::Repositories;
use crate::engine::operator::row::{Begun, Row};
use crate::engine::operator::secrets::{SecretContent, Secrets};
use crate::engine::operator::terms::DeliveryObjects;
use crate::engine::operator::write;
use crate::engine::setup::GitCredentials;
use crate::logic::delivery::account::{Account, DeliveryStanding};
use crate::logic::delivery::order::{self, Node, Waits};
use crate::logic::delivery::spec::{BadSpec, Wanted, inventory_name};
use crate::logic::delivery::{events, status};
use crate::world::cluster::watch::{Interest, follow};
use crate::world::git::{Author, GitError, Mirror, watch_local};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// Messages of the watch waiting at most.
const WAITING: usize = 256;
/// Wait after a repository of this machine could not be listened to.
const LISTEN_AGAIN: Duration = Duration::from_secs(10);

/// Deliveries that are objects of one cluster.
pub(crate) struct Operator {
    context: Context,
    terms: DeliveryObjects,
    helm: Helm,
    news: mpsc::Receiver<News>,
    tasks: JoinSet<()>,
    rows: BTreeMap<ObjectName, Row>,
    /// Those that a list under way has brought.
    listed: Option<BTreeSet<ObjectName>>,
    /// Whether all of them are known.
    is_whole: bool,
    is_troubled: bool,
    /// The numbers of their deliveries. One that comes again has the same, so that never two reconcile the same.
    numbers: BTreeMap<ObjectName, usize>,
    secrets: Secrets,
    repositories: Repositories,
    writes: JoinSet<(ObjectName, Option<delivery::DeliveryStatus>)>,
    edition: u64,
}

/// What a Delivery comes to before anything is reconciled.
enum Intent {
    /// It is delivered, with these credentials of the Secret it names.
    Begin(Box<Wanted>, Option<(ObjectName, GitCredentials, u64)>),
    /// It is not.
    Stay(DeliveryStanding),
    /// Nobody can say yet.
    Unknown,
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
            tasks.spawn(follow(client.clone(), interest, sender, delivery::KIND, |news: News<Object>| {
                news.map(|object| object.0)
            }));
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
        self.settle_dependents();
    }

    /// Ends what was begun of a Delivery.
    fn end(&mut self, name: &ObjectName) {
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
        self.settle_dependents();
    }

    /// Settles those that wait for others.
    fn settle_dependents(&mut self) {
        let waits = |row: &Row| {
            let depends = row.spec.as_ref().is_ok_and(|spec| !spec.depends_on.is_empty());
            depends && row.admitted != Some(row.generation)
        };
        let all: Vec<_> = self.rows.iter().filter(|(_, r)| waits(r)).map(|(name, _)| name.clone()).collect();
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

    /// Makes of a Delivery what it asks for.
    fn settle(&mut self, name: &ObjectName) {
        if !self.is_whole {
            return;
        }
        match self.intent(name) {
            Intent::Unknown => {}
            Intent::Stay(standing) => self.stay(name, standing),
            Intent::Begin(wanted, secret) => {
                if let Some(standing) = self.begin(name, *wanted, secret) {
                    self.stay(name, standing);
                }
            }
        }
    }

    /// A Delivery is not delivered for now.
    fn stay(&mut self, name: &ObjectName, standing: DeliveryStanding) {
        self.end(name);
        if let Some(row) = self.rows.get_mut(name) {
            let requested = row.requested.clone();
            row.account = Some(Account::of(standing));
            self.say(name, &requested);
        }
    }

    /// What a Delivery comes to.
    fn intent(&mut self, name: &ObjectName) -> Intent {
        let stuck = |reason, message: String| Intent::Stay(DeliveryStanding::Stuck { reason, message });
        let invalid = |message| stuck(DeliveryReason::InvalidSpec, message);
        let Some(row) = self.rows.get(name) else { return Intent::Unknown };
        if row.is_going {
            self.end(name);
            return Intent::Unknown;
        }
        let spec = match &row.spec {
            Ok(spec) if spec.suspend => return Intent::Stay(DeliveryStanding::Suspended),
            Ok(spec) => spec,
            Err(why) => return invalid(format!("it cannot be read: {why}; correct its spec")),
        };
        let mut wanted = match Wanted::of(name, spec) {
            Ok(wanted) => wanted,
            Err(error) => return invalid(BadSpec::to_string(&error)),
        };
        wanted.account = wanted.account.or_else(|| self.terms.default_account.clone());
        if row.admitted != Some(row.generation) {
            match order::waits(&self.nodes(), name) {
                None => {}
                Some(cycle @ Waits::Cycle(_)) => {
                    return stuck(DeliveryReason::DependencyCycle, cycle.to_string());
                }
                Some(waits) => {
                    let (reason, message) = (DeliveryReason::DependencyNotReady, waits.to_string());
                    return Intent::Stay(DeliveryStanding::Passing { reason, message });
                }
            }
        }
        let Some(secret) = wanted.secret.clone() else { return Intent::Begin(Box::new(wanted), None) };
        let secret = ObjectName::new(name.namespace.clone(), secret);
        match self.secrets.held(&secret) {
            SecretContent::Unknown => Intent::Unknown,
            SecretContent::These(credentials, number) => {
                Intent::Begin(Box::new(wanted), Some((secret, credentials, number)))
            }
            SecretContent::Nothing => stuck(
                DeliveryReason::NoCredentials,
                format!(
                    "Secret {secret} holds no credentials or is not there; make it: kubectl -n {} create secret generic \
                     {} --from-file=token (or username and password, or ssh-privatekey)",
                    secret.namespace, secret.name
                ),
            ),
            SecretContent::Refused(why) => stuck(
                DeliveryReason::NoCredentials,
                format!(
                    "Secret {secret} cannot be read: {why}; give Switchback the right to get, list and watch Secrets in \
                     namespace {}",
                    secret.namespace
                ),
            ),
        }
    }

    /// What counts of each Delivery for those that wait for it.
    fn nodes(&self) -> BTreeMap<ObjectName, Node> {
        let node = |(name, row): (&ObjectName, &Row)| {
            let depends_on =
                row.spec.as_ref().map_or_else(|_| Vec::new(), |spec| order::named(name, &spec.depends_on));
            (name.clone(), Node { depends_on, is_ready: row.status.is_ready(row.generation) })
        };
        self.rows.iter().map(node).collect()
    }

    /// Orders a Delivery to be delivered, unless it is already; answers why it cannot be.
    fn begin(
        &mut self,
        name: &ObjectName,
        wanted: Wanted,
        secret: Option<(ObjectName, GitCredentials, u64)>,
    ) -> Option<DeliveryStanding> {
        let shown = secret.as_ref().map(|(name, credentials, number)| (name, credentials, *number));
        let invalid =
            |message| Some(DeliveryStanding::Stuck { reason: DeliveryReason::InvalidSpec, message });
        let git = match self.repositories.open(&wanted.url, &wanted.branch, shown) {
            Ok(git) if git.is_local() && !self.terms.local => {
                return invalid(
                    "spec.repository is on the machine of Switchback itself; write the URL of a repository (or run it \
                     with --local-repositories)"
                        .to_owned(),
                );
            }
            Ok(git) => git,
            Err(error) => return invalid(GitError::to_string(&error)),
        };
        let credentials = secret.map_or(0, |(_, _, number)| number);
        let number = *self.numbers.entry(name.clone()).or_insert_with(|| {
            self.helm.free += 1;
            self.helm.free - 1
        });
        let row = self.rows.get_mut(name)?;
        row.admitted = Some(row.generation);
        if let Some(begun) = &mut row.begun
            && begun.wanted == wanted
            && begun.answers == row.requested
        {
            if begun.credentials != credentials {
                begun.credentials = credentials;
                let _it_has_ended = self.helm.orders.send(Order::Reach(number, git));
            }
            let requested = row.requested.clone();
            self.say(name, &requested); // of another generation, it may be
            return None;
        }
        self.edition += 1;
        let edition = self.edition;
        if let Some(ears) = row.begun.take().and_then(|begun| begun.ears) {
            ears.abort();
        }
        row.account = None;
        let answers = row.requested.clone();
        let setting = self.setting(name, &wanted, Arc::clone(&git), edition);
        let _it_has_ended = self.helm.orders.send(Order::Set(number, Box::new(setting)));
        let ears = git.is_local().then(|| self.listen(number, &wanted));
        if let Some(row) = self.rows.get_mut(name) {
            row.begun = Some(Begun { wanted, edition, credentials, answers, ears });
        }
        None
    }

    /// What the engine is told of a Delivery.
    fn setting(&self, name: &ObjectName, wanted: &Wanted, git: Arc<Mirror>, edition: u64) -> Setting {
        let (author, email) = self.terms.author.clone();
        let source = Source {
            git,
            path: wanted.path.clone(),
            branch: wanted.branch.clone(),
            namespace: wanted.namespace.clone(),
            home: name.namespace.clone(),
            name: inventory_name(name),
            seed: None,
            keeps: wanted.keeps,
            rollback: wanted.rollback,
            rollback_on: wanted.rollback_on.clone(),
            drift: wanted.drift,
            config: wanted.config,
            author: Author { name: author, email },
        };
        let cluster = match &wanted.account {
            Some(account) => self.context.cluster.acting_as(&name.namespace, account),
            None => self.context.cluster.clone(),
        };
        let interval = Some(wanted.interval.unwrap_or(self.terms.interval));
        Setting { source, cluster, interval, edition }
    }

    /// Orders the delivery of a number to look whenever its repository moves, which is on this machine.
    fn listen(&mut self, number: usize, wanted: &Wanted) -> AbortHandle {
        let (url, branch, orders) = (wanted.url.clone(), wanted.branch.clone(), self.helm.orders.clone());
        while self.tasks.try_join_next().is_some() {} // those that were ended
        self.tasks.spawn(async move {
            loop {
                if let Ok(mut watch) = watch_local(&url, &branch).await {
                    while watch.moved().await.is_ok() {
                        if orders.send(Order::Moved(number)).is_err() {
                            return;
                        }
                    }
                }
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        })
    }

    /// A reconcile has come to something.
    fn told(&mut self, told: Told) {
        let is_of = |row: &Row| row.begun.as_ref().is_some_and(|begun| begun.edition == told.edition);
        let is_numbered = |name: &ObjectName| self.numbers.get(name) == Some(&told.number);
        let found = self.rows.iter_mut().find(|(name, row)| is_numbered(name) && is_of(row));
        let Some((name, row)) = found else { return }; // it is something else by now
        row.account = Some(told.account);
        let answers = row.begun.as_ref().map_or_else(String::new, |begun| begun.answers.clone());
        let name = name.clone();
        self.say(&name, &answers);
        self.settle_dependents();
    }

    /// Says how a Delivery stands, in its status and by events, where that has changed; `answered` is the request that
    /// was answered by it.
    fn say(&mut self, name: &ObjectName, answered: &str) {
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
