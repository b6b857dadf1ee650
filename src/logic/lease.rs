//! Decides who of several acts: whether a Lease may be taken, is held by us, or has to be waited for (source:
//! client-go's tools/leaderelection/leaderelection.go, `tryAcquireOrRenew`, `release`).
//! It never compares the clocks of two machines: a Lease runs out when it was seen unchanged for as long as it lasts.

use crate::api::names;
use crate::api::object_name::ObjectName;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// API version of Leases.
pub(crate) const API: &str = "coordination.k8s.io/v1";

/// How long a Lease lasts, and how it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// For how long nobody else takes a Lease that is not renewed.
    pub lasts: Duration,
    /// After how long without a renewal its holder stops acting; shorter than the Lease.
    pub renew_within: Duration,
    /// How often it is renewed, or asked for.
    pub every: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        let (lasts, renew_within) = (Duration::from_secs(15), Duration::from_secs(10));
        Self { lasts, renew_within, every: Duration::from_secs(2) }
    }
}

/// A Lease as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Observed {
    /// The object.
    pub(crate) object: Value,
    /// When it was seen so first, as time since we began.
    pub(crate) since: Duration,
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LeaseStep {
    /// Nobody ever held it: this object is created.
    Create(Value),
    /// It is ours, or may be ours: it is replaced by this object, unless it has changed meanwhile.
    Replace(Value),
    /// Somebody holds it.
    Wait {
        /// Who.
        holder: String,
    },
}

impl Observed {
    /// The same, or `object` seen first at `now` when that is another state of it.
    #[must_use]
    pub(crate) fn update(before: Option<Self>, object: Value, now: Duration) -> Self {
        match before {
            Some(before) if before.object.get("spec") == object.get("spec") => {
                Self { object, since: before.since }
            }
            _ => Self { object, since: now },
        }
    }

    /// Who holds it; empty when nobody does.
    #[must_use]
    pub(crate) fn holder(&self) -> &str {
        self.object.pointer("/spec/holderIdentity").and_then(Value::as_str).unwrap_or_default()
    }

    /// Until when somebody holds it unless it is renewed; none when nobody does.
    #[must_use]
    pub(crate) fn until(&self) -> Option<Duration> {
        let seconds = self.object.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64);
        (!self.holder().is_empty()).then(|| self.since + Duration::from_secs(seconds.unwrap_or_default()))
    }

    /// Whether somebody holds it who has not let it run out at `now`.
    #[must_use]
    pub(crate) fn is_live(&self, now: Duration) -> bool {
        self.until().is_some_and(|until| until > now)
    }

    /// Whether `me` holds it.
    #[must_use]
    pub(crate) fn is_of(&self, me: &str) -> bool {
        self.holder() == me
    }
}

/// What `me` does about the Lease `name` at `now`; `at` is written down as the time.
#[must_use]
pub(crate) fn step(
    name: &ObjectName,
    me: &str,
    terms: &Terms,
    observed: Option<&Observed>,
    now: Duration,
    at: Timestamp,
) -> LeaseStep {
    let stamp = format!("{at:.6}");
    let seconds = terms.lasts.as_secs().max(1);
    let Some(observed) = observed else {
        return LeaseStep::Create(json!({
            "apiVersion": API, "kind": "Lease",
            "metadata": {"name": name.name, "namespace": name.namespace},
            "spec": {
                "holderIdentity": me, "leaseDurationSeconds": seconds, "leaseTransitions": 0,
                "acquireTime": stamp, "renewTime": stamp,
            },
        }));
    };
    if !observed.is_of(me) && observed.is_live(now) {
        return LeaseStep::Wait { holder: observed.holder().to_owned() };
    }
    let mut object = observed.object.clone();
    let transitions = object.pointer("/spec/leaseTransitions").and_then(Value::as_u64).unwrap_or_default();
    let acquired = object.pointer("/spec/acquireTime").cloned().filter(|_| observed.is_of(me));
    let transitions = if observed.is_of(me) { transitions } else { transitions + 1 };
    set(&mut object, "holderIdentity", json!(me));
    set(&mut object, "leaseDurationSeconds", json!(seconds));
    set(&mut object, "leaseTransitions", json!(transitions));
    set(&mut object, "acquireTime", acquired.unwrap_or_else(|| json!(stamp)));
    set(&mut object, "renewTime", json!(stamp));
    LeaseStep::Replace(object)
}

/// The Lease given back, so that the next one need not wait until it runs out; none when `me` does not hold it.
#[must_use]
pub(crate) fn released(observed: &Observed, me: &str, at: Timestamp) -> Option<Value> {
    let mut object = observed.object.clone();
    set(&mut object, "holderIdentity", json!(""));
    set(&mut object, "leaseDurationSeconds", json!(1));
    for time in ["acquireTime", "renewTime"] {
        set(&mut object, time, json!(format!("{at:.6}")));
    }
    Some(object).filter(|_| observed.is_of(me))
}

/// Labels a Lease as that of the delivery `source`, so that others know who acts on what it brings.
pub(crate) fn label(object: &mut Value, source: &str) {
    let meta = object.get_mut("metadata").and_then(Value::as_object_mut);
    let labels = meta.map(|meta| meta.entry("labels").or_insert_with(|| json!({})));
    if let Some(labels) = labels.and_then(Value::as_object_mut) {
        labels.insert(names::LEASE_OF.to_owned(), json!(source));
    }
}

fn set(object: &mut Value, field: &str, value: Value) {
    let Some(map) = object.as_object_mut() else { return };
    if let Some(spec) = map.entry("spec").or_insert_with(|| json!({})).as_object_mut() {
        spec.insert(field.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-01-05T08:00:00.5Z";

    fn ask(me: &str, observed: Option<&Observed>, now: u64) -> LeaseStep {
        let name = ObjectName::new("ops", "lock");
        step(&name, me, &Terms::default(), observed, Duration::from_secs(now), AT.parse().unwrap())
    }

    fn seen(object: Value, now: u64) -> Observed {
        Observed::update(None, object, Duration::from_secs(now))
    }

    fn held_by(me: &str) -> Value {
        match ask(me, None, 0) {
            LeaseStep::Create(object) => object,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_comes_first_has_it_and_others_wait_until_it_was_seen_unchanged_for_its_time() {
        let object = held_by("a");
        assert_eq!(object["spec"]["renewTime"], "2026-01-05T08:00:00.500000Z");
        let observed = seen(object.clone(), 100);
        let wait = LeaseStep::Wait { holder: "a".to_owned() };
        assert_eq!(
            (ask("b", Some(&observed), 100), ask("b", Some(&observed), 114)),
            (wait.clone(), wait.clone())
        );
        let mut renewed = object.clone();
        renewed["spec"]["renewTime"] = json!("1999-01-01T00:00:00.000000Z");
        let again = Observed::update(Some(observed.clone()), renewed, Duration::from_secs(114));
        assert_eq!(ask("b", Some(&again), 128), wait, "it was renewed, whatever its clock says");
        let same = Observed::update(Some(observed), object, Duration::from_secs(114));
        let LeaseStep::Replace(taken) = ask("b", Some(&same), 115) else { panic!("it has run out") };
        assert_eq!(
            (&taken["spec"]["holderIdentity"], &taken["spec"]["leaseTransitions"]),
            (&json!("b"), &json!(1))
        );
    }

    #[test]
    fn its_holder_renews_it_whenever_and_keeps_when_it_was_acquired() {
        let mut object = held_by("a");
        object["spec"]["acquireTime"] = json!("2026-01-01T00:00:00.000000Z");
        object["metadata"]["resourceVersion"] = json!("7");
        let LeaseStep::Replace(renewed) = ask("a", Some(&seen(object, 0)), 1000) else { panic!() };
        assert_eq!(renewed["spec"]["acquireTime"], "2026-01-01T00:00:00.000000Z");
        assert_eq!(renewed["spec"]["leaseTransitions"], 0);
        assert_eq!(
            renewed["metadata"]["resourceVersion"], "7",
            "a Lease that has changed is not overwritten"
        );
    }

    #[test]
    fn a_lease_given_back_is_taken_at_once_and_only_its_holder_gives_it_back() {
        let observed = seen(held_by("a"), 0);
        let at = AT.parse().unwrap();
        assert_eq!(released(&observed, "b", at), None);
        let free = released(&observed, "a", at).unwrap();
        assert!(matches!(ask("b", Some(&seen(free, 0)), 0), LeaseStep::Replace(_)));
    }
}
