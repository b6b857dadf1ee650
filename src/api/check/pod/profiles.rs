//! Decides what is wrong with the profiles of seccomp and AppArmor, in fields and in the annotations of old.
//! It never knows which profiles a node has.

use super::super::at::At;
use super::super::field::FieldError;
use super::paths;
use super::rules::Rules;
use super::system::containers;
use crate::base::go_text::quote;
use serde_json::Value;

const KINDS: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];

/// What is told of a whole profile, as Kubernetes writes it.
pub(super) fn in_words(profile: &Value) -> String {
    let field = |name: &str| profile.get(name).unwrap_or(&Value::Null).to_string();
    format!("{{\"Type\":{},\"LocalhostProfile\":{}}}", field("type"), field("localhostProfile"))
}

/// (source: pkg/apis/core/validation/validation.go, `validateSeccompProfileField`)
pub(super) fn seccomp(profile: &At<'_>) -> Vec<FieldError> {
    if !profile.is_set() {
        return Vec::new();
    }
    let (kind, file) = (profile.field("type"), profile.field("localhostProfile"));
    let mut errors = Vec::new();
    if kind.text().is_empty() {
        errors.push(kind.required("type is required when seccompProfile is set"));
    } else {
        errors.extend(kind.one_of(KINDS));
    }
    match (kind.text(), file.is_set()) {
        ("Localhost", false) => errors.push(file.required("must be set when seccomp type is Localhost")),
        ("Localhost", true) => errors.extend(paths::below(&file)),
        (_, true) => {
            let detail = "can only be set when seccomp type is Localhost";
            errors.push(FieldError::invalid_as(file.path.as_str(), &in_words(profile.value), detail));
        }
        (_, false) => {}
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `ValidateAppArmorProfileField`)
pub(super) fn app_armor(profile: &At<'_>) -> Vec<FieldError> {
    if !profile.is_set() {
        return Vec::new();
    }
    let (kind, file) = (profile.field("type"), profile.field("localhostProfile"));
    let needed = "must be set when AppArmor type is Localhost";
    match kind.text() {
        "Localhost" if !file.is_set() => vec![file.required(needed)],
        "Localhost" => {
            let mut errors = Vec::new();
            if file.text().trim() != file.text() {
                errors.push(file.invalid("must not be padded with whitespace"));
            } else if file.text().is_empty() {
                errors.push(file.required(needed));
            }
            if file.text().len() > 4095 {
                errors.push(FieldError::too_long(file.path.as_str(), 4095));
            }
            errors
        }
        "RuntimeDefault" | "Unconfined" if file.is_set() => {
            vec![file.invalid("can only be set when AppArmor type is Localhost")]
        }
        "RuntimeDefault" | "Unconfined" => Vec::new(),
        "" => vec![kind.required("type is required when appArmorProfile is set")],
        _ => vec![kind.not_supported(KINDS)],
    }
}

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The faults of the annotations that Kubernetes reads
/// (source: pkg/apis/core/validation/validation.go, `ValidatePodSpecificAnnotations`).
pub(super) fn annotations(notes: &At<'_>, spec: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let all = notes.entries();
    if let Some((_, cost)) = all.iter().find(|(key, _)| rules.are_new() && *key == DELETION_COST)
        && cost.text().parse::<i32>().is_err()
    {
        errors.push(cost.invalid("must be a 32bit integer"));
    }
    for (key, note) in &all {
        if *key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            errors.extend(old_seccomp(&note.told_as(&format!("{}.{key}", notes.path))));
        }
    }
    for (key, note) in &all {
        let Some(container) = key.strip_prefix(APP_ARMOR) else { continue };
        if !containers(spec).iter().any(|c| c.field("name").text() == container) {
            errors.push(FieldError::invalid(note.path.as_str(), container, "container not found"));
        }
        let profile = note.text();
        if !matches!(profile, "" | "runtime/default" | "unconfined") && !profile.starts_with("localhost/") {
            errors.push(note.invalid(&format!("invalid AppArmor profile name: {}", quote(profile))));
        }
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `ValidateSeccompProfile`)
fn old_seccomp(note: &At<'_>) -> Vec<FieldError> {
    match note.text() {
        "runtime/default" | "docker/default" | "unconfined" => Vec::new(),
        text => match text.strip_prefix("localhost/") {
            Some(file) => {
                let file = Value::from(file);
                paths::below(&At { value: &file, path: note.path.clone() })
            }
            None => vec![note.invalid("must be a valid seccomp profile")],
        },
    }
}

/// How an annotation and a field of one profile disagree: the field that is told, and what of it.
fn differs(note: &str, profile: &At<'_>, defaults: &[&str], what: &str) -> Option<FieldError> {
    let kind = || {
        let detail = format!("{what} type in annotation and field must match");
        Some(profile.field("type").forbidden(&detail))
    };
    let file = profile.field("localhostProfile");
    match profile.field("type").text() {
        "Unconfined" if note != "unconfined" => kind(),
        "RuntimeDefault" if !defaults.contains(&note) => kind(),
        "Localhost" => match note.strip_prefix("localhost/") {
            None => kind(),
            Some(named) if named != file.text() || !file.is_set() => {
                Some(file.forbidden(&format!("{what} profile in annotation and field must match")))
            }
            Some(_) => None,
        },
        _ => None,
    }
}

/// The faults of profiles that an annotation and a field name in different ways (source:
/// pkg/apis/core/validation/validation.go, `validateSeccompAnnotationsAndFields` and that of AppArmor).
pub(super) fn told_twice(notes: &At<'_>, spec: &At<'_>) -> Vec<FieldError> {
    let note = |key: &str| notes.value.get(key).and_then(Value::as_str);
    let mut errors = Vec::new();
    if note(SECCOMP_POD).is_none() && notes.entries().iter().all(|(k, _)| !k.starts_with("container.")) {
        return errors;
    }
    let (seccomp_defaults, of_pod) = (["runtime/default", "docker/default"], spec.field("securityContext"));
    let profile = of_pod.field("seccompProfile");
    if let Some(text) = note(SECCOMP_POD) {
        errors.extend(differs(text, &profile, &seccomp_defaults, "seccomp"));
    }
    let all = containers(spec);
    for container in &all {
        let text = note(&format!("{SECCOMP_CONTAINER}{}", container.field("name").text()));
        let own = container.at(&["securityContext", "seccompProfile"]);
        errors.extend(text.and_then(|text| differs(text, &own, &seccomp_defaults, "seccomp")));
    }
    if spec.at(&["os", "name"]).text() == "windows" {
        return errors;
    }
    for container in &all {
        let Some(text) = note(&format!("{APP_ARMOR}{}", container.field("name").text())) else { continue };
        let own = container.at(&["securityContext", "appArmorProfile"]);
        let told = own.path.clone();
        let profile = if own.is_set() { own } else { of_pod.field("appArmorProfile").told(told) };
        errors.extend(differs(text, &profile, &["runtime/default"], "apparmor"));
    }
    errors
}
