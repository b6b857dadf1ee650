//! Decides the next step in a pod's life and when it is due.
//! It never writes how a step looks in the pod's status.

use super::memory::Life;
use super::script::{Ending, Script, script};
use super::status::{self, Stage};
use crate::actors::object::{deleting, holds, moment, name, namespace, uid};
use crate::actors::recorder::{Regarding, Tone};
use crate::actors::task::Key;
use crate::actors::turn::Turn;
use crate::base::json::{count, list, number, text};
use crate::propagation::Propagation;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// What is to be done with a pod.
enum Next {
    Write(Stage),
    Wait(Timestamp),
    Nothing,
}

/// Lets a pod live on.
pub(in crate::actors) fn run(turn: &mut Turn<'_>, key: &Key) {
    let Some(pod) = turn.read(key).filter(|p| !text(p, "/spec/nodeName").is_empty()) else { return };
    let Some(mut life) = turn.lives.get(uid(&pod)).cloned() else { return };
    let script = script(&pod, turn.options.ready_after);
    if deleting(&pod) {
        return stop(turn, key, &pod, &life, &script);
    }
    match next(&pod, &script, &life, turn.now) {
        Next::Nothing => {}
        Next::Wait(at) => turn.wake_at(at),
        Next::Write(stage) => {
            if life.address.is_empty() {
                life.address = turn.names.address();
            }
            life.wrote = turn.now;
            let told = status::write(&pod, &stage, &life.address, turn.now);
            turn.lives.insert(uid(&pod).to_owned(), life);
            turn.update_status(told);
            tell(turn, &pod, &stage);
        }
    }
}

/// Ends a pod whose deletion has begun, once its hook and a moment are over.
fn stop(turn: &mut Turn<'_>, key: &Key, pod: &Value, life: &Life, script: &Script) {
    let grace = number(pod, "/metadata/deletionGracePeriodSeconds").unwrap_or(30).max(0);
    if grace == 0 {
        return; // stopped already; a finalizer keeps the object
    }
    let doomed = life.doomed.unwrap_or(turn.now);
    if doomed == turn.now && text(pod, "/status/phase") == "Running" {
        for container in list(pod, "/spec/containers") {
            let message = format!("Stopping container {}", text(container, "/name"));
            let regarding = Regarding::container(pod, text(container, "/name"));
            turn.event(regarding, Tone::Normal, "Killing", message);
        }
    }
    let most = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
    let end = later(doomed, script.stop.min(most));
    if end <= turn.now {
        turn.delete(key, uid(pod), Propagation::Background, Some(0));
    } else {
        turn.wake_at(end);
    }
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn next(pod: &Value, script: &Script, life: &Life, now: Timestamp) -> Next {
    let waiting = text(pod, "/status/containerStatuses/0/state/waiting/reason");
    match text(pod, "/status/phase") {
        "Succeeded" | "Failed" => Next::Nothing,
        "Running" if waiting == "CrashLoopBackOff" => crashed(pod, script, now),
        "Running" => running(pod, script, life, now),
        _ => pending(script, waiting, life, now),
    }
}

/// How long `ErrImagePull` shows before it becomes `ImagePullBackOff`.
const PULLING: Duration = Duration::from_secs(5);

fn pending(script: &Script, waiting: &str, life: &Life, now: Timestamp) -> Next {
    let due = later(life.bound, script.start);
    if now < due {
        return if waiting.is_empty() { Next::Write(Stage::Creating) } else { Next::Wait(due) };
    }
    match (script.ending, waiting) {
        (Ending::BadImage, "ImagePullBackOff") => Next::Nothing,
        (Ending::BadImage, "ErrImagePull") => match later(life.wrote, PULLING) {
            end if now < end => Next::Wait(end),
            _ => Next::Write(Stage::NoImage { first: false }),
        },
        (Ending::BadImage, _) => Next::Write(Stage::NoImage { first: true }),
        (Ending::Crash, _) => Next::Write(Stage::Crashed { restarts: 1 }),
        _ => {
            Next::Write(Stage::Running { ready: script.settle.is_zero() && script.may_be_ready, restarts: 0 })
        }
    }
}

fn running(pod: &Value, script: &Script, life: &Life, now: Timestamp) -> Next {
    let restarts = count(pod, "/status/containerStatuses/0/restartCount");
    // After a restart the container's own start counts, which the status tells to the second.
    let since = match moment(pod, "/status/containerStatuses/0/state/running/startedAt") {
        Some(started) if restarts > 0 => started,
        _ => life.phase.1,
    };
    let end = match script.ending {
        Ending::Exit(time, _) | Ending::CrashAfter(time) => Some(later(since, time)),
        Ending::Crash => Some(since),
        _ => None,
    };
    if end.is_some_and(|end| end <= now) {
        return Next::Write(match script.ending {
            Ending::Exit(_, code) => Stage::Finished { code },
            _ => Stage::Crashed { restarts: restarts + 1 },
        });
    }
    let settled = later(since, script.settle);
    let ready = now >= settled && script.may_be_ready;
    if ready != holds(pod, "ContainersReady") || (ready && status::gates_open(pod)) != holds(pod, "Ready") {
        return Next::Write(Stage::Running { ready, restarts });
    }
    let due = end.into_iter().chain((now < settled).then_some(settled)).min();
    due.map_or(Next::Nothing, Next::Wait)
}

/// A crashed container starts again after 10, 20, 40 … 300 seconds.
fn crashed(pod: &Value, script: &Script, now: Timestamp) -> Next {
    let restarts = count(pod, "/status/containerStatuses/0/restartCount");
    let doublings = u32::try_from(restarts.clamp(1, 6) - 1).unwrap_or(0);
    let pause = (10_u64 << doublings).min(300);
    let last = moment(pod, "/status/containerStatuses/0/lastState/terminated/finishedAt").unwrap_or(now);
    match later(last, Duration::from_secs(pause)) {
        due if now < due => Next::Wait(due),
        _ if script.ending == Ending::Crash => Next::Write(Stage::Crashed { restarts: restarts + 1 }),
        _ => Next::Write(Stage::Running { ready: script.settle.is_zero() && script.may_be_ready, restarts }),
    }
}

/// Tells users what a step did, container by container.
fn tell(turn: &mut Turn<'_>, pod: &Value, stage: &Stage) {
    let whole = format!("{}_{}({})", name(pod), namespace(pod), uid(pod));
    let started = !holds(pod, "Initialized") || text(pod, "/status/phase") == "Pending";
    for container in list(pod, "/spec/containers") {
        let (title, image) = (text(container, "/name"), text(container, "/image"));
        let mut note = |tone: Tone, reason: &'static str, message: String| {
            turn.event(Regarding::container(pod, title), tone, reason, message);
        };
        match stage {
            Stage::Running { ready, .. } if started => {
                note(
                    Tone::Normal,
                    "Pulled",
                    format!("Container image \"{image}\" already present on machine"),
                );
                note(Tone::Normal, "Created", format!("Created container: {title}"));
                note(Tone::Normal, "Started", format!("Started container {title}"));
                if !ready && container.get("readinessProbe").is_some() {
                    note(Tone::Warning, "Unhealthy", "Readiness probe failed: not ready yet".to_owned());
                }
            }
            Stage::Running { ready: false, .. } => {
                let why = "Readiness probe failed: held back by sandbox.switchback.dev/ready";
                note(Tone::Warning, "Unhealthy", why.to_owned());
            }
            Stage::NoImage { first: true } => {
                note(Tone::Normal, "Pulling", format!("Pulling image \"{image}\""));
                note(Tone::Warning, "Failed", format!("Failed to pull image \"{image}\": not found"));
                note(Tone::Warning, "Failed", "Error: ErrImagePull".to_owned());
            }
            Stage::NoImage { first: false } => {
                note(Tone::Normal, "BackOff", format!("Back-off pulling image \"{image}\""));
                note(Tone::Warning, "Failed", "Error: ImagePullBackOff".to_owned());
            }
            Stage::Crashed { .. } => {
                note(
                    Tone::Normal,
                    "Pulled",
                    format!("Container image \"{image}\" already present on machine"),
                );
                note(Tone::Normal, "Created", format!("Created container: {title}"));
                note(Tone::Normal, "Started", format!("Started container {title}"));
                let message = format!("Back-off restarting failed container {title} in pod {whole}");
                note(Tone::Warning, "BackOff", message);
            }
            Stage::Creating | Stage::Running { .. } | Stage::Finished { .. } => {}
        }
    }
}
