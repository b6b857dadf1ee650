//! Decides what is wrong with the template of a pod, and with the pod as a whole.
//! It never looks into a container, a volume or a rule of scheduling; those have files of their own.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::{labels, texts};
use super::rules::Rules;
use super::whole::Pod;
use super::{affinity, containers, env, network, profiles, resources, security, spread, system, volumes};
use std::collections::BTreeSet;

/// The faults of a pod template (source: pkg/apis/core/validation/validation.go, `ValidatePodTemplateSpec`).
#[must_use]
pub fn template(template: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let metadata = template.field("metadata");
    let notes = metadata.field("annotations").told(format!("{}.annotations", template.path));
    let pod = template.field("spec");
    let mut errors = labels::labels(&metadata.field("labels").told(format!("{}.labels", template.path)));
    errors.extend(labels::annotations(&notes));
    errors.extend(profiles::annotations(&notes, &pod, rules));
    errors.extend(spec(&pod, rules));
    errors.extend(profiles::told_twice(&notes, &pod));
    if !pod.field("ephemeralContainers").items().is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        errors.push(pod.field("ephemeralContainers").forbidden(detail));
    }
    errors
}

/// The faults of a pod's `spec` (source: pkg/apis/core/validation/validation.go, `ValidatePodSpec`).
#[must_use]
pub fn spec(spec: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let (known, mut errors) = volumes::all(&spec.field("volumes"), rules);
    let claims: BTreeSet<&str> =
        spec.field("resourceClaims").items().iter().map(|c| c.field("name").text()).collect();
    errors.extend(resources::claims(&spec.field("resourceClaims")));
    let pod = Pod { spec, volumes: &known, claims: &claims, rules };
    errors.extend(containers::regular(&pod));
    errors.extend(containers::first(&pod));
    errors.extend(containers::ephemeral(&pod));
    if rules.are_new() && spec.field("resources").is_set() {
        errors.extend(resources::of_pod(&spec.field("resources")));
    }
    errors.extend(network::host_ports(spec));
    errors.extend(spec.field("restartPolicy").one_of_or_none(&["Always", "OnFailure", "Never"]));
    let dns = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    errors.extend(spec.field("dnsPolicy").one_of_or_none(&dns));
    errors.extend(labels::labels(&spec.field("nodeSelector")));
    errors.extend(security::of_pod(spec));
    errors.extend(affinity::affinity(&spec.field("affinity")));
    errors.extend(network::dns(spec, rules));
    for gate in spec.field("readinessGates").items() {
        let gate = gate.field("conditionType");
        errors.extend(labels::label_key(&gate.path, gate.text()));
    }
    errors.extend(affinity::gates(&spec.field("schedulingGates")));
    errors.extend(spread::constraints(&spec.field("topologySpreadConstraints"), rules));
    errors.extend(system::host_processes(spec));
    errors.extend(system::own_users(spec));
    errors.extend(network::host_name(spec));
    errors.extend(named(spec));
    errors.extend(resources::overhead(&spec.field("overhead")));
    errors.extend(system::system(spec));
    errors.extend(env::files(spec));
    errors
}

/// The faults of names, times and lists at the end of a `spec`.
fn named(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = |field: &str, rule: texts::Rule| {
        let at = spec.field(field);
        if at.text().is_empty() { Vec::new() } else { at.named(rule) }
    };
    let (account, node) = (name("serviceAccountName", texts::subdomain), name("nodeName", texts::subdomain));
    let (host, domain) = (name("hostname", texts::label), name("subdomain", texts::label));
    let (class, runtime) =
        (name("priorityClassName", texts::subdomain), name("runtimeClassName", texts::subdomain));
    errors.extend(account.into_iter().chain(node));
    let deadline = spec.field("activeDeadlineSeconds");
    if deadline.number().is_some_and(|n| !(1..=i64::from(i32::MAX)).contains(&n)) {
        errors.push(deadline.invalid("must be between 1 and 2147483647, inclusive"));
    }
    errors.extend(host.into_iter().chain(domain));
    errors.extend(affinity::tolerations(&spec.field("tolerations")));
    errors.extend(network::aliases(&spec.field("hostAliases")));
    errors.extend(class.into_iter().chain(runtime));
    errors.extend(spec.field("preemptionPolicy").one_of_or_none(&["PreemptLowerPriority", "Never"]));
    errors
}
