//! Decides what is wrong with the probes and hooks of a container.
//! It never decides what a probe would find.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::texts;
use super::rules::Rules;
use super::whole::Pod;
use serde_json::Value;

/// What handlers are looked at with.
#[derive(Clone, Copy)]
struct Around {
    /// Seconds a pod gets to end; none when it is not known.
    grace: Option<i64>,
    rules: Rules,
}

/// The faults of a container's hooks and probes.
pub(super) fn all(container: &At<'_>, pod: &Pod<'_, '_>) -> Vec<FieldError> {
    let grace = pod.spec.field("terminationGracePeriodSeconds").number().unwrap_or(30);
    let around = Around { grace: Some(grace), rules: pod.rules };
    let mut errors = Vec::new();
    let lifecycle = container.field("lifecycle");
    for hook in ["postStart", "preStop"] {
        let hook = lifecycle.field(hook);
        if hook.is_set() {
            errors.extend(handler(&hook, &["exec", "httpGet", "tcpSocket", "sleep"], around));
        }
    }
    errors.extend(signal(&lifecycle.field("stopSignal"), pod.spec));
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        errors.extend(probe(&container.field(kind), kind != "readinessProbe", around));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateProbe` and those that call it)
fn probe(probe: &At<'_>, succeeds_once: bool, around: Around) -> Vec<FieldError> {
    if !probe.is_set() {
        return Vec::new();
    }
    let mut errors = handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], around);
    let numbers =
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
    for number in numbers {
        errors.extend(probe.field(number).not_negative());
    }
    let grace = probe.field("terminationGracePeriodSeconds");
    if grace.number().is_some_and(|n| n <= 0) {
        errors.push(grace.invalid("must be greater than 0"));
    }
    let threshold = probe.field("successThreshold");
    if !succeeds_once && grace.is_set() {
        errors.push(grace.invalid("must not be set for readinessProbes"));
    } else if succeeds_once && threshold.number().is_some_and(|n| n != 1 && n != 0) {
        errors.push(threshold.invalid("must be 1"));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateHandler`)
fn handler(hook: &At<'_>, kinds: &[&str], around: Around) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut is_given = false;
    for kind in kinds {
        let action = hook.field(kind);
        if !action.is_set() {
            continue;
        }
        if is_given {
            errors.push(action.forbidden("may not specify more than 1 handler type"));
            continue;
        }
        is_given = true;
        match *kind {
            "exec" if action.field("command").items().is_empty() => {
                errors.push(action.field("command").required(""));
            }
            "httpGet" => errors.extend(request(&action)),
            "tcpSocket" => errors.extend(number_or_name(&action.field("port"))),
            "grpc" => errors.extend(action.field("port").port_or_zero()),
            "sleep" => errors.extend(sleep(&action, around)),
            _ => {}
        }
    }
    if !is_given {
        errors.push(hook.required("must specify a handler type"));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateHTTPGetAction`)
fn request(action: &At<'_>) -> Vec<FieldError> {
    // The server fills in the path only where there is none.
    let mut errors = number_or_name(&action.field("port"));
    errors.extend(action.field("scheme").one_of_or_none(&["HTTP", "HTTPS"]));
    let headers = action.field("httpHeaders");
    for header in headers.items() {
        let name = header.field("name").text();
        let wrong = texts::header_name(name);
        errors.extend(wrong.iter().map(|m| FieldError::invalid(headers.path.as_str(), name, m)));
    }
    errors
}

/// A port by its number or its name; none is port 0 (source: pkg/apis/core/validation/validation.go,
/// `ValidatePortNumOrName`).
fn number_or_name(port: &At<'_>) -> Vec<FieldError> {
    match port.value {
        Value::String(_) => port.port_or_name(),
        _ => port.port_or_zero().into_iter().collect(),
    }
}

/// (source: pkg/apis/core/validation/validation.go, `validateSleepAction`)
fn sleep(action: &At<'_>, around: Around) -> Option<FieldError> {
    let seconds = action.field("seconds").number().unwrap_or(0);
    let grace = around.grace?;
    let least = if around.rules.are_new() { 0 } else { 1 };
    if (least..=grace).contains(&seconds) {
        return None;
    }
    let detail = if around.rules.are_new() {
        format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})")
    } else {
        format!(
            "must be greater than 0 and less than terminationGracePeriodSeconds ({grace}). Enable \
             AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
        )
    };
    Some(FieldError::invalid(action.path.as_str(), seconds, &detail))
}

/// Signals of Linux, in the order of their names.
const SIGNALS: &str = "SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL \
    SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGRTMAX SIGRTMAX-1 SIGRTMAX-10 SIGRTMAX-11 SIGRTMAX-12 SIGRTMAX-13 \
    SIGRTMAX-14 SIGRTMAX-2 SIGRTMAX-3 SIGRTMAX-4 SIGRTMAX-5 SIGRTMAX-6 SIGRTMAX-7 SIGRTMAX-8 SIGRTMAX-9 SIGRTMIN \
    SIGRTMIN+1 SIGRTMIN+10 SIGRTMIN+11 SIGRTMIN+12 SIGRTMIN+13 SIGRTMIN+14 SIGRTMIN+15 SIGRTMIN+2 SIGRTMIN+3 \
    SIGRTMIN+4 SIGRTMIN+5 SIGRTMIN+6 SIGRTMIN+7 SIGRTMIN+8 SIGRTMIN+9 SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM \
    SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ";

/// (source: pkg/apis/core/validation/validation.go, `validateStopSignal`)
fn signal(signal: &At<'_>, spec: &At<'_>) -> Option<FieldError> {
    if !signal.is_set() {
        return None;
    }
    let system = spec.field("os");
    match system.field("name").text() {
        _ if !system.is_set() => {
            Some(signal.forbidden("may not be set for containers with empty `spec.os.name`"))
        }
        "windows" => signal.one_of(&["SIGKILL", "SIGTERM"]),
        "linux" => signal.one_of(&SIGNALS.split_whitespace().collect::<Vec<_>>()),
        _ => None,
    }
}
