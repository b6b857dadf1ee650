//! Decides what a Job does in one turn: begin, go on, suspend, end, and when an ended one is deleted.
//! It never runs anything; its pods do.

use super::pods::{manage, release, stop};
use super::tally::{Tally, tally};
use crate::actors::object::{after, deleting, holds, moment, put, stamp, uid};
use crate::actors::recorder::{Regarding, Tone};
use crate::actors::rows::Row;
use crate::actors::task::Key;
use crate::actors::turn::Turn;
use crate::base::json::{flag, list, number, text};
use crate::propagation::Propagation;
use serde_json::{Value, json};

/// Brings one Job a step further.
pub(in crate::actors) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(job) = turn.read(key) else { return free_orphans(turn, key) };
    if job.get("status").is_none() {
        free_orphans(turn, key); // of a former Job of this name
    }
    let rows = turn.rows;
    let pods = rows.controlled_by(uid(&job), "Pod");
    let over = holds(&job, "Complete") || holds(&job, "Failed");
    if over || deleting(&job) {
        for row in pods.iter().filter(|r| r.pod.as_ref().is_some_and(|p| p.tracked)) {
            release(turn, row);
        }
        if over && !deleting(&job) {
            expire(turn, key, &job);
        }
        return;
    }
    let indexed = text(&job, "/spec/completionMode") == "Indexed";
    let tally = tally(&job, pods.clone(), indexed);
    for row in &tally.free {
        release(turn, row);
    }
    let mut status = job.get("status").filter(|s| s.is_object()).cloned().unwrap_or_else(|| json!({}));
    tally.write(&mut status, indexed);
    let mut now = job.clone();
    put(&mut now, &["status"], status);
    let told = if let Some(verdict) = verdict(turn, &job, &tally) {
        end(turn, &mut now, &tally, &verdict)
    } else if flag(&job, "/spec/suspend") {
        suspend(turn, &mut now, &tally)
    } else {
        manage(turn, &job, &tally, &pods, indexed);
        resume(turn, &mut now)
    };
    if now.get("status") != job.get("status") {
        turn.update_status(now);
        if let Some((tone, reason, message)) = told {
            turn.event(Regarding::object(&job), tone, reason, message.to_owned());
        }
    }
}

/// Pods of a Job that is gone are kept by nobody.
fn free_orphans(turn: &mut Turn<'_>, key: &Key) {
    let rows = turn.rows;
    let of_job = |r: &&Row| match r.controller() {
        Some(owner) => owner.kind == "Job" && owner.name == key.name && rows.get(&owner.uid).is_none(),
        None => r.labels.get("batch.kubernetes.io/job-name") == Some(&key.name),
    };
    let tracked = |r: &&Row| r.pod.as_ref().is_some_and(|p| p.tracked);
    for row in rows.of_kind("v1", "Pod", &key.namespace).into_iter().filter(of_job).filter(tracked) {
        release(turn, row);
    }
}

/// Deletes an ended Job when its time is over.
fn expire(turn: &mut Turn<'_>, key: &Key, job: &Value) {
    let Some(stay) = number(job, "/spec/ttlSecondsAfterFinished") else { return };
    let ended = list(job, "/status/conditions")
        .iter()
        .filter(|c| matches!(text(c, "/type"), "Complete" | "Failed") && text(c, "/status") == "True")
        .find_map(|c| moment(c, "/lastTransitionTime"));
    let Some(end) = ended.map(|e| after(e, stay)) else { return };
    if end <= turn.now {
        turn.delete(key, uid(job), Propagation::Foreground, None);
    } else {
        turn.wake_at(end);
    }
}

/// What users are told once the status is written.
type Told = Option<(Tone, &'static str, &'static str)>;

/// How a Job ends.
struct Verdict {
    good: bool,
    reason: &'static str,
    message: &'static str,
}

/// Whether a Job is at its end; makes sure of a turn at its deadline.
fn verdict(turn: &mut Turn<'_>, job: &Value, tally: &Tally<'_>) -> Option<Verdict> {
    let bad = |reason, message| Some(Verdict { good: false, reason, message });
    if tally.failed > number(job, "/spec/backoffLimit").unwrap_or(6) || holds_for(job, "BackoffLimitExceeded")
    {
        return bad("BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }
    let deadline = number(job, "/spec/activeDeadlineSeconds").zip(moment(job, "/status/startTime"));
    if let Some((seconds, start)) = deadline.filter(|_| !flag(job, "/spec/suspend")) {
        let end = after(start, seconds);
        if end <= turn.now || holds_for(job, "DeadlineExceeded") {
            return bad("DeadlineExceeded", "Job was active longer than specified deadline");
        }
        turn.wake_at(end);
    }
    let enough = match number(job, "/spec/completions") {
        Some(all) => tally.succeeded >= all,
        None => tally.succeeded > 0 && tally.active.is_empty(),
    };
    let reason = ("CompletionsReached", "Reached expected number of succeeded pods");
    enough.then_some(Verdict { good: true, reason: reason.0, message: reason.1 })
}

/// Whether the Job is already failing for this reason.
fn holds_for(job: &Value, reason: &str) -> bool {
    list(job, "/status/conditions")
        .iter()
        .any(|c| text(c, "/type") == "FailureTarget" && text(c, "/reason") == reason)
}

/// Ends a Job: first the target is set and the last pods go, then, when all are counted, it is over.
fn end(turn: &mut Turn<'_>, job: &mut Value, tally: &Tally<'_>, verdict: &Verdict) -> Told {
    let (target, last) =
        if verdict.good { ("SuccessCriteriaMet", "Complete") } else { ("FailureTarget", "Failed") };
    add_condition(turn, job, target, verdict.reason, verdict.message);
    for row in &tally.active {
        turn.delete(&row.key, &row.uid, Propagation::Background, None);
        turn.normal(job, "SuccessfulDelete", format!("Deleted pod: {}", row.key.name));
    }
    if !tally.active.is_empty() || tally.terminating > 0 || !tally.is_settled() {
        return None;
    }
    add_condition(turn, job, last, verdict.reason, verdict.message);
    if verdict.good {
        put(job, &["status", "completionTime"], stamp(turn.now));
        Some((Tone::Normal, "Completed", "Job completed"))
    } else {
        Some((Tone::Warning, verdict.reason, verdict.message))
    }
}

fn add_condition(turn: &Turn<'_>, job: &mut Value, kind: &str, reason: &str, message: &str) {
    if !holds(job, kind) {
        set_condition(turn, job, (kind, "True", reason, message));
    }
}

fn set_condition(
    turn: &Turn<'_>,
    job: &mut Value,
    (kind, status, reason, message): (&str, &str, &str, &str),
) {
    let mut all = list(job, "/status/conditions").to_vec();
    let condition = json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastProbeTime": stamp(turn.now), "lastTransitionTime": stamp(turn.now),
    });
    match all.iter_mut().find(|c| text(c, "/type") == kind) {
        Some(before) => *before = condition,
        None => all.push(condition),
    }
    put(job, &["status", "conditions"], json!(all));
}

fn suspend(turn: &mut Turn<'_>, job: &mut Value, tally: &Tally<'_>) -> Told {
    stop(turn, job, &tally.active, tally.active.len());
    if holds(job, "Suspended") {
        return None;
    }
    set_condition(turn, job, ("Suspended", "True", "JobSuspended", "Job suspended"));
    Some((Tone::Normal, "Suspended", "Job suspended"))
}

fn resume(turn: &mut Turn<'_>, job: &mut Value) -> Told {
    let resumes = holds(job, "Suspended");
    if resumes {
        set_condition(turn, job, ("Suspended", "False", "JobResumed", "Job resumed"));
    }
    if resumes || text(job, "/status/startTime").is_empty() {
        put(job, &["status", "startTime"], stamp(turn.now));
    }
    resumes.then_some((Tone::Normal, "Resumed", "Job resumed"))
}
