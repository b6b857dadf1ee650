//! Decides whether a Service is well formed, and which addresses and node ports it gets.
//! It never routes anything.

use super::at::At;
use super::metadata;
use crate::base::json::{self, list, text};
use crate::chance::Chance;
use crate::field::FieldError;
use crate::names;
use crate::object;
use crate::refuse::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The first two parts of every service address: 10.96.0.0/16.
const NETWORK: (u8, u8) = (10, 96);
const PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

fn is_headless(service: &Value) -> bool {
    text(service, "/spec/clusterIP") == "None"
}

fn is_external_name(service: &Value) -> bool {
    text(service, "/spec/type") == "ExternalName"
}

fn needs_node_ports(service: &Value) -> bool {
    match text(service, "/spec/type") {
        "NodePort" => true,
        "LoadBalancer" => {
            let wanted = service.pointer("/spec/allocateLoadBalancerNodePorts").and_then(Value::as_bool);
            wanted.unwrap_or(true)
        }
        _ => false,
    }
}

/// What other Services hold.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Addresses.
    pub addresses: BTreeSet<String>,
    /// Node ports.
    pub ports: BTreeSet<i64>,
}

impl Taken {
    /// Adds what `service` holds.
    pub(crate) fn add(&mut self, service: &Value) {
        self.addresses
            .extend(list(service, "/spec/clusterIPs").iter().filter_map(Value::as_str).map(str::to_owned));
        let ports = list(service, "/spec/ports").iter().filter_map(|p| json::number(p, "/nodePort"));
        self.ports.extend(ports.filter(|p| *p > 0));
    }
}

/// Fills in the addresses and ports that the server gives; what `live` holds stays.
///
/// # Errors
/// 422 for an address or port that is taken or outside the range.
pub(crate) fn allocate(
    service: &mut Value,
    live: Option<&Value>,
    taken: &Taken,
    chance: &mut Chance,
) -> Result<(), Refusal> {
    if let Some(live) = live {
        keep(service, live);
    }
    if is_external_name(service) {
        return Ok(());
    }
    if is_headless(service) && list(service, "/spec/clusterIPs").is_empty() {
        object::fields_mut(service, "spec").insert("clusterIPs".to_owned(), json!(["None"]));
    }
    let spec = object::fields_mut(service, "spec");
    spec.entry("ipFamilies").or_insert_with(|| json!(["IPv4"]));
    spec.entry("ipFamilyPolicy").or_insert_with(|| json!("SingleStack"));
    let refuse = |service: &Value, error: FieldError| {
        Refusal::invalid("", "Service", object::meta(service, "name"), &[error])
    };
    address(service, taken, chance).map_err(|e| refuse(service, e))?;
    if needs_node_ports(service) {
        node_ports(service, taken, chance).map_err(|e| refuse(service, e))?;
    } else if live.is_some_and(needs_node_ports) {
        drop_node_ports(service);
    }
    Ok(())
}

/// What an update leaves out stays as it was.
fn keep(service: &mut Value, live: &Value) {
    if is_external_name(service) || is_external_name(live) {
        return;
    }
    let spec = object::fields_mut(service, "spec");
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if let Some(old) = live.get("spec").and_then(|s| s.get(field)) {
            spec.entry(field).or_insert_with(|| old.clone());
        }
    }
    if !needs_node_ports(live) || !needs_node_ports(service) {
        return;
    }
    let used: BTreeSet<i64> =
        list(service, "/spec/ports").iter().filter_map(|p| json::number(p, "/nodePort")).collect();
    let old: Vec<(String, i64)> = list(live, "/spec/ports")
        .iter()
        .filter_map(|p| Some((text(p, "/name").to_owned(), json::number(p, "/nodePort")?)))
        .collect();
    for port in service.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = text(port, "/name").to_owned();
        if json::number(port, "/nodePort").is_some() {
            continue;
        }
        if let Some((_, kept)) = old.iter().find(|(n, p)| *n == name && !used.contains(p)) {
            object::set_field(port, "nodePort", Some((*kept).into()));
        }
    }
}

fn drop_node_ports(service: &mut Value) {
    for port in service.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        object::set_field(port, "nodePort", None);
    }
}

fn address(service: &mut Value, taken: &Taken, chance: &mut Chance) -> Result<(), FieldError> {
    let asked = text(service, "/spec/clusterIP").to_owned();
    if asked == "None" {
        return Ok(());
    }
    if asked.is_empty() {
        let spec = object::fields_mut(service, "spec");
        let Some(free) = free_address(taken, chance) else {
            return Err(FieldError::invalid(
                "spec.clusterIPs",
                Value::Null,
                "failed to allocate IP: range is full",
            ));
        };
        spec.insert("clusterIPs".to_owned(), json!([free]));
        spec.insert("clusterIP".to_owned(), free.into());
        return Ok(());
    }
    let ips = {
        let spec = object::fields_mut(service, "spec");
        spec.entry("clusterIPs").or_insert_with(|| json!([asked])).clone()
    };
    let wrong = match asked.parse::<std::net::IpAddr>() {
        Err(_) => None, // told by validation
        Ok(std::net::IpAddr::V4(ip)) if (ip.octets()[0], ip.octets()[1]) == NETWORK => {
            taken.addresses.contains(&asked).then(|| "provided IP is already allocated".to_owned())
        }
        Ok(ip) => Some(format!(
            "the provided IP ({ip}) is not in the valid range. The range of valid IPs is 10.96.0.0/16"
        )),
    };
    match wrong {
        None => Ok(()),
        Some(why) => {
            let detail = format!("failed to allocate IP {asked}: {why}");
            Err(FieldError::invalid("spec.clusterIPs", ips, &detail))
        }
    }
}

fn free_address(taken: &Taken, chance: &mut Chance) -> Option<String> {
    // the lowest addresses are left to those who ask for one, as a real server does
    let start = chance.below(65_000);
    (0..65_000u64).map(|step| 256 + (start + step) % 65_000).find_map(|n| {
        let address = format!("{}.{}.{}.{}", NETWORK.0, NETWORK.1, n / 256, n % 256);
        (!taken.addresses.contains(&address)).then_some(address)
    })
}

fn node_ports(service: &mut Value, taken: &Taken, chance: &mut Chance) -> Result<(), FieldError> {
    let Some(Value::Array(ports)) = service.pointer_mut("/spec/ports") else { return Ok(()) };
    let mut own: BTreeSet<i64> = BTreeSet::new();
    for (at, port) in ports.iter_mut().enumerate() {
        let path = format!("spec.ports[{at}].nodePort");
        match json::number(port, "/nodePort").filter(|n| *n != 0) {
            Some(asked) if !PORTS.contains(&asked) => {
                let detail =
                    "provided port is not in the valid range. The range of valid ports is 30000-32767";
                return Err(FieldError::invalid(path, asked, detail));
            }
            Some(asked) if taken.ports.contains(&asked) => {
                return Err(FieldError::invalid(path, asked, "provided port is already allocated"));
            }
            Some(asked) => {
                own.insert(asked);
            }
            None => {
                let start = chance.below(2768);
                let free = (0..2768u64)
                    .filter_map(|step| i64::try_from(30_000 + (start + step) % 2768).ok())
                    .find(|p| !taken.ports.contains(p) && !own.contains(p));
                let Some(free) = free else {
                    return Err(FieldError::invalid(path, 0, "range is full"));
                };
                own.insert(free);
                object::set_field(port, "nodePort", Some(free.into()));
            }
        }
    }
    Ok(())
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
    if matches!(kind.text(), "NodePort" | "LoadBalancer") {
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
    fn addresses_and_ports_are_given_and_kept() {
        let mut chance = Chance::new(1);
        let mut taken = Taken::default();
        let mut first = service(json!({"type": "NodePort", "ports": [{"port": 80, "name": "a"}]}));
        allocate(&mut first, None, &taken, &mut chance).unwrap();
        let address = first["spec"]["clusterIP"].as_str().unwrap().to_owned();
        assert!(address.starts_with("10.96."), "{address}");
        let port = first["spec"]["ports"][0]["nodePort"].as_i64().unwrap();
        assert!(PORTS.contains(&port));
        let mut next = service(json!({"type": "NodePort", "ports": [{"port": 81, "name": "a"}]}));
        allocate(&mut next, Some(&first), &taken, &mut chance).unwrap();
        assert_eq!(
            (&next["spec"]["clusterIP"], &next["spec"]["ports"][0]["nodePort"]),
            (&json!(address), &json!(port))
        );
        taken.add(&first);
        let mut other = service(json!({"type": "ClusterIP", "clusterIP": address, "ports": [{"port": 80}]}));
        let refusal = allocate(&mut other, None, &taken, &mut chance).unwrap_err();
        assert!(refusal.message.ends_with("provided IP is already allocated"), "{}", refusal.message);
        let mut other =
            service(json!({"type": "ClusterIP", "clusterIP": "10.1.2.3", "ports": [{"port": 80}]}));
        assert!(
            allocate(&mut other, None, &taken, &mut chance)
                .unwrap_err()
                .message
                .contains("not in the valid range")
        );
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
