//! Decides what is wrong with the ports of containers.
//! It never decides whether a port of a node is free.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::texts;
use std::collections::BTreeSet;

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

/// The faults of a container's ports (source: pkg/apis/core/validation/validation.go, `validateContainerPorts`).
pub(super) fn ports(ports: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let name = port.field("name");
        if !name.text().is_empty() {
            let wrong = name.named(texts::port_name);
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
        errors.extend(port.field("protocol").one_of_or_none(PROTOCOLS));
    }
    errors
}

/// Ports of the node that containers ask for twice
/// (source: pkg/apis/core/validation/validation.go, `checkHostPortConflicts`).
pub(super) fn taken_twice(containers: &[At<'_>]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for container in containers {
        for port in container.field("ports").items() {
            let number = port.field("hostPort");
            let Some(n) = number.number().filter(|n| *n != 0) else { continue };
            let protocol = Some(port.field("protocol").text()).filter(|p| !p.is_empty()).unwrap_or("TCP");
            let all = format!("{protocol}/{}/{n}", port.field("hostIP").text());
            if !seen.insert(all.clone()) {
                errors.push(FieldError::duplicate(number.path, all));
            }
        }
    }
    errors
}

/// The same of one container, told as if it were the first of `list`, as Kubernetes does.
pub(super) fn taken_twice_alone(container: &At<'_>, list: &At<'_>) -> Vec<FieldError> {
    taken_twice(&[container.told_as(&format!("{}[0]", list.path))])
}
