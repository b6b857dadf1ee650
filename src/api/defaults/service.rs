//! Decides the defaults of what carries traffic: Service, Endpoints, EndpointSlice, NetworkPolicy, IngressClass.
//! It never allocates cluster IPs or node ports.

use super::fill::{Fields, is_empty_list, made, object, objects, pointer, str_at, text};
use serde_json::{Value, json};

/// A Service in a cluster whose only address family is IPv4
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_Service`).
pub(super) fn service(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    text(spec, "type", "ClusterIP");
    text(spec, "sessionAffinity", "None");
    match str_at(spec, "sessionAffinity") {
        "ClientIP" => {
            let config = made(spec, "sessionAffinityConfig").and_then(|config| made(config, "clientIP"));
            if let Some(client) = config {
                pointer(client, "timeoutSeconds", 10_800.into());
            }
        }
        _ => drop(spec.remove("sessionAffinityConfig")),
    }
    for port in objects(spec, "ports") {
        service_port(port);
    }
    let kind = str_at(spec, "type").to_owned();
    if kind == "ExternalName" {
        return;
    }
    let outside = matches!(kind.as_str(), "NodePort" | "LoadBalancer");
    if outside || !is_empty_list(spec, "externalIPs") {
        text(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        pointer(spec, "allocateLoadBalancerNodePorts", true.into());
    }
    pointer(spec, "internalTrafficPolicy", "Cluster".into());
    families(spec);
}

fn service_port(port: &mut Fields) {
    text(port, "protocol", "TCP");
    let own = port.get("port").cloned().unwrap_or_else(|| 0.into());
    if port.get("targetPort").is_none_or(|t| t.is_null() || t == "" || t == 0) {
        port.insert("targetPort".to_owned(), own);
    }
}

/// A headless Service without a selector may have addresses of both families.
fn families(spec: &mut Fields) {
    let headless = str_at(spec, "clusterIP") == "None";
    let selects = object(spec, "selector").is_some_and(|s| !s.is_empty());
    let (policy, families) = if headless && !selects {
        ("RequireDualStack", json!(["IPv4", "IPv6"]))
    } else {
        ("SingleStack", json!(["IPv4"]))
    };
    if is_empty_list(spec, "ipFamilies") {
        spec.insert("ipFamilies".to_owned(), families);
    }
    pointer(spec, "ipFamilyPolicy", policy.into());
    if headless && is_empty_list(spec, "clusterIPs") {
        spec.insert("clusterIPs".to_owned(), json!(["None"]));
    }
}

/// An Endpoints object (source: pkg/apis/core/v1/defaults.go, `SetDefaults_Endpoints`).
pub(super) fn endpoints(fields: &mut Fields) {
    for subset in objects(fields, "subsets") {
        for port in objects(subset, "ports") {
            text(port, "protocol", "TCP");
        }
    }
}

/// An EndpointSlice (source: pkg/apis/discovery/v1/defaults.go, `SetDefaults_EndpointPort`).
pub(super) fn endpoint_slice(fields: &mut Fields) {
    for endpoint in objects(fields, "endpoints") {
        pointer(endpoint, "conditions", json!({}));
    }
    for port in objects(fields, "ports") {
        pointer(port, "name", "".into());
        pointer(port, "protocol", "TCP".into());
    }
}

/// A NetworkPolicy: without a word on types it rules what comes in, and what goes out if it has such rules
/// (source: pkg/apis/networking/v1/defaults.go, `SetDefaults_NetworkPolicy`).
pub(super) fn network_policy(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "podSelector", json!({}));
    for list in ["ingress", "egress"] {
        if spec.get(list).is_some_and(|rules| rules == &json!([])) {
            spec.remove(list);
        }
        for rule in objects(spec, list) {
            for port in objects(rule, "ports") {
                pointer(port, "protocol", "TCP".into());
            }
        }
    }
    if is_empty_list(spec, "policyTypes") {
        let mut types = vec![Value::from("Ingress")];
        if !is_empty_list(spec, "egress") {
            types.push("Egress".into());
        }
        spec.insert("policyTypes".to_owned(), types.into());
    }
}

/// An IngressClass (source: pkg/apis/networking/v1/defaults.go, `SetDefaults_IngressClass`).
pub(super) fn ingress_class(fields: &mut Fields) {
    if let Some(parameters) = object(fields, "spec").and_then(|spec| object(spec, "parameters")) {
        pointer(parameters, "scope", "Cluster".into());
    }
}
