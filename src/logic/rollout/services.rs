//! Decides which revision each Service of a Rollout selects.
//! It never decides whether the revision is good; only that it can answer.

use crate::logic::rollout::view::Set;
use crate::logic::rollout::work::{Op, Work};

/// Points the Service `name` at the revision `hash`, and notes the Rollout as its manager.
pub fn switch(work: &mut Work<'_>, name: &str, hash: &str) {
    let rollout = work.view.rollout.metadata.name.clone();
    let Some(service) = work.services.get_mut(name) else { return };
    if service.hash.as_deref() == Some(hash) && service.managed_by.is_some() {
        return;
    }
    let from = service.hash.replace(hash.to_owned()).unwrap_or_default();
    service.managed_by.get_or_insert(rollout);
    work.note(Op::Service(name.to_owned()));
    work.tell("SwitchService", format!("Switched selector for service '{name}' from '{from}' to '{hash}'"));
}

/// Points the Service `name` at the set at `index` once that can answer: a Service taken over for the first
/// time waits for all pods, a managed one for at least one.
fn ensure(work: &mut Work<'_>, name: Option<&str>, index: Option<usize>) {
    let Some(name) = name.filter(|n| !n.is_empty()) else { return };
    let (Some(set), Some(service)) = (index.and_then(|i| work.sets.get(i)), work.services.get(name)) else {
        return;
    };
    if service.hash.as_deref() == Some(set.hash.as_str()) {
        return;
    }
    let taken_over = service.managed_by.is_some();
    if set.available == 0 || (!taken_over && !set.is_available()) {
        return;
    }
    let hash = set.hash.clone();
    switch(work, name, &hash);
}

/// The two Services of a canary: stable pods, and new pods (the stable ones while aborted).
pub fn canary(work: &mut Work<'_>) {
    let Some(canary) = work.canary() else { return };
    ensure(work, canary.stable_service.as_deref(), work.stable);
    let shown = if work.is_aborted() { work.stable } else { work.new };
    ensure(work, canary.canary_service.as_deref(), shown);
}

/// Whether a Service or the status still leads to `set`.
#[must_use]
pub fn leads_to(work: &Work<'_>, set: &Set) -> bool {
    let status = &work.old;
    let named = [
        &status.stable_rs,
        &status.current_pod_hash,
        &status.blue_green.active_selector,
        &status.blue_green.preview_selector,
    ];
    !set.hash.is_empty()
        && (named.contains(&&set.hash)
            || work.services.values().any(|s| s.hash.as_deref() == Some(set.hash.as_str())))
}
