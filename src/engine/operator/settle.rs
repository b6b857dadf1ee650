//! Decides what each Delivery comes to: it is delivered, waits, or cannot be; and orders it from the engine.
//! It never hears what comes of that.

use crate::api::delivery::{self, DeliveryReason};
use crate::api::meta::Owner;
use crate::api::object_name::ObjectName;
use crate::engine::delivery::{Order, Setting, Source};
use crate::engine::operator::row::{Begun, Row};
use crate::engine::operator::run::Operator;
use crate::engine::operator::secrets::SecretContent;
use crate::engine::setup::GitCredentials;
use crate::logic::delivery::account::{Account, DeliveryStanding};
use crate::logic::delivery::order::{self, Gate, Node, Waits};
use crate::logic::delivery::spec::{BadSpec, Wanted, inventory_name};
use crate::world::git::{Author, GitError, Mirror, watch_local};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// Wait after a repository of this machine could not be listened to.
const LISTEN_AGAIN: Duration = Duration::from_secs(10);

/// What a Delivery comes to before anything is reconciled.
enum Intent {
    /// It is delivered, with these credentials of the Secret it names.
    Begin(Box<Wanted>, Option<(ObjectName, GitCredentials, u64)>),
    /// It is not.
    Stay(DeliveryStanding),
    /// Somebody has deleted it.
    Goes,
    /// Nobody can say yet.
    Unknown,
}

/// How one stands that waits for others.
fn waiting(waits: &Waits) -> DeliveryStanding {
    let (reason, message) = (waits.reason(), waits.to_string());
    match waits.may_pass() {
        true => DeliveryStanding::Passing { reason, message },
        false => DeliveryStanding::Stuck { reason, message },
    }
}

impl Operator {
    /// Makes of a Delivery what it asks for.
    pub(super) fn settle(&mut self, name: &ObjectName) {
        if !self.is_whole {
            return;
        }
        match self.intent(name) {
            Intent::Unknown => {}
            Intent::Stay(standing) => self.stay(name, standing),
            Intent::Goes => self.goes(name),
            Intent::Begin(wanted, secret) if self.is_guarded(name) => {
                if let Some(standing) = self.begin(name, *wanted, secret) {
                    self.stay(name, standing);
                }
            }
            Intent::Begin(..) => {} // not before its objects are sure to go with it
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
            return Intent::Goes;
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
        // What was applied once is looked after; only its new commits wait.
        let is_new = row.status.last_applied_commit.is_empty();
        if let Some(waits) = self.waits(name).filter(|_| is_new) {
            return Intent::Stay(waiting(&waits));
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

    /// What a Delivery waits for; nothing when it depends on none.
    fn waits(&self, name: &ObjectName) -> Option<Waits> {
        let depends = |row: &Row| row.spec.as_ref().is_ok_and(|spec| !spec.depends_on.is_empty());
        self.rows.get(name).filter(|row| depends(row))?;
        order::waits(&self.nodes(), name)
    }

    /// What new commits of a Delivery wait for.
    fn gate(&self, name: &ObjectName, wanted: &Wanted) -> Gate {
        let Some(row) = self.rows.get(name) else { return Gate::default() };
        let depends_on = row.spec.as_ref().map_or(&[][..], |spec| &spec.depends_on);
        let beside = order::named(name, depends_on).into_iter().filter_map(|other| {
            let row = self.rows.get(&other)?;
            let theirs = &row.begun.as_ref()?.wanted;
            let is_beside = theirs.url == wanted.url && theirs.branch == wanted.branch;
            is_beside.then(|| (other, row.status.last_applied_commit.clone()))
        });
        let beside = beside.collect();
        Gate { waits: self.waits(name), beside, is_admitted: row.admitted == Some(row.generation) }
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
        let mut gate = self.gate(name, &wanted);
        let row = self.rows.get_mut(name)?;
        if gate.waits.is_none() {
            (row.admitted, gate.is_admitted) = (Some(row.generation), true);
        }
        if let Some(begun) = &mut row.begun
            && begun.wanted == wanted
            && begun.answers == row.requested
        {
            if begun.credentials != credentials {
                begun.credentials = credentials;
                let _it_has_ended = self.helm.orders.send(Order::Reach(number, git));
            }
            if begun.gate != gate {
                begun.gate.clone_from(&gate);
                let _it_has_ended = self.helm.orders.send(Order::Gate(number, gate));
            }
            let requested = row.requested.clone();
            if let Some(waits) = row.begun.as_ref().and_then(|begun| begun.gate.keeps("", "")) {
                row.account = Some(Account::of(waiting(&waits)));
            }
            self.say(name, &requested); // of another generation, it may be
            return None;
        }
        self.edition += 1;
        let edition = self.edition;
        if let Some(ears) = row.begun.take().and_then(|begun| begun.ears) {
            ears.abort();
        }
        row.account = None;
        if row.status.conditions.is_empty() {
            let (reason, message) = (DeliveryReason::Pending, "its repository is asked for the first time");
            let message = message.to_owned();
            row.account = Some(Account::of(DeliveryStanding::Passing { reason, message }));
        }
        let (answers, uid) = (row.requested.clone(), row.uid.clone());
        let owner = Owner {
            api_version: delivery::VERSION.to_owned(),
            kind: delivery::KIND.to_owned(),
            name: name.name.clone(),
            uid,
            ..Owner::default()
        };
        let setting = self.setting(name, &wanted, Arc::clone(&git), owner);
        let setting = Setting { gate: gate.clone(), edition, ..setting };
        let _it_has_ended = self.helm.orders.send(Order::Set(number, Box::new(setting)));
        let ears = git.is_local().then(|| self.listen(number, &wanted));
        if let Some(row) = self.rows.get_mut(name) {
            row.begun = Some(Begun { wanted, edition, credentials, answers, gate, ears });
        }
        self.say_again(name);
        None
    }

    /// What the engine is told of a Delivery.
    fn setting(&self, name: &ObjectName, wanted: &Wanted, git: Arc<Mirror>, owner: Owner) -> Setting {
        let (author, email) = self.terms.author.clone();
        let source = Source {
            git,
            path: wanted.path.clone(),
            branch: wanted.branch.clone(),
            namespace: wanted.namespace.clone(),
            home: name.namespace.clone(),
            name: inventory_name(name),
            owner: Some(owner),
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
        Setting { source, cluster, interval, gate: Gate::default(), edition: 0 }
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
}
