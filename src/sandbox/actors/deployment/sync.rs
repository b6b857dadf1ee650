//! Decides what a Deployment does in one turn: pause, scale, roll or recreate, and what it writes.
//! It never takes two steps in one turn; the next change brings the next turn.

use super::amount::{Amounts, amounts};
use super::set::{REVISION, Set};
use super::{conditions, recreate, revision, rolling, scale, status};
use crate::actors::object::{annotation, deleting, put, uid};
use crate::actors::task::Key;
use crate::actors::template::claim;
use crate::actors::turn::Turn;
use crate::api::selector::Labels;
use crate::base::json::{flag, list, number, text};
use crate::propagation::Propagation;
use serde_json::{Value, json};

/// Brings one Deployment a step further.
pub(in crate::actors) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(deployment) = turn.read(key) else { return };
    let Some(selector) = Labels::of_workload(deployment.pointer("/spec/selector")) else { return };
    let rows = claim(turn, &deployment, "ReplicaSet", &selector);
    let mut sets: Vec<Set> = rows.into_iter().filter_map(|r| turn.read(&r.key)).map(Set::new).collect();
    sets.sort_by(|a, b| a.created().cmp(&b.created()).then_with(|| a.name().cmp(b.name())));
    let amounts = amounts(&deployment);
    if deleting(&deployment) {
        let told = status::plain(turn, &deployment, &sets, None, &amounts);
        return write(turn, deployment, told);
    }
    if let Some(told) = pausing(turn, &deployment) {
        return write(turn, deployment, told);
    }
    let new = revision::find(&deployment, &sets);
    let paused = flag(&deployment, "/spec/paused");
    if paused || scale::is_due(&sets, &amounts) {
        if let Some(new) = new {
            revision::refresh(&deployment, &mut sets, new);
        }
        scale::follow(&deployment, &mut sets, new, &amounts);
        if paused {
            forget_old(turn, &deployment, &sets, new);
        }
        flush(turn, &deployment, &mut sets);
        let told = status::plain(turn, &deployment, &sets, new.and_then(|i| sets.get(i)), &amounts);
        return conclude(turn, deployment, told, new.and_then(|i| sets.get(i)));
    }
    roll(turn, deployment, sets, new, &amounts);
}

/// One step of a rolling update or of a recreation.
fn roll(turn: &mut Turn<'_>, deployment: Value, mut sets: Vec<Set>, new: Option<usize>, amounts: &Amounts) {
    if let Some(new) = new {
        revision::refresh(&deployment, &mut sets, new);
    }
    if !amounts.rolling && recreate::empty_old(&mut sets, new, amounts, turn.rows) {
        flush(turn, &deployment, &mut sets);
        let told = status::rolling(turn, &deployment, &sets, new.and_then(|i| sets.get(i)), amounts);
        return conclude(turn, deployment, told, new.and_then(|i| sets.get(i)));
    }
    let Some(new) = new else { return begin(turn, deployment, &sets, amounts) };
    if amounts.rolling {
        rolling::step(&mut sets, new, amounts);
    } else if let Some(set) = sets.get_mut(new) {
        scale::resize(set, amounts.replicas, amounts);
    }
    let told = status::rolling(turn, &deployment, &sets, sets.get(new), amounts);
    if status::complete(&deployment, &told, amounts) {
        forget_old(turn, &deployment, &sets, Some(new));
    }
    flush(turn, &deployment, &mut sets);
    conclude(turn, deployment, told, sets.get(new));
}

/// Makes the set of the present template.
fn begin(turn: &mut Turn<'_>, deployment: Value, sets: &[Set], amounts: &Amounts) {
    let refusal = turn.refusal.clone().filter(|r| r.creating && r.reason != "AlreadyExists");
    let counted = with_collision(turn, &deployment);
    let set = revision::make(&counted, sets, amounts);
    let mut told = status::plain(turn, &counted, sets, None, amounts);
    let mut all = list(&told, "/conditions").to_vec();
    if let Some(refusal) = refusal.as_ref() {
        let (reason, message) = ("ReplicaSetCreateError", &refusal.message);
        conditions::set(&mut all, conditions::new("Progressing", "False", reason, message, turn.now));
        if refusal.fresh {
            let message = format!("Failed to create new replica set \"{}\": {message}", set.name());
            turn.warning(&deployment, reason, message);
        }
    } else if status::deadline(&deployment).is_some() {
        let message = format!("Created new replica set \"{}\"", set.name());
        conditions::set(
            &mut all,
            conditions::new("Progressing", "True", "NewReplicaSetCreated", &message, turn.now),
        );
    }
    put(&mut told, &["conditions"], json!(all));
    if !turn.held() {
        let (title, size) = (set.name().to_owned(), set.wanted());
        turn.create(set.object);
        if size > 0 {
            let message = format!("Scaled up replica set {title} from 0 to {size}");
            turn.normal(&deployment, "ScalingReplicaSet", message);
        }
    }
    write(turn, deployment, told);
}

/// A name that is taken by a stranger makes the next hash another one.
fn with_collision(turn: &Turn<'_>, deployment: &Value) -> Value {
    let mut counted = deployment.clone();
    if turn.refusal.as_ref().is_some_and(|r| r.fresh && r.creating && r.reason == "AlreadyExists") {
        let collisions = number(deployment, "/status/collisionCount").unwrap_or(0) + 1;
        put(&mut counted, &["status", "collisionCount"], json!(collisions));
    }
    counted
}

/// The status with the condition that tells of a pause which begins or ends; none when nothing changes.
fn pausing(turn: &Turn<'_>, deployment: &Value) -> Option<Value> {
    status::deadline(deployment)?;
    let mut all = list(deployment, "/status/conditions").to_vec();
    let reason = conditions::get(&all, "Progressing").map_or("", |c| text(c, "/reason"));
    let (reason, message) = match (flag(deployment, "/spec/paused"), reason) {
        (_, "ProgressDeadlineExceeded") | (true, "DeploymentPaused") => return None,
        (true, _) => ("DeploymentPaused", "Deployment is paused"),
        (false, "DeploymentPaused") => ("DeploymentResumed", "Deployment is resumed"),
        (false, _) => return None,
    };
    conditions::set(&mut all, conditions::new("Progressing", "Unknown", reason, message, turn.now));
    let mut told = deployment.get("status").cloned().unwrap_or_else(|| json!({}));
    put(&mut told, &["conditions"], json!(all));
    Some(told)
}

/// Deletes the empty sets beyond the history limit, those of the lowest revisions first.
fn forget_old(turn: &mut Turn<'_>, deployment: &Value, sets: &[Set], new: Option<usize>) {
    let limit = number(deployment, "/spec/revisionHistoryLimit").unwrap_or(10);
    if limit == i64::from(i32::MAX) {
        return;
    }
    let mut old: Vec<&Set> = sets
        .iter()
        .enumerate()
        .filter(|(i, s)| Some(*i) != new && !deleting(&s.object))
        .map(|(_, s)| s)
        .collect();
    old.sort_by_key(|s| (s.revision(), s.created()));
    let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    for set in old.into_iter().take(surplus).filter(|s| s.may_go()) {
        turn.delete(&Key::of(&set.object), uid(&set.object), Propagation::Background, None);
    }
}

/// Asks for the changes of the sets, and tells of them.
fn flush(turn: &mut Turn<'_>, deployment: &Value, sets: &mut [Set]) {
    for set in sets.iter_mut().filter(|s| s.changed) {
        turn.update(set.object.clone());
        for message in std::mem::take(&mut set.told) {
            turn.normal(deployment, "ScalingReplicaSet", message);
        }
    }
}

/// Writes the status and with it the revision of the present set: the status endpoint takes annotations of a
/// Deployment, and unlike the main one it does not make a new generation of them.
fn conclude(turn: &mut Turn<'_>, deployment: Value, mut told: Value, fresh: Option<&Set>) {
    let mut all = list(&told, "/conditions").to_vec();
    if let Some(set) = fresh
        && status::deadline(&deployment).is_some()
        && conditions::get(&all, "Progressing").is_none()
    {
        let message = format!("Found new replica set \"{}\"", set.name());
        all.push(conditions::new("Progressing", "True", "FoundNewReplicaSet", &message, turn.now));
        put(&mut told, &["conditions"], json!(all));
    }
    let mut marked = deployment.clone();
    if let Some(revision) = fresh.and_then(|s| annotation(&s.object, REVISION)) {
        put(&mut marked, &["metadata", "annotations", REVISION], json!(revision));
    }
    put(&mut marked, &["status"], told);
    if marked != deployment {
        turn.update_status(marked);
    }
}

fn write(turn: &mut Turn<'_>, mut deployment: Value, told: Value) {
    if deployment.get("status") != Some(&told) {
        put(&mut deployment, &["status"], told);
        turn.update_status(deployment);
    }
}
