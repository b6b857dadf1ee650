//! Decides what Services, their endpoints and the ways to them show in a table.
//! It never resolves a selector.

use super::column::{AGE, NAME, SELECTOR, Sheet, text as column};
use super::show::{self, NONE, UNSET, age, count, list, pairs, plain_or, selector, some, text, text_or};
use serde_json::Value;

/// How many addresses, ports and hosts a cell shows.
const MOST: usize = 3;

pub(super) const SERVICE: Sheet = Sheet {
    columns: &[
        NAME,
        column("Type", "How the Service can be reached."),
        column("Cluster-IP", "Address inside the cluster."),
        column("External-IP", "Addresses outside the cluster."),
        column("Port(s)", "Ports, with the nodes' own after a colon."),
        AGE,
        SELECTOR,
    ],
    cells: |object, now| {
        let kind = text(object, "/spec/type");
        let own = match list(object, "/spec/clusterIPs").first().and_then(Value::as_str) {
            Some(first) => first,
            None => text_or(object, "/spec/clusterIP", NONE),
        };
        vec![
            show::name(object),
            kind.into(),
            own.into(),
            outside(object, kind).into(),
            ports(object).into(),
            age(object, now),
            pairs(object, "/spec/selector").into(),
        ]
    },
};

fn balancer(object: &Value) -> Vec<String> {
    let one = |i: &Value| text_or(i, "/ip", text(i, "/hostname")).to_owned();
    list(object, "/status/loadBalancer/ingress").iter().map(one).filter(|a| !a.is_empty()).collect()
}

fn outside(object: &Value, kind: &str) -> String {
    let given = list(object, "/spec/externalIPs").iter().filter_map(Value::as_str).map(str::to_owned);
    let mut all = if kind == "LoadBalancer" { balancer(object) } else { Vec::new() };
    all.extend(given);
    match kind {
        "ExternalName" => text(object, "/spec/externalName").to_owned(),
        "LoadBalancer" if all.is_empty() => "<pending>".to_owned(),
        _ if all.is_empty() => NONE.to_owned(),
        _ => all.join(","),
    }
}

fn ports(object: &Value) -> String {
    let one = |p: &Value| {
        let protocol = text_or(p, "/protocol", "TCP");
        match count(p, "/nodePort") {
            0 => format!("{}/{protocol}", count(p, "/port")),
            node => format!("{}:{node}/{protocol}", count(p, "/port")),
        }
    };
    let all: Vec<String> = list(object, "/spec/ports").iter().map(one).collect();
    if all.is_empty() { NONE.to_owned() } else { all.join(",") }
}

pub(super) const ENDPOINTS: Sheet = Sheet {
    columns: &[NAME, column("Endpoints", "Addresses and ports that serve."), AGE],
    cells: |object, now| {
        let mut all = Vec::new();
        for subset in list(object, "/subsets") {
            let ports = list(subset, "/ports");
            let addresses = list(subset, "/addresses").iter().map(|a| text(a, "/ip"));
            if ports.is_empty() {
                all.extend(addresses.map(str::to_owned));
                continue;
            }
            for port in ports {
                let one = |address: &Value| {
                    let ip = text(address, "/ip");
                    let ip = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
                    format!("{ip}:{}", count(port, "/port"))
                };
                all.extend(list(subset, "/addresses").iter().map(one));
            }
        }
        let shown = if all.is_empty() { NONE.to_owned() } else { some(&all, MOST) };
        vec![show::name(object), shown.into(), age(object, now)]
    },
};

pub(super) const ENDPOINT_SLICE: Sheet = Sheet {
    columns: &[
        NAME,
        column("AddressType", "Kind of the addresses."),
        column("Ports", "Ports that serve."),
        column("Endpoints", "Addresses that serve."),
        AGE,
    ],
    cells: |object, now| {
        let ports: Vec<String> = list(object, "/ports").iter().map(|p| plain_or(p, "/port", "*")).collect();
        let nameless = matches!(list(object, "/ports"), [only] if text(only, "/name").is_empty() && only.get("port").is_none());
        let ports = if ports.is_empty() || nameless { UNSET.to_owned() } else { some(&ports, MOST) };
        let ends: Vec<String> = list(object, "/endpoints")
            .iter()
            .flat_map(|e| list(e, "/addresses"))
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let ends = if ends.is_empty() { UNSET.to_owned() } else { some(&ends, MOST) };
        vec![
            show::name(object),
            text(object, "/addressType").into(),
            ports.into(),
            ends.into(),
            age(object, now),
        ]
    },
};

pub(super) const INGRESS: Sheet = Sheet {
    columns: &[
        NAME,
        column("Class", "Class whose controller serves the Ingress."),
        column("Hosts", "Host names that are served."),
        column("Address", "Addresses under which they are served."),
        column("Ports", "Ports under which they are served."),
        AGE,
    ],
    cells: |object, now| {
        let rules = list(object, "/spec/rules").iter().map(|r| text(r, "/host").to_owned());
        let hosts: Vec<String> = rules.filter(|h| !h.is_empty()).collect();
        let hosts = if hosts.is_empty() { "*".to_owned() } else { some(&hosts, MOST) };
        let secure = !list(object, "/spec/tls").is_empty();
        vec![
            show::name(object),
            text_or(object, "/spec/ingressClassName", NONE).into(),
            hosts.into(),
            balancer(object).join(",").into(),
            if secure { "80, 443" } else { "80" }.into(),
            age(object, now),
        ]
    },
};

pub(super) const INGRESS_CLASS: Sheet = Sheet {
    columns: &[
        NAME,
        column("Controller", "Controller that serves Ingresses of the class."),
        column("Parameters", "Object with further settings."),
        AGE,
    ],
    cells: |object, now| {
        let parameters = object.pointer("/spec/parameters").filter(|p| !p.is_null());
        let shown = parameters.map_or_else(
            || NONE.to_owned(),
            |p| match text(p, "/apiGroup") {
                "" => format!("{}/{}", text(p, "/kind"), text(p, "/name")),
                group => format!("{}.{group}/{}", text(p, "/kind"), text(p, "/name")),
            },
        );
        vec![show::name(object), text(object, "/spec/controller").into(), shown.into(), age(object, now)]
    },
};

pub(super) const NETWORK_POLICY: Sheet = Sheet {
    columns: &[NAME, column("Pod-Selector", "Pods that the policy is for."), AGE],
    cells: |object, now| {
        vec![show::name(object), selector(object, "/spec/podSelector").into(), age(object, now)]
    },
};
