//! Decides what is wrong with the variables of a container, and with what they are taken from.
//! It never looks at the objects that they are taken from.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::{labels, texts};
use super::paths;
use super::rules::Rules;
use crate::quantity::Quantity;

/// The faults of variables (source: pkg/apis/core/validation/validation.go, `ValidateEnv`).
pub(super) fn variables(env: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for variable in env.items() {
        errors.extend(variable.field("name").named_always(name_rule(rules)));
        let from = variable.field("valueFrom");
        if from.is_set() {
            errors.extend(value_from(&from, variable.field("value").text(), rules));
        }
    }
    errors
}

fn name_rule(rules: Rules) -> texts::Rule {
    if rules.are_new() { texts::env_name } else { texts::strict_env_name }
}

/// (source: pkg/apis/core/validation/validation.go, `validateEnvVarValueFrom`)
fn value_from(from: &At<'_>, value: &str, rules: Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let given = |name: &str| Some(from.field(name)).filter(At::is_set);
    let (field, resource) = (given("fieldRef"), given("resourceFieldRef"));
    let keys = [given("configMapKeyRef"), given("secretKeyRef")];
    let file = given("fileKeyRef");
    errors.extend(field.iter().flat_map(|f| field_ref(f, OF_VARIABLES)));
    errors.extend(resource.iter().flat_map(|r| resource_ref(r, false)));
    errors.extend(keys.iter().flatten().flat_map(key_ref));
    errors.extend(file.iter().flat_map(file_ref));
    let all = [field, resource, file].into_iter().chain(keys).flatten().count();
    let told = |detail: &str| FieldError::invalid(from.path.as_str(), "", detail);
    if all == 0 && rules.are_new() {
        errors.push(told(
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ));
    } else if all == 0 {
        errors.push(told(
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        ));
    } else if !value.is_empty() {
        errors.push(told("may not be specified when `value` is not empty"));
    } else if all > 1 {
        errors.push(told("may not have more than one field specified at a time"));
    }
    errors
}

/// Fields of the pod that a variable may have.
const OF_VARIABLES: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields of the pod that a volume may have.
pub(super) const OF_VOLUMES: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Fields of the pod that are known at all, beside those of variables
/// (source: pkg/apis/core/pods/helpers.go, `ConvertDownwardAPIFieldLabel`).
const KNOWN: &[&str] =
    &["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

/// (source: pkg/apis/core/validation/validation.go, `validateObjectFieldSelector`)
pub(super) fn field_ref(from: &At<'_>, allowed: &[&str]) -> Vec<FieldError> {
    let path = from.field("fieldPath");
    if path.text().is_empty() {
        return vec![path.required("")];
    }
    let unfit = |why: String| vec![path.invalid(&format!("error converting fieldPath: {why}"))];
    let version = from.field("apiVersion").text();
    if !matches!(version, "" | "v1") {
        return unfit(format!("unsupported pod version: {version}"));
    }
    let text = path.text();
    if let Some((map, key)) = subscripted(text) {
        return match map {
            "metadata.annotations" => labels::label_key(&from.path, &key.to_lowercase()),
            "metadata.labels" => labels::label_key(&from.path, key),
            _ => unfit(format!("field label does not support subscript: {text}")),
        };
    }
    let known = if text == "spec.host" { "spec.nodeName" } else { text };
    if !KNOWN.contains(&known) && !OF_VARIABLES.contains(&known) {
        return unfit(format!("field label not supported: {text}"));
    }
    if allowed.contains(&known) {
        return Vec::new();
    }
    vec![FieldError::not_supported(path.path.as_str(), known, allowed)]
}

/// The map and the key of `map['key']`.
fn subscripted(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['").filter(|(map, _)| !map.is_empty())
}

const AMOUNTS: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// (source: pkg/apis/core/validation/validation.go, `validateContainerResourceFieldSelector`)
pub(super) fn resource_ref(from: &At<'_>, of_volume: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let resource = from.field("resource");
    let name = resource.text();
    let is_huge = name.starts_with("requests.hugepages-") || name.starts_with("limits.hugepages-");
    if of_volume && from.field("containerName").text().is_empty() {
        errors.push(from.field("containerName").required(""));
    } else if name.is_empty() {
        errors.push(resource.required(""));
    } else if !AMOUNTS.contains(&name) && !is_huge {
        errors.push(resource.not_supported(AMOUNTS));
    }
    errors.extend(divisor(&from.field("divisor"), name, is_huge));
    errors
}

const DIVISORS: &[&str] =
    &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// (source: pkg/apis/core/validation/validation.go, `validateContainerResourceDivisor`)
fn divisor(divisor: &At<'_>, resource: &str, is_huge: bool) -> Option<FieldError> {
    let amount = Quantity::from_json(divisor.value).ok()?.to_string();
    let (allowed, what) = match resource {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"][..], "the cpu"),
        "limits.memory" | "requests.memory" => (DIVISORS, "the memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => {
            (DIVISORS, "the local ephemeral storage")
        }
        _ if is_huge => (DIVISORS, "the hugepages"),
        _ => return None,
    };
    if amount == "0" || allowed.contains(&amount.as_str()) {
        return None;
    }
    let list = if allowed.len() == 2 { "1m and 1".to_owned() } else { allowed.join(", ") };
    let detail = format!("only divisor's values {list} are supported with {what} resource");
    Some(FieldError::invalid(divisor.path.as_str(), resource, &detail))
}

/// (source: pkg/apis/core/validation/validation.go, `validateSecretKeySelector`)
fn key_ref(from: &At<'_>) -> Vec<FieldError> {
    let name = from.field("name");
    let mut errors: Vec<FieldError> = texts::subdomain(name.text())
        .iter()
        .map(|m| FieldError::invalid(name.path.as_str(), name.text(), m))
        .collect();
    errors.extend(from.field("key").named_always(texts::config_key));
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateFileKeySelector`)
fn file_ref(from: &At<'_>) -> Vec<FieldError> {
    let mut errors = from.field("key").named_always(texts::env_name);
    errors.extend(from.field("volumeName").named_always(texts::label));
    let path = from.field("path");
    if path.text().is_empty() {
        errors.push(path.required(""));
    } else {
        errors.extend(paths::no_way_up(&path));
    }
    errors
}

/// The faults of what a container takes all variables from
/// (source: pkg/apis/core/validation/validation.go, `ValidateEnvFrom`).
pub(super) fn sources(env_from: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for from in env_from.items() {
        if !from.field("prefix").text().is_empty() {
            errors.extend(from.field("prefix").named(name_rule(rules)));
        }
        let given = ["configMapRef", "secretRef"].map(|s| from.field(s)).into_iter().filter(At::is_set);
        let mut count = 0;
        for source in given {
            count += 1;
            let name = source.field("name");
            // A name that is only the beginning of one may end in a hyphen.
            let full = texts::as_if_generated(name.text());
            let wrong = texts::subdomain(&full);
            if name.text().is_empty() {
                errors.push(name.required(""));
            } else {
                errors.extend(wrong.iter().map(|m| name.invalid(m)));
            }
        }
        let told = |detail: &str| FieldError::invalid(env_from.path.as_str(), "", detail);
        match count {
            0 => errors.push(told("must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(told("may not have more than one field specified at a time")),
        }
    }
    errors
}

/// The faults of the volumes that variables are read from
/// (source: pkg/apis/core/validation/validation.go, `validateFileKeyRefVolumes`).
pub(super) fn files(spec: &At<'_>) -> Vec<FieldError> {
    let volumes = spec.field("volumes").items();
    let mut errors = Vec::new();
    for list in ["initContainers", "containers"] {
        for container in spec.field(list).items() {
            for variable in container.field("env").items() {
                let from = variable.at(&["valueFrom", "fileKeyRef"]);
                if !from.is_set() {
                    continue;
                }
                let name = from.field("volumeName");
                match volumes.iter().find(|v| v.field("name").text() == name.text()) {
                    None => errors.push(FieldError::not_found(name.path.as_str(), name.text())),
                    Some(volume) if !volume.field("emptyDir").is_set() => {
                        let detail = "referenced volume must be of type emptyDir";
                        errors.push(FieldError::invalid(name.path.as_str(), name.text(), detail));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    errors
}
