//! Decides what a pod would do if it ran: from its images, commands, probes, hooks and annotations.
//! It never looks at how far the pod is.
//!
//! Annotations that steer a pod, read anew at every change of it:
//!
//! | annotation | effect |
//! |---|---|
//! | `sandbox.switchback.dev/ready: "false"` | the containers run and are not ready, until the annotation goes |
//! | `sandbox.switchback.dev/ready-after: 5s` | ready this long after the assignment, whatever the probes say |
//! | `sandbox.switchback.dev/outcome: crash`, `bad-image` or `run` | in place of what image and command tell |
//!
//! What image and command tell: an image with `does-not-exist` or `nonexistent` is never pulled; one with `argo-error`
//! or `:error`, and the command `/bad-command`, crash at once; `sleep N; exit C` crashes after N seconds; the pods of a
//! Job end after `sleep N` with the code of `exit C`, unless they sleep for ever.

use crate::actors::object::{annotation, owners};
use crate::base::duration::parse_go;
use crate::base::json::{list, number, text};
use serde_json::Value;
use std::time::Duration;

/// What becomes of a pod's containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// They run until they are stopped.
    Never,
    /// Their image does not exist.
    BadImage,
    /// They end with an error as soon as they start, again and again.
    Crash,
    /// They end with an error after this time, again and again.
    CrashAfter(Duration),
    /// They end for good with this exit code after this time.
    Exit(Duration, i64),
}

/// What a pod would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub ending: Ending,
    /// From the assignment until the containers run.
    pub start: Duration,
    /// From then on until they are ready.
    pub settle: Duration,
    /// From the request to stop until they have stopped.
    pub stop: Duration,
    /// Whether nobody holds the containers back from being ready.
    pub may_be_ready: bool,
}

/// A container that cannot be pulled or that fails at once shows it after this time, as does a Job's start.
const QUICK: Duration = Duration::from_millis(300);
const CRASH_START: Duration = Duration::from_millis(500);
/// What a Job's container takes beside its `sleep`.
const OVERHEAD: Duration = Duration::from_millis(700);
/// What stopping takes beside the `preStop` hook.
const STOPPING: Duration = Duration::from_millis(200);

/// Reads the script of a pod; `ready_after` is the sandbox's own time to start a container.
pub(super) fn script(pod: &Value, ready_after: Duration) -> Script {
    let ending = ending(pod);
    let (mut start, mut settle) = match ending {
        Ending::BadImage | Ending::Exit(..) => (QUICK, Duration::ZERO),
        Ending::Crash => (CRASH_START, Duration::ZERO),
        _ => (ready_after + hook(pod, "postStart"), probe_delay(pod)),
    };
    if let Some(own) = annotation(pod, "sandbox.switchback.dev/ready-after").and_then(|t| parse_go(t).ok()) {
        (start, settle) = (own, Duration::ZERO);
    }
    Script {
        ending,
        start,
        settle,
        stop: STOPPING + hook(pod, "preStop"),
        may_be_ready: annotation(pod, "sandbox.switchback.dev/ready") != Some("false"),
    }
}

fn ending(pod: &Value) -> Ending {
    let images: Vec<&str> = list(pod, "/spec/containers").iter().map(|c| text(c, "/image")).collect();
    let commands = commands(pod);
    let image = |parts: [&str; 2]| images.iter().any(|i| parts.iter().any(|p| i.contains(p)));
    match annotation(pod, "sandbox.switchback.dev/outcome") {
        Some("crash") => return Ending::Crash,
        Some("bad-image") => return Ending::BadImage,
        Some("run") => return Ending::Never,
        _ => {}
    }
    if image(["does-not-exist", "nonexistent"]) {
        return Ending::BadImage;
    }
    if image(["argo-error", ":error"]) || commands.contains("/bad-command") {
        return Ending::Crash;
    }
    if owners(pod).iter().any(|o| o.kind == "Job") {
        return job(&commands);
    }
    match sleep(&commands) {
        Some((time, rest)) if exit_code(rest.trim_start_matches([';', ' '])) > 0 && rest.starts_with(';') => {
            Ending::CrashAfter(time)
        }
        _ => Ending::Never,
    }
}

fn job(commands: &str) -> Ending {
    if ["sleep infinity", "sleep 365d", "sleep 6000"].iter().any(|long| commands.contains(long)) {
        return Ending::Never;
    }
    let time = sleep(commands).map_or(Duration::ZERO, |(time, _)| time);
    let code = commands.find("exit ").map_or(0, |at| exit_code(commands.get(at..).unwrap_or_default()));
    Ending::Exit(time + OVERHEAD, code)
}

/// All commands and arguments of all containers, as one text.
fn commands(pod: &Value) -> String {
    let words = |c: &Value| {
        let parts = list(c, "/command").iter().chain(list(c, "/args"));
        parts.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    list(pod, "/spec/containers").iter().map(words).collect::<Vec<_>>().join(" ; ")
}

/// The first `sleep N` and the text after it.
fn sleep(commands: &str) -> Option<(Duration, &str)> {
    for (at, word) in commands.match_indices("sleep ") {
        let rest = commands.get(at + word.len()..)?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, rest) = rest.split_at(digits);
        if let Ok(seconds) = number.parse::<u32>() {
            return Some((Duration::from_secs(seconds.into()), rest));
        }
    }
    None
}

/// The code of a text that begins with `exit N`, else 0.
fn exit_code(text: &str) -> i64 {
    let Some(rest) = text.strip_prefix("exit ") else { return 0 };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits).and_then(|d| d.parse::<u8>().ok()).map_or(0, i64::from)
}

/// The longest sleep of one kind of hook: `sleep: {seconds: N}` or `exec: {command: [sleep, "N"]}`.
fn hook(pod: &Value, which: &str) -> Duration {
    let one = |c: &Value| {
        let native =
            number(c, &format!("/lifecycle/{which}/sleep/seconds")).and_then(|s| u64::try_from(s).ok());
        let exec = text(c, &format!("/lifecycle/{which}/exec/command/1")).parse::<u64>().ok();
        native.or(exec).unwrap_or(0)
    };
    Duration::from_secs(list(pod, "/spec/containers").iter().map(one).max().unwrap_or(0))
}

fn probe_delay(pod: &Value) -> Duration {
    let delay =
        |c: &Value| number(c, "/readinessProbe/initialDelaySeconds").and_then(|s| u64::try_from(s).ok());
    Duration::from_secs(list(pod, "/spec/containers").iter().filter_map(delay).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECOND: Duration = Duration::from_secs(1);

    fn of(container: Value, owner: Option<&str>, annotations: Value) -> Script {
        let mut pod = json!({"metadata": {"annotations": annotations}, "spec": {"containers": [container]}});
        if let Some(kind) = owner {
            pod["metadata"]["ownerReferences"] = json!([{"kind": kind, "uid": "u"}]);
        }
        script(&pod, SECOND)
    }

    fn ends(image: &str, command: &str, owner: Option<&str>) -> Ending {
        of(json!({"image": image, "command": ["sh", "-c"], "args": [command]}), owner, json!({})).ending
    }

    #[test]
    fn images_and_commands_tell_the_ending() {
        assert_eq!(ends("nginx", "", None), Ending::Never);
        assert_eq!(ends("x/does-not-exist:1", "", None), Ending::BadImage);
        assert_eq!(ends("nonexistent", "sleep 3 && exit 1", Some("Job")), Ending::BadImage);
        assert_eq!(ends("argoproj/rollouts-demo:error", "", None), Ending::Crash);
        assert_eq!(ends("nginx", "/bad-command", None), Ending::Crash);
        assert_eq!(ends("nginx", "sleep 30; exit 1", None), Ending::CrashAfter(30 * SECOND));
        assert_eq!(ends("nginx", "sleep 30; exit 0", None), Ending::Never);
        assert_eq!(ends("nginx", "sleep 30 && exit 1", None), Ending::Never);
        assert_eq!(ends("b", "sleep 4 && exit 1", Some("Job")), Ending::Exit(4 * SECOND + OVERHEAD, 1));
        assert_eq!(ends("b", "sleep 4 && exit 0", Some("Job")), Ending::Exit(4 * SECOND + OVERHEAD, 0));
        assert_eq!(ends("b", "", Some("Job")), Ending::Exit(OVERHEAD, 0));
        assert_eq!(ends("b", "sleep infinity", Some("Job")), Ending::Never);
        assert_eq!(ends("b", "sleep x; sleep 99999999999; exit", Some("Job")), Ending::Exit(OVERHEAD, 0));
    }

    #[test]
    fn probes_and_hooks_take_time() {
        let container = json!({
            "readinessProbe": {"initialDelaySeconds": 7},
            "lifecycle": {
                "postStart": {"exec": {"command": ["sleep", "3"]}}, "preStop": {"sleep": {"seconds": 4}},
            },
        });
        let told = of(container, None, json!({}));
        assert_eq!((told.start, told.settle), (4 * SECOND, 7 * SECOND));
        assert_eq!(told.stop, 4 * SECOND + STOPPING);
        assert!(told.may_be_ready);
    }

    #[test]
    fn annotations_win() {
        let key = |k: &str| format!("sandbox.switchback.dev/{k}");
        let held = of(
            json!({"image": ":error"}),
            None,
            json!({key("ready"): "false", key("ready-after"): "250ms", key("outcome"): "run"}),
        );
        assert_eq!(held.ending, Ending::Never);
        assert_eq!((held.start, held.settle), (Duration::from_millis(250), Duration::ZERO));
        assert!(!held.may_be_ready);
        let wrong = of(json!({}), None, json!({key("ready-after"): "soon", key("outcome"): "fly"}));
        assert_eq!((wrong.ending, wrong.start), (Ending::Never, SECOND));
    }
}
