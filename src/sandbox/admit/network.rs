//! Decides whether Ingresses are well formed.
//! It never routes anything.

use crate::api::check::at::At;
use crate::field::FieldError;
use crate::names;
use serde_json::Value;

/// The faults of an Ingress.
#[must_use]
pub(crate) fn ingress(object: &Value) -> Vec<FieldError> {
    let spec = At::root(object).field("spec");
    let (rules, backend) = (spec.field("rules"), spec.field("defaultBackend"));
    let mut errors = Vec::new();
    if rules.items().is_empty() && !backend.is_set() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid("spec", Value::Array(Vec::new()), detail));
    }
    if backend.is_set() {
        errors.extend(self::backend(&backend));
    }
    for rule in rules.items() {
        errors.extend(host(&rule.field("host")));
        let http = rule.field("http");
        if !http.is_set() {
            continue;
        }
        let paths = http.field("paths");
        if paths.items().is_empty() {
            errors.push(paths.required(""));
        }
        for path in paths.items() {
            errors.extend(self::path(&path));
        }
    }
    for tls in spec.field("tls").items() {
        for name in tls.field("hosts").items() {
            errors.extend(host(&name));
        }
        let secret = tls.field("secretName");
        if !secret.text().is_empty() {
            errors.extend(secret.named(names::subdomain));
        }
    }
    let class = spec.field("ingressClassName");
    if class.is_set() {
        errors.extend(class.named(names::subdomain));
    }
    errors
}

fn host(host: &At<'_>) -> Vec<FieldError> {
    if host.text().is_empty() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if host.text().parse::<std::net::IpAddr>().is_ok() {
        errors.push(host.invalid("must be a DNS name, not an IP address"));
    }
    let rule = if host.text().contains('*') { names::wildcard } else { names::subdomain };
    errors.extend(host.named(rule));
    errors
}

fn path(path: &At<'_>) -> Vec<FieldError> {
    let (kind, text) = (path.field("pathType"), path.field("path"));
    if !kind.is_set() {
        return vec![kind.required("pathType must be specified")];
    }
    let mut errors = Vec::new();
    let absolute = "must be an absolute path";
    let shown = |detail: &str| FieldError::invalid(text.path.as_str(), text.text(), detail);
    match kind.text() {
        "Exact" | "Prefix" => {
            if !text.text().starts_with('/') {
                errors.push(shown(absolute));
            }
            for wrong in ["//", "/./", "/../", "%2f", "%2F"].iter().filter(|w| text.text().contains(**w)) {
                errors.push(shown(&format!("must not contain '{wrong}'")));
            }
            for wrong in ["/..", "/."].iter().filter(|w| text.text().ends_with(**w)) {
                errors.push(shown(&format!("cannot end with '{wrong}'")));
            }
        }
        "ImplementationSpecific" => {
            if !text.text().is_empty() && !text.text().starts_with('/') {
                errors.push(shown(absolute));
            }
        }
        _ => errors.push(kind.not_supported(&["Exact", "ImplementationSpecific", "Prefix"])),
    }
    errors.extend(backend(&path.field("backend")));
    errors
}

fn backend(backend: &At<'_>) -> Vec<FieldError> {
    let (service, resource) = (backend.field("service"), backend.field("resource"));
    let told = |detail: &str| FieldError::invalid(backend.path.as_str(), "", detail);
    match (service.is_set(), resource.is_set()) {
        (true, true) => vec![told("cannot set both resource and service backends")],
        (false, true) => Vec::new(),
        (false, false) => vec![backend.required("port name or number is required")],
        (true, false) => {
            let mut errors = service.field("name").named_always(names::label_1035);
            let (name, number) = (service.at(&["port", "name"]), service.at(&["port", "number"]));
            match (name.text().is_empty(), number.number().unwrap_or(0)) {
                (false, n) if n != 0 => errors.push(told("cannot set both port name & port number")),
                (false, _) => errors.extend(name.named(names::port_name)),
                (true, 0) => errors.push(backend.required("port name or number is required")),
                (true, _) => errors.extend(number.port()),
            }
            errors
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(spec: Value) -> Vec<String> {
        ingress(&json!({ "spec": spec })).iter().map(FieldError::text).collect()
    }

    #[test]
    fn faults() {
        assert_eq!(
            texts(json!({})),
            ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"]
        );
        let backend = json!({"service": {"name": "s", "port": {"number": 80}}});
        let rule = |path: Value| json!({"rules": [{"http": {"paths": [path]}}]});
        assert!(texts(rule(json!({"path": "/", "pathType": "Prefix", "backend": backend}))).is_empty());
        assert_eq!(
            texts(rule(json!({"path": "x", "pathType": "Exact", "backend": backend}))),
            ["spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path"]
        );
        let missing = texts(rule(json!({"path": "/"})));
        assert_eq!(
            missing,
            ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"]
        );
    }
}
