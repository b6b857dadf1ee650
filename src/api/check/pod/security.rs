//! Decides what is wrong with who a pod and its containers are and what they may.
//! It never decides whether a cluster allows it.

use super::super::at::At;
use super::super::field::FieldError;
use super::{profiles, system};
use serde_json::Value;
use std::collections::BTreeSet;

/// The faults of the id of a user or a group.
fn id(id: &At<'_>) -> Option<FieldError> {
    let fits = id.number().is_none_or(|n| (0..=i64::from(i32::MAX)).contains(&n));
    (!fits).then(|| id.invalid("must be between 0 and 2147483647, inclusive"))
}

/// The faults of a pod's `securityContext`
/// (source: pkg/apis/core/validation/validation.go, `validatePodSpecSecurityContext`).
pub(super) fn of_pod(spec: &At<'_>) -> Vec<FieldError> {
    let context = spec.field("securityContext");
    let mut errors = Vec::new();
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        errors.extend(id(&context.field(field)));
    }
    errors.extend(context.field("supplementalGroups").items().iter().filter_map(id));
    let shared = spec.field("shareProcessNamespace");
    if shared.is_true() && spec.field("hostPID").is_true() {
        let told = shared.told(format!("{}.shareProcessNamespace", context.path));
        errors.push(told.invalid("ShareProcessNamespace and HostPID cannot both be enabled"));
    }
    if !context.is_set() {
        return errors;
    }
    errors.extend(settings(&context.field("sysctls"), spec));
    errors.extend(context.field("fsGroupChangePolicy").one_of(&["Always", "OnRootMismatch"]));
    errors.extend(profiles::seccomp(&context.field("seccompProfile")));
    errors.extend(system::windows_options(&context.field("windowsOptions")));
    errors.extend(profiles::app_armor(&context.field("appArmorProfile")));
    errors.extend(context.field("supplementalGroupsPolicy").one_of(&["Merge", "Strict"]));
    errors.extend(context.field("seLinuxChangePolicy").one_of(&["MountOption", "Recursive"]));
    errors
}

const SETTING: &str = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

fn is_setting(name: &str) -> bool {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_part = |part: &str| {
        part.starts_with(is_end)
            && part.ends_with(is_end)
            && part.chars().all(|c| is_end(c) || matches!(c, '-' | '_'))
    };
    name.len() <= 253 && name.split(['.', '/']).all(is_part)
}

/// (source: pkg/apis/core/validation/validation.go, `validateSysctls`)
fn settings(settings: &At<'_>, spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for setting in settings.items() {
        let name = setting.field("name");
        if name.text().is_empty() {
            errors.push(name.required(""));
        } else if !is_setting(name.text()) {
            errors.push(name.invalid(&format!("must have at most 253 characters and match regex {SETTING}")));
        } else if seen.contains(name.text()) {
            errors.push(name.duplicate());
        }
        let text = name.text().replace('/', ".");
        let of_processes = ["kernel.sem", "kernel.shm", "kernel.msg", "fs.mqueue."];
        if spec.field("hostNetwork").is_true() && text.starts_with("net.") {
            errors.push(name.invalid("may not be specified when 'hostNetwork' is true"));
        } else if spec.field("hostIPC").is_true() && of_processes.iter().any(|p| text.starts_with(p)) {
            errors.push(name.invalid("may not be specified when 'hostIPC' is true"));
        }
        seen.insert(name.text());
    }
    errors
}

/// The faults of a container's `securityContext`
/// (source: pkg/apis/core/validation/validation.go, `ValidateSecurityContext`).
pub(super) fn of_container(context: &At<'_>, spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !context.is_set() {
        return errors;
    }
    errors.extend(id(&context.field("runAsUser")));
    errors.extend(id(&context.field("runAsGroup")));
    let proc = context.field("procMount");
    errors.extend(proc.one_of(&["Default", "Unmasked"]));
    let has_users_of_its_own = spec.field("hostUsers").value == &Value::Bool(false);
    if proc.text() == "Unmasked" && !has_users_of_its_own {
        errors.push(proc.invalid("`hostUsers` must be false to use `Unmasked`"));
    }
    errors.extend(profiles::seccomp(&context.field("seccompProfile")));
    if context.field("allowPrivilegeEscalation").value == &Value::Bool(false) {
        let told = |detail: &str| FieldError::invalid_as(context.path.as_str(), &in_words(context), detail);
        if context.field("privileged").is_true() {
            errors.push(told("cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
        }
        let added = context.at(&["capabilities", "add"]);
        let all = added.items().into_iter().filter(|c| c.text() == "CAP_SYS_ADMIN");
        let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
        errors.extend(all.map(|_| told(detail)));
    }
    errors.extend(system::windows_options(&context.field("windowsOptions")));
    errors.extend(profiles::app_armor(&context.field("appArmorProfile")));
    errors
}

/// The fields of a container's `securityContext`, as Kubernetes writes the whole of it.
const FIELDS: &[&str] = &[
    "Capabilities",
    "Privileged",
    "SELinuxOptions",
    "WindowsOptions",
    "RunAsUser",
    "RunAsGroup",
    "RunAsNonRoot",
    "ReadOnlyRootFilesystem",
    "AllowPrivilegeEscalation",
    "ProcMount",
    "SeccompProfile",
    "AppArmorProfile",
];

/// What is told of a whole `securityContext`.
fn in_words(context: &At<'_>) -> String {
    let wire = |name: &str| {
        let rest = name.get(1..).unwrap_or_default();
        let first = name.get(..1).unwrap_or_default().to_lowercase();
        if name == "SELinuxOptions" { "seLinuxOptions".to_owned() } else { format!("{first}{rest}") }
    };
    let told = |name: &&str| {
        let value = context.field(&wire(name)).value;
        let list = |kind: &str| value.get(kind).unwrap_or(&Value::Null).to_string();
        let shown = match (*name, value) {
            ("Capabilities", Value::Object(_)) => {
                format!("{{\"Add\":{},\"Drop\":{}}}", list("add"), list("drop"))
            }
            ("SeccompProfile" | "AppArmorProfile", Value::Object(_)) => profiles::in_words(value),
            _ => value.to_string(),
        };
        format!("\"{name}\":{shown}")
    };
    format!("{{{}}}", FIELDS.iter().map(told).collect::<Vec<_>>().join(","))
}
