//! Decides when an engine that runs only once has ended, and what is said of what it waits for. Only here are workloads
//! other than Rollouts looked at, and only with `once`; it never changes one.

use crate::api::key::Key;
use crate::api::kinds;
use crate::api::notice::Notice;
use crate::base::duration::human;
use crate::base::json::text;
use crate::engine::context::Context;
use crate::engine::delivery::Standing;
use crate::logic::health::{self, Health};
use crate::world::cluster::ClusterError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often workloads are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// What takes less time is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(2);
/// How often it is said at most what is waited for.
const SAY: Duration = Duration::from_secs(10);

/// How the Rollouts stand, and what is reconciled.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether nothing is under way.
    pub(super) is_idle: bool,
    /// What is waited for, one line each.
    pub(super) waits: Vec<String>,
    /// What will not become healthy by itself, one line each.
    pub(super) failed: Vec<String>,
}

/// Workloads, as they were at one moment.
#[derive(Debug, Default)]
struct Look {
    began: Option<Instant>,
    found: Found,
}

/// An engine that runs once, and what it knows of its end.
#[derive(Debug)]
pub(super) struct Once {
    limit: Duration,
    until: Instant,
    looks: JoinSet<Look>,
    last: Look,
    /// Since when all but the workloads has settled, and after how many passes of deliveries.
    settled: Option<(Instant, u64)>,
    said: Vec<String>,
    /// Before this it is said no more.
    quiet_until: Instant,
}

impl Once {
    /// One that ends after `limit` at the latest.
    pub(super) fn new(limit: Duration) -> Self {
        let now = Instant::now();
        let (until, quiet_until) = (now + limit, now + WORTH_A_WORD);
        let (looks, last) = (JoinSet::new(), Look::default());
        Self { limit, until, looks, last, settled: None, said: Vec::new(), quiet_until }
    }

    /// Ends when there may be something new: workloads were looked at, or time has passed. Never without one.
    pub(super) async fn turn(once: &mut Option<Self>) {
        let Some(once) = once else { return std::future::pending().await };
        let when = once.until.min(once.next_look()).max(Instant::now() + Duration::from_millis(100));
        tokio::select! {
            Some(look) = once.looks.join_next() => once.last = look.unwrap_or_default(),
            () = tokio::time::sleep_until(when) => {}
        }
    }

    fn next_look(&self) -> Instant {
        match self.last.began {
            _ if !self.looks.is_empty() => self.until,
            Some(began) => began + LOOK,
            None => Instant::now() + LOOK,
        }
    }

    /// Whether it ends now, and then whether all is healthy. `found` is how things stand apart from workloads.
    pub(super) fn ends(&mut self, context: &Context, standing: &Standing, found: Found) -> Option<bool> {
        let now = Instant::now();
        let is_settled = found.is_idle && found.waits.is_empty();
        match self.settled {
            Some((_, passes)) if is_settled && passes == standing.passes => {}
            _ => self.settled = is_settled.then_some((now, standing.passes)),
        }
        if is_settled && !found.failed.is_empty() || found.is_idle && standing.is_ill() {
            return Some(self.end(context, "not all is healthy", &found.failed));
        }
        let mut waits = found.waits;
        let mut is_fresh = is_settled;
        if !standing.workloads.is_empty() {
            self.look(context, standing, now);
            let since = self.settled.map(|(since, _)| since);
            is_fresh = since.is_some_and(|since| self.last.began.is_some_and(|began| began >= since));
            let last = &self.last.found;
            if is_fresh && !last.failed.is_empty() {
                return Some(self.end(context, "not all is healthy", &last.failed));
            }
            waits.extend(last.failed.iter().chain(&last.waits).cloned());
        }
        if is_fresh && waits.is_empty() {
            return Some(true);
        }
        if now >= self.until {
            if waits.is_empty() {
                waits.push("something is still being reconciled".to_owned());
            }
            let title = format!("not all is healthy within {}; waited for", human(self.limit));
            return Some(self.end(context, &title, &waits));
        }
        self.say(context, waits, now);
        None
    }

    /// Looks at the workloads, if it is time to.
    fn look(&mut self, context: &Context, standing: &Standing, now: Instant) {
        let is_old = self
            .last
            .began
            .is_none_or(|began| began + LOOK <= now || self.settled.is_some_and(|(since, _)| began < since));
        if is_old && self.looks.is_empty() {
            let (context, workloads) = (context.clone(), Arc::clone(&standing.workloads));
            self.looks.spawn(async move { look(&context, &workloads, now).await });
        }
    }

    /// Says what is waited for when it is something else than before.
    fn say(&mut self, context: &Context, waits: Vec<String>, now: Instant) {
        if now < self.quiet_until || waits.is_empty() || waits == self.said {
            return;
        }
        context.notify(Notice::Waiting { text: waits.join("\n") });
        (self.said, self.quiet_until) = (waits, now + SAY);
    }

    fn end(&self, context: &Context, title: &str, lines: &[String]) -> bool {
        if !lines.is_empty() {
            let text = format!("{title}:\n{}", lines.join("\n"));
            context.notify(Notice::Problem { repository: String::new(), code: "NotHealthy", text });
        }
        false
    }
}

/// Looks at workloads: one list for each kind and namespace.
async fn look(context: &Context, workloads: &BTreeMap<Key, String>, began: Instant) -> Look {
    let places: BTreeSet<(&str, &str, &str)> =
        workloads.iter().map(|(key, version)| (&**version, &*key.kind, &*key.namespace)).collect();
    let mut look = Look { began: Some(began), found: Found::default() };
    for (version, kind, namespace) in places {
        let ours = workloads
            .iter()
            .filter(|(key, own)| key.kind == kind && key.namespace == namespace && *own == version);
        match list(context, version, kind, namespace).await {
            Ok(all) => ours.for_each(|(key, _)| judge(key, all.get(&key.name), &mut look.found)),
            Err(error) => {
                let text = format!("{kind}s in {namespace} cannot be listed: {error}");
                if error.may_pass() { look.found.waits.push(text) } else { look.found.failed.push(text) }
            }
        }
    }
    look
}

async fn list(
    context: &Context,
    version: &str,
    kind: &str,
    namespace: &str,
) -> Result<BTreeMap<String, Value>, ClusterError> {
    let kind = match kinds::find(version, kind) {
        Some(kind) => kind,
        None => context.cluster.kind(version, kind).await?,
    };
    let all = context.cluster.list(&kind, Some(namespace), "").await?;
    Ok(all.into_iter().map(|object| (text(&object, "/metadata/name").to_owned(), object)).collect())
}

fn judge(key: &Key, object: Option<&Value>, found: &mut Found) {
    match health::workload(key).map(|kind| kind.health(object)) {
        Some(Health::Progressing(why)) => found.waits.push(format!("{key}: {why}")),
        Some(Health::Failed(why)) => found.failed.push(format!("{key}: {why}")),
        Some(Health::Healthy) | None => {}
    }
}
