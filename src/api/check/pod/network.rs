//! Decides what is wrong with the names and addresses that a pod asks for.
//! It never resolves a name.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::texts;
use super::rules::Rules;
use serde_json::Value;

/// An address; leading zeros are let pass, as they always were.
fn address(at: &At<'_>) -> Option<FieldError> {
    let without_zeros = |part: &str| {
        let rest = part.trim_start_matches('0');
        if rest.is_empty() { "0".to_owned() } else { rest.to_owned() }
    };
    let plain: Vec<String> = at.text().split('.').map(without_zeros).collect();
    let fits = at.text().parse::<std::net::Ipv6Addr>().is_ok()
        || (at.text().split('.').all(|p| !p.is_empty())
            && plain.join(".").parse::<std::net::Ipv4Addr>().is_ok());
    let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    (!fits).then(|| FieldError::invalid(at.path.as_str(), at.text(), detail))
}

/// The faults of `dnsConfig` (source: pkg/apis/core/validation/validation.go, `validatePodDNSConfig`).
pub(super) fn dns(spec: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let config = spec.field("dnsConfig");
    let (servers, searches) = (config.field("nameservers"), config.field("searches"));
    if spec.field("dnsPolicy").text() == "None" {
        if !config.is_set() {
            return vec![config.required("must provide `dnsConfig` when `dnsPolicy` is None")];
        }
        if servers.items().is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return vec![servers.required(detail)];
        }
    }
    let mut errors = Vec::new();
    if servers.items().len() > 3 {
        errors.push(servers.invalid("must not have more than 3 nameservers"));
    }
    errors.extend(servers.items().iter().filter_map(address));
    let all = searches.items();
    if all.len() > 32 {
        errors.push(searches.invalid("must not have more than 32 search paths"));
    }
    if all.iter().map(|s| s.text().len() + 1).sum::<usize>() > 2049 {
        let detail = "must not have more than 2048 characters (including spaces) in the search list";
        errors.push(searches.invalid(detail));
    }
    for search in &all {
        if rules.are_new() && search.text() == "." {
            continue;
        }
        let plain = Value::from(search.text().strip_suffix('.').unwrap_or(search.text()));
        let rule = if rules.are_new() { texts::subdomain_with_underscore } else { texts::subdomain };
        errors.extend(At { value: &plain, path: search.path.clone() }.named(rule));
    }
    for option in config.field("options").items() {
        if option.field("name").text().is_empty() {
            errors.push(option.required("must not be empty"));
        }
    }
    errors
}

/// The faults of names that a pod gives addresses
/// (source: pkg/apis/core/validation/validation.go, `ValidateHostAliases`).
pub(super) fn aliases(aliases: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for alias in aliases.items() {
        errors.extend(address(&alias.field("ip")));
        errors.extend(alias.field("hostnames").items().iter().flat_map(|name| name.named(texts::subdomain)));
    }
    errors
}

/// The faults of ports of a pod that is in its node's network
/// (source: pkg/apis/core/validation/validation.go, `validatePodHostNetworkDeps`).
pub(super) fn host_ports(spec: &At<'_>) -> Vec<FieldError> {
    if !spec.field("hostNetwork").is_true() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    for container in spec.field("containers").items() {
        for port in container.field("ports").items() {
            let host = port.field("hostPort");
            let number = host.number().unwrap_or(0);
            if number != 0 && Some(number) != port.field("containerPort").number() {
                errors.push(host.invalid("must match `containerPort` when `hostNetwork` is true"));
            }
        }
    }
    errors
}

/// The faults of a name that a pod gives itself
/// (source: pkg/apis/core/validation/validation.go, `validatePodHostName`).
pub(super) fn host_name(spec: &At<'_>) -> Vec<FieldError> {
    let name = spec.field("hostnameOverride");
    if !name.is_set() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    for field in ["setHostnameAsFQDN", "hostNetwork"] {
        if spec.field(field).is_true() {
            errors.push(name.forbidden(&format!("may not be specified when {field} is true")));
        }
    }
    if name.text().len() > 64 {
        errors.push(FieldError::too_long(name.path.as_str(), 64));
    }
    errors.extend(name.named(texts::subdomain));
    errors
}
