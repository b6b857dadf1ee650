//! Decides whether the containers of a pod are well formed: names, images, ports, variables, mounts, probes.
//! It never looks at the rest of the pod, but for the names of its volumes.

use super::at::At;
use super::resources;
use crate::field::FieldError;
use crate::names;
use std::collections::BTreeSet;

/// The faults of the containers of a pod (`list` names the list, such as `containers`).
#[must_use]
pub(crate) fn all(containers: &At<'_>, volumes: &BTreeSet<&str>) -> Vec<FieldError> {
    let items = containers.items();
    if items.is_empty() {
        return vec![containers.required("")];
    }
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for container in &items {
        errors.extend(one(container, volumes));
        if !seen.insert(container.field("name").text()) {
            errors.push(container.field("name").duplicate());
        }
        errors.extend(hooks(container));
    }
    errors.extend(host_ports(containers));
    errors
}

/// The faults of the init containers of a pod.
#[must_use]
pub(crate) fn init(containers: &At<'_>, regular: &At<'_>, volumes: &BTreeSet<&str>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let regular = regular.items();
    let mut seen: BTreeSet<&str> = regular.iter().map(|c| c.field("name").text()).collect();
    for container in containers.items() {
        errors.extend(one(&container, volumes));
        let name = container.field("name");
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
        if container.field("restartPolicy").text() == "Always" {
            errors.extend(hooks(&container));
            continue;
        }
        for hook in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            let hook = container.field(hook);
            if hook.is_set() {
                errors
                    .push(hook.forbidden("may not be set for init containers without restartPolicy=Always"));
            }
        }
    }
    errors
}

fn one(container: &At<'_>, volumes: &BTreeSet<&str>) -> Vec<FieldError> {
    let mut errors = container.field("name").named_always(names::label);
    if container.field("image").text().is_empty() {
        errors.push(container.field("image").required(""));
    }
    let policies = ["File", "FallbackToLogsOnError"];
    errors.extend(container.field("terminationMessagePolicy").one_of(&policies));
    errors.extend(ports(&container.field("ports")));
    errors.extend(variables(&container.field("env")));
    errors.extend(sources(&container.field("envFrom")));
    errors.extend(mounts(&container.field("volumeMounts"), volumes));
    errors.extend(container.field("imagePullPolicy").one_of(&["Always", "IfNotPresent", "Never"]));
    errors.extend(resources::check(&container.field("resources")));
    errors
}

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

fn ports(ports: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let name = port.field("name");
        if !name.text().is_empty() {
            let wrong = name.named(names::port_name);
            if wrong.is_empty() && !seen.insert(name.text()) {
                errors.push(name.duplicate());
            }
            errors.extend(wrong);
        }
        let number = port.field("containerPort");
        if number.number().unwrap_or(0) == 0 {
            errors.push(number.required(""));
        } else {
            errors.extend(number.port());
        }
        let host = port.field("hostPort");
        if host.number().unwrap_or(0) != 0 {
            errors.extend(host.port());
        }
        errors.extend(port.field("protocol").one_of(PROTOCOLS));
    }
    errors
}

/// Ports of the node that two containers ask for.
fn host_ports(containers: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for container in containers.items() {
        for port in container.field("ports").items() {
            let number = port.field("hostPort");
            let Some(n) = number.number().filter(|n| *n != 0) else { continue };
            let (protocol, ip) = (port.field("protocol").text(), port.field("hostIP").text());
            let all = format!("{protocol}/{ip}/{n}");
            if !seen.insert(all.clone()) {
                errors.push(FieldError::duplicate(number.path, all));
            }
        }
    }
    errors
}

fn variables(env: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for variable in env.items() {
        errors.extend(variable.field("name").named_always(names::env_name));
        let from = variable.field("valueFrom");
        if from.is_set() {
            errors.extend(value_from(&from, variable.field("value").text()));
        }
    }
    errors
}

fn value_from(from: &At<'_>, value: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut given = 0;
    for source in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        let source = from.field(source);
        if !source.is_set() {
            continue;
        }
        given += 1;
        errors.extend(value_source(&source));
    }
    let told = |detail: &str| FieldError::invalid(from.path.as_str(), "", detail);
    if given == 0 {
        errors.push(told(
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        ));
    } else if !value.is_empty() {
        errors.push(told("may not be specified when `value` is not empty"));
    } else if given > 1 {
        errors.push(told("may not have more than one field specified at a time"));
    }
    errors
}

fn value_source(source: &At<'_>) -> Vec<FieldError> {
    let kind = source.path.rsplit('.').next().unwrap_or_default();
    match kind {
        "configMapKeyRef" | "secretKeyRef" => {
            let mut errors = Vec::new();
            if source.field("name").text().is_empty() {
                errors.push(source.field("name").required(""));
            }
            errors.extend(source.field("key").named_always(names::config_key));
            errors
        }
        "fieldRef" if source.field("fieldPath").text().is_empty() => {
            vec![source.field("fieldPath").required("")]
        }
        "resourceFieldRef" if source.field("resource").text().is_empty() => {
            vec![source.field("resource").required("")]
        }
        _ => Vec::new(),
    }
}

fn sources(env_from: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for from in env_from.items() {
        if !from.field("prefix").text().is_empty() {
            errors.extend(from.field("prefix").named(names::env_name));
        }
        let mut given = 0;
        for source in ["configMapRef", "secretRef"] {
            let source = from.field(source);
            if source.is_set() {
                given += 1;
                errors.extend(source.field("name").named_always(names::subdomain));
            }
        }
        let told = |detail: &str| FieldError::invalid(env_from.path.as_str(), "", detail);
        match given {
            0 => errors.push(told("must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(told("may not have more than one field specified at a time")),
        }
    }
    errors
}

fn mounts(mounts: &At<'_>, volumes: &BTreeSet<&str>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for mount in mounts.items() {
        let name = mount.field("name");
        if name.text().is_empty() {
            errors.push(name.required(""));
        }
        if !volumes.contains(name.text()) {
            errors.push(FieldError::not_found(name.path.as_str(), name.text()));
        }
        let path = mount.field("mountPath");
        if path.text().is_empty() {
            errors.push(path.required(""));
        }
        if !seen.insert(path.text()) {
            errors.push(path.invalid("must be unique"));
        }
    }
    errors
}

fn hooks(container: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for hook in ["postStart", "preStop"] {
        let hook = container.at(&["lifecycle", hook]);
        if hook.is_set() {
            errors.extend(handler(&hook));
        }
    }
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        errors.extend(probe(&container.field(kind), kind != "readinessProbe"));
    }
    errors
}

fn probe(probe: &At<'_>, succeeds_once: bool) -> Vec<FieldError> {
    if !probe.is_set() {
        return Vec::new();
    }
    let mut errors = handler(probe);
    let numbers =
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
    for number in numbers {
        errors.extend(probe.field(number).not_negative());
    }
    let grace = probe.field("terminationGracePeriodSeconds");
    if grace.number().is_some_and(|n| n <= 0) {
        errors.push(grace.invalid("must be greater than 0"));
    }
    if succeeds_once {
        let threshold = probe.field("successThreshold");
        if threshold.number().is_some_and(|n| n != 1) {
            errors.push(threshold.invalid("must be 1"));
        }
    } else if grace.is_set() {
        errors.push(grace.invalid("must not be set for readinessProbes"));
    }
    errors
}

fn handler(hook: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut given = 0;
    for kind in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let action = hook.field(kind);
        if !action.is_set() {
            continue;
        }
        if given > 0 {
            errors.push(action.forbidden("may not specify more than 1 handler type"));
            continue;
        }
        given += 1;
        match kind {
            "exec" if action.field("command").items().is_empty() => {
                errors.push(action.field("command").required(""));
            }
            "httpGet" => {
                if action.field("path").text().is_empty() {
                    errors.push(action.field("path").required(""));
                }
                errors.extend(action.field("port").port_or_name());
                errors.extend(action.field("scheme").one_of(&["HTTP", "HTTPS"]));
            }
            "tcpSocket" | "grpc" => errors.extend(action.field("port").port_or_name()),
            _ => {}
        }
    }
    if given == 0 {
        errors.push(hook.required("must specify a handler type"));
    }
    errors
}
