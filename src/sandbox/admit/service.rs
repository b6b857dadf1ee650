//! Decides whether a Service is well formed, and what its type needs.
//! It never gives it an address or a port; `assign` does.

use super::metadata;
use crate::api::check::at::At;
use crate::base::json::{list, text};
use crate::field::FieldError;
use crate::names;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn is_headless(service: &Value) -> bool {
    text(service, "/spec/clusterIP") == "None"
}

pub(super) fn is_external_name(service: &Value) -> bool {
    text(service, "/spec/type") == "ExternalName"
}

pub(super) fn is_load_balancer(service: &Value) -> bool {
    text(service, "/spec/type") == "LoadBalancer"
}

/// `None` is an address, too.
pub(super) fn needs_address(service: &Value) -> bool {
    !is_external_name(service)
}

pub(super) fn needs_health_port(service: &Value) -> bool {
    is_load_balancer(service) && text(service, "/spec/externalTrafficPolicy") == "Local"
}

pub(super) fn is_reached_from_outside(service: &Value) -> bool {
    match text(service, "/spec/type") {
        "NodePort" | "LoadBalancer" => true,
        "ClusterIP" => !list(service, "/spec/externalIPs").is_empty(),
        _ => false,
    }
}

pub(super) fn needs_node_ports(service: &Value) -> bool {
    match text(service, "/spec/type") {
        "NodePort" => true,
        "LoadBalancer" => {
            let wanted = service.pointer("/spec/allocateLoadBalancerNodePorts").and_then(Value::as_bool);
            wanted.unwrap_or(true)
        }
        _ => false,
    }
}

/// The faults of a Service.
#[must_use]
pub(crate) fn check(service: &Value) -> Vec<FieldError> {
    let spec = At::root(service).field("spec");
    let headless = is_headless(service);
    let kind = spec.field("type");
    let mut errors = Vec::new();
    if spec.field("ports").items().is_empty() && !headless && kind.text() != "ExternalName" {
        errors.push(spec.field("ports").required(""));
    }
    match kind.text() {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {} services", kind.text());
            errors.push(FieldError::invalid("spec.clusterIPs[0]", "None", &detail));
        }
        "ExternalName" => errors.extend(external_name(&spec)),
        _ => {}
    }
    errors.extend(ports(&spec.field("ports")));
    errors.extend(metadata::labels(&spec.field("selector")));
    errors.extend(spec.field("sessionAffinity").one_of(&["ClientIP", "None"]));
    let affinity = spec.field("sessionAffinityConfig");
    if spec.field("sessionAffinity").text() == "None" && affinity.is_set() {
        errors.push(affinity.forbidden("must not be set when session affinity is None"));
    }
    errors.extend(addresses(&spec));
    errors.extend(kind.one_of(&["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]));
    errors.extend(unique_ports(&spec));
    let external = spec.field("externalTrafficPolicy");
    if is_reached_from_outside(service) {
        errors.extend(external.one_of(&["Cluster", "Local"]));
    } else if external.is_set() {
        errors.push(external.invalid("may only be set for externally-accessible services"));
    }
    errors.extend(spec.field("internalTrafficPolicy").one_of(&["Cluster", "Local"]));
    let distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    errors.extend(spec.field("trafficDistribution").one_of(&distributions));
    errors
}

fn external_name(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if spec.field(field).is_set() {
            errors.push(spec.field(field).forbidden("may not be set for ExternalName services"));
        }
    }
    let name = spec.field("externalName");
    let bare = name.text().trim_end_matches('.');
    if bare.is_empty() {
        errors.push(name.required(""));
    } else {
        let wrong = names::subdomain(bare);
        errors.extend(wrong.iter().map(|m| FieldError::invalid(name.path.as_str(), bare, m)));
    }
    errors
}

fn ports(ports: &At<'_>) -> Vec<FieldError> {
    let items = ports.items();
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for port in &items {
        let name = port.field("name");
        if name.text().is_empty() {
            if items.len() > 1 {
                errors.push(name.required(""));
            }
        } else {
            errors.extend(name.named(names::label));
            if !seen.insert(name.text()) {
                errors.push(name.duplicate());
            }
        }
        errors.extend(port.field("port").port());
        errors.extend(port.field("protocol").one_of(&["SCTP", "TCP", "UDP"]));
        if port.field("targetPort").is_set() {
            errors.extend(port.field("targetPort").port_or_name());
        }
    }
    errors
}

fn addresses(spec: &At<'_>) -> Vec<FieldError> {
    if spec.field("type").text() == "ExternalName" {
        return Vec::new();
    }
    let (one, all) = (spec.field("clusterIP").text(), spec.field("clusterIPs"));
    let items = all.items();
    let mut errors = Vec::new();
    if !one.is_empty() && items.first().is_some_and(|first| first.text() != one) {
        errors.push(all.invalid("first value must match `clusterIP`"));
    }
    for address in items.iter().filter(|a| a.text() != "None") {
        if address.text().parse::<std::net::IpAddr>().is_err() {
            errors.push(address.invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
        }
    }
    errors
}

fn unique_ports(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let items = spec.field("ports").items();
    let node = |port: &At<'_>| port.field("nodePort").number().filter(|n| *n != 0);
    if spec.field("type").text() == "ClusterIP" {
        for port in items.iter().filter(|p| node(p).is_some()) {
            errors.push(port.field("nodePort").forbidden("may not be used when `type` is 'ClusterIP'"));
        }
    }
    let mut seen = BTreeSet::new();
    for port in &items {
        if node(port).is_some_and(|n| !seen.insert((port.field("protocol").text(), n))) {
            errors.push(port.field("nodePort").duplicate());
        }
    }
    let mut seen = BTreeSet::new();
    for port in &items {
        let (protocol, number) = (port.field("protocol").text(), port.field("port").number().unwrap_or(0));
        if !seen.insert((protocol, number)) {
            let shown = json!({"Name": "", "Protocol": protocol, "AppProtocol": null, "Port": number,
                "TargetPort": 0, "NodePort": 0});
            errors.push(FieldError::duplicate(port.path.as_str(), shown));
        }
    }
    errors
}

/// The faults of a changed Service.
#[must_use]
pub(crate) fn change(service: &Value, live: &Value) -> Vec<FieldError> {
    let either = |test: fn(&Value) -> bool| test(service) || test(live);
    if either(is_external_name) || (is_headless(service) && is_headless(live)) {
        return Vec::new();
    }
    let (new, old) = (list(service, "/spec/clusterIPs"), list(live, "/spec/clusterIPs"));
    let shown = Value::from(new.to_vec());
    match (new.first(), old.first()) {
        (None, Some(_)) => {
            vec![FieldError::invalid("spec.clusterIPs[0]", shown, "primary clusterIP can not be unset")]
        }
        (Some(new), Some(old)) if new != old => {
            vec![FieldError::invalid("spec.clusterIPs[0]", shown, "may not change once set")]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(spec: Value) -> Value {
        json!({"metadata": {"name": "s"}, "spec": spec})
    }

    #[test]
    fn faults() {
        let texts =
            |spec: Value| -> Vec<String> { check(&service(spec)).iter().map(FieldError::text).collect() };
        assert_eq!(texts(json!({"type": "ClusterIP"})), ["spec.ports: Required value"]);
        assert_eq!(
            texts(json!({"type": "ClusterIP", "ports": [{"port": 0, "protocol": "TCP"}]})),
            ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]
        );
        let two = json!({"type": "X", "ports": [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]});
        assert_eq!(
            texts(two),
            [
                "spec.ports[1].name: Duplicate value: \"a\"",
                "spec.type: Unsupported value: \"X\": supported values: \"ClusterIP\", \"ExternalName\", \
                 \"LoadBalancer\", \"NodePort\""
            ]
        );
    }
}
