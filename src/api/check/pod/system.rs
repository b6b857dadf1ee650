//! Decides what a pod's operating system does not have, and what of the host's does not go together.
//! It never knows which system a node runs.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::texts;
use serde_json::Value;

/// The containers of a pod, in the order in which Kubernetes visits them.
pub(super) fn containers<'a>(spec: &At<'a>) -> Vec<At<'a>> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.iter().flat_map(|list| spec.field(list).items()).collect()
}

/// The faults of what only one system has
/// (source: pkg/apis/core/validation/validation.go, `validateOS`, `validateLinux`, `validateWindows`).
pub(super) fn system(spec: &At<'_>) -> Vec<FieldError> {
    let system = spec.field("os");
    let name = system.field("name");
    match name.text() {
        _ if !system.is_set() => Vec::new(),
        "" => vec![name.required("")],
        "linux" => linux(spec),
        "windows" => windows(spec),
        other => vec![FieldError::not_supported(system.path.as_str(), other, &["linux", "windows"])],
    }
}

fn linux(spec: &At<'_>) -> Vec<FieldError> {
    let of_containers = containers(spec).into_iter().map(|c| c.at(&["securityContext", "windowsOptions"]));
    let all = std::iter::once(spec.at(&["securityContext", "windowsOptions"])).chain(of_containers);
    let given = all.filter(At::is_set);
    given.map(|o| o.forbidden("windows options cannot be set for a linux pod")).collect()
}

/// What a pod of Windows may not have, in the order in which it is told; those that begin with a point are of its
/// `securityContext`.
const NOT_OF_WINDOWS: &[&str] = &[
    ".appArmorProfile",
    ".seLinuxOptions",
    "hostUsers",
    "hostPID",
    "hostIPC",
    ".seccompProfile",
    ".fsGroup",
    ".fsGroupChangePolicy",
    ".sysctls",
    "shareProcessNamespace",
    ".runAsUser",
    ".runAsGroup",
    ".supplementalGroups",
    ".supplementalGroupsPolicy",
    ".seLinuxChangePolicy",
];

const NOT_OF_CONTAINERS_OF_WINDOWS: &[&str] = &[
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

fn windows(spec: &At<'_>) -> Vec<FieldError> {
    let context = spec.field("securityContext");
    let of_pod = NOT_OF_WINDOWS.iter().map(|name| match name.strip_prefix('.') {
        Some(own) => context.field(own),
        None => spec.field(name),
    });
    let of_containers = containers(spec).into_iter().flat_map(|c| {
        let context = c.field("securityContext");
        NOT_OF_CONTAINERS_OF_WINDOWS.iter().map(move |name| context.field(name)).collect::<Vec<_>>()
    });
    let is_said = |at: &At<'_>| match at.value {
        Value::Bool(says) => *says || at.path.contains("securityContext") || at.path.ends_with("hostUsers"),
        Value::Array(list) => !list.is_empty(),
        other => !other.is_null(),
    };
    let given = of_pod.chain(of_containers).filter(is_said);
    given.map(|at| at.forbidden("cannot be set for a windows pod")).collect()
}

/// The faults of processes of a host of Windows
/// (source: pkg/apis/core/validation/validation.go, `validateWindowsHostProcessPod`).
pub(super) fn host_processes(spec: &At<'_>) -> Vec<FieldError> {
    fn asked<'a>(at: &At<'a>) -> At<'a> {
        at.at(&["securityContext", "windowsOptions", "hostProcess"])
    }
    let of_pod = asked(spec).value.as_bool();
    let all = containers(spec);
    let mut errors = Vec::new();
    let mut count = 0;
    for container in &all {
        let own = asked(container);
        if let (Some(of_pod), Some(of_container)) = (of_pod, own.value.as_bool())
            && of_pod != of_container
        {
            let detail =
                format!("pod hostProcess value must be identical if both are specified, was {of_pod}");
            errors.push(own.invalid(&detail));
        }
        count += usize::from(own.value.as_bool().or(of_pod).unwrap_or(false));
    }
    if count > 0 && count != all.len() {
        let detail =
            "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.push(FieldError::invalid(spec.path.as_str(), "", detail));
    }
    let network = spec.field("hostNetwork");
    if count > 0 && !network.is_true() {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.push(FieldError::invalid(network.path, false, detail));
    }
    errors
}

/// The faults of users of the pod's own beside what it shares with its host
/// (source: pkg/apis/core/validation/validation.go, `validateHostUsers`).
pub(super) fn own_users(spec: &At<'_>) -> Vec<FieldError> {
    if spec.field("hostUsers").value != &Value::Bool(false) {
        return Vec::new();
    }
    let shared = [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")];
    let said = shared.into_iter().filter(|(field, _)| spec.field(field).is_true());
    let mut errors: Vec<FieldError> = said
        .map(|(_, told)| FieldError::forbidden(format!("{}.{told}", spec.path), "when `hostUsers` is false"))
        .collect();
    let devices = containers(spec).into_iter().map(|c| c.field("volumeDevices"));
    let given = devices.filter(|d| !d.items().is_empty());
    errors.extend(given.map(|d| d.forbidden("when `hostUsers` is false")));
    errors
}

/// The faults of options of Windows
/// (source: pkg/apis/core/validation/validation.go, `validateWindowsSecurityContextOptions`).
pub(super) fn windows_options(options: &At<'_>) -> Vec<FieldError> {
    let mut errors = options.field("gmsaCredentialSpecName").named(texts::subdomain);
    let credential = options.field("gmsaCredentialSpec");
    if credential.is_set() && credential.text().is_empty() {
        errors.push(credential.invalid("gmsaCredentialSpec cannot be an empty string"));
    } else if credential.text().len() > 64 * 1024 {
        errors.push(credential.invalid("gmsaCredentialSpec size must be under 64 KiB"));
    }
    let name = options.field("runAsUserName");
    if name.is_set() {
        errors.extend(user(&name));
    }
    errors
}

fn user(name: &At<'_>) -> Vec<FieldError> {
    let told = |what: &str| name.invalid(&format!("runAsUserName{what}"));
    let text = name.text();
    let parts: Vec<&str> = text.split('\\').collect();
    let (domain, user) = match parts.as_slice() {
        _ if text.is_empty() => return vec![told(" cannot be an empty string")],
        _ if text.chars().any(|c| c.is_ascii_control()) => {
            return vec![told(" cannot contain control characters")];
        }
        [user] => ("", *user),
        [domain, user] => (*domain, *user),
        _ => return vec![told(" cannot contain more than one backslash")],
    };
    let mut errors = Vec::new();
    if domain.len() >= 256 {
        errors.push(told("'s Domain length must be under 256 characters"));
    }
    if user.is_empty() {
        errors.push(told("'s User cannot be empty"));
    } else if user.len() > 104 {
        errors.push(told("'s User length must not be longer than 104 characters"));
    }
    if !user.is_empty() && user.chars().all(|c| matches!(c, '.' | ' ')) {
        errors.push(told("'s User cannot contain only periods or spaces"));
    }
    if user.chars().any(|c| "\"/\\:;|=,+*?<>@[]".contains(c)) {
        errors.push(told("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"));
    }
    errors
}
