//! Decides which addresses and node ports a Service gets, which it keeps, and what it gives back with a new type.
//! It never decides whether the Service is well formed, and it never routes anything.

use super::service::{
    is_external_name, is_headless, is_load_balancer, is_reached_from_outside, needs_address,
    needs_health_port, needs_node_ports,
};
use crate::base::json::{self, list, text};
use crate::chance::Chance;
use crate::field::FieldError;
use crate::object;
use crate::refuse::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The first two parts of every service address: 10.96.0.0/16.
const NETWORK: (u8, u8) = (10, 96);
const PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

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
        self.ports.extend(held_ports(service));
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
        drop_what_the_type_needs_no_more(service, live);
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
    }
    Ok(())
}

/// Takes away what the type before needed and the new one does not, unless the writer has changed it as well: then it
/// is for validation to say so (source: pkg/registry/core/service/strategy.go, `dropTypeDependentFields`).
fn drop_what_the_type_needs_no_more(service: &mut Value, live: &Value) {
    let was = |needs: fn(&Value) -> bool, service: &Value| needs(live) && !needs(service);
    let mut gone: Vec<&str> = Vec::new();
    if was(needs_address, service) {
        gone.extend(["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]);
    }
    if was(needs_health_port, service) {
        gone.push("healthCheckNodePort");
    }
    if was(is_load_balancer, service) {
        gone.extend(["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }
    if was(is_reached_from_outside, service) {
        gone.push("externalTrafficPolicy");
    }
    let is_same = |field: &&str| {
        let pointer = format!("/spec/{field}");
        service.pointer(&pointer) == live.pointer(&pointer)
    };
    gone.retain(is_same);
    if was(needs_node_ports, service) && held_ports(live).is_superset(&held_ports(service)) {
        drop_node_ports(service);
    }
    let spec = object::fields_mut(service, "spec");
    for field in gone {
        spec.remove(field);
    }
}

/// The node ports that stand in `service`.
fn held_ports(service: &Value) -> BTreeSet<i64> {
    let ports = list(service, "/spec/ports").iter().filter_map(|p| json::number(p, "/nodePort"));
    ports.filter(|p| *p > 0).collect()
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

#[cfg(test)]
mod tests {
    use super::super::service::check;
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
    fn a_new_type_drops_what_it_does_not_need_unless_the_writer_has_changed_it() {
        let change = |live: &Value, changes: Value| {
            let mut next = live.clone();
            for (field, value) in changes.as_object().unwrap() {
                object::set_field(&mut next["spec"], field, Some(value.clone()).filter(|v| !v.is_null()));
            }
            allocate(&mut next, Some(live), &Taken::default(), &mut Chance::new(1)).unwrap();
            let faults: Vec<String> = check(&next).iter().map(FieldError::text).collect();
            (next["spec"].clone(), faults)
        };
        let has = |spec: &Value, field: &str| !spec[field].is_null();
        let mut live = service(json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local",
            "healthCheckNodePort": 31000, "allocateLoadBalancerNodePorts": true, "loadBalancerClass": "a/b",
            "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
            "ports": [{"port": 80, "nodePort": 30911, "protocol": "TCP"}]}));
        allocate(&mut live, None, &Taken::default(), &mut Chance::new(1)).unwrap();
        let (inner, faults) = change(&live, json!({"type": "ClusterIP"}));
        assert_eq!(faults, Vec::<String>::new());
        for field in [
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "allocateLoadBalancerNodePorts",
            "loadBalancerClass",
        ] {
            assert!(!has(&inner, field), "{field} is left in {inner}");
        }
        assert!(!has(&inner["ports"][0], "nodePort"));
        assert_eq!(inner["clusterIP"], live["spec"]["clusterIP"]);
        let (node, faults) = change(&live, json!({"type": "NodePort"}));
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(
            (&node["externalTrafficPolicy"], has(&node, "healthCheckNodePort")),
            (&json!("Local"), false)
        );
        assert_eq!(node["ports"], live["spec"]["ports"]);
        let (_, faults) = change(&live, json!({"type": "ClusterIP", "externalTrafficPolicy": "Cluster"}));
        assert_eq!(
            faults,
            [
                "spec.externalTrafficPolicy: Invalid value: \"Cluster\": may only be set for externally-accessible services"
            ]
        );
        let ports = json!([{"port": 80, "nodePort": 30912, "protocol": "TCP"}]);
        let (_, faults) = change(&live, json!({"type": "ClusterIP", "ports": ports}));
        assert_eq!(faults, ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]);
    }

    #[test]
    fn an_external_name_gives_its_addresses_back_and_gets_new_ones() {
        let mut live = service(json!({"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}]}));
        allocate(&mut live, None, &Taken::default(), &mut Chance::new(1)).unwrap();
        let mut named = live.clone();
        named["spec"]["type"] = json!("ExternalName");
        named["spec"]["externalName"] = json!("example.test");
        allocate(&mut named, Some(&live), &Taken::default(), &mut Chance::new(1)).unwrap();
        assert!(check(&named).is_empty() && named["spec"]["clusterIP"].is_null(), "{named}");
        let mut back = named.clone();
        back["spec"]["type"] = json!("ClusterIP");
        allocate(&mut back, Some(&named), &Taken::default(), &mut Chance::new(1)).unwrap();
        assert!(back["spec"]["clusterIP"].as_str().unwrap().starts_with("10.96."), "{back}");
        let mut other = live.clone();
        other["spec"]["type"] = json!("ExternalName");
        other["spec"]["externalName"] = json!("example.test");
        other["spec"]["clusterIPs"] = json!(["10.96.1.1"]);
        allocate(&mut other, Some(&live), &Taken::default(), &mut Chance::new(1)).unwrap();
        assert!(!check(&other).is_empty(), "an address that was changed is not dropped");
    }
}
