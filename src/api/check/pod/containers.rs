//! Decides what is wrong with the containers of a pod: the regular ones, those that come first, those for debugging.
//! It never looks at the rest of the pod but for what containers name.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::texts;
use super::rules::Rules;
use super::whole::Pod;
use super::{env, handlers, mounts, ports, resources, security};
use std::collections::BTreeSet;

/// The faults of the regular containers
/// (source: pkg/apis/core/validation/validation.go, `validateContainers`).
pub(super) fn regular(pod: &Pod<'_, '_>) -> Vec<FieldError> {
    let list = pod.spec.field("containers");
    let all = list.items();
    if all.is_empty() {
        return vec![list.required("")];
    }
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for container in &all {
        errors.extend(one(container, pod));
        if !seen.insert(container.field("name").text()) {
            errors.push(container.field("name").duplicate());
        }
        errors.extend(handlers::all(container, pod));
        errors.extend(restarts(container, pod.rules));
    }
    errors.extend(ports::taken_twice(&all));
    errors
}

/// A container's own policy of restarts.
fn restarts(container: &At<'_>, rules: Rules) -> Option<FieldError> {
    let policy = container.field("restartPolicy");
    if rules.are_new() {
        return policy.one_of(&["Always", "Never", "OnFailure"]);
    }
    policy.is_set().then(|| policy.forbidden("may not be set for non-init containers"))
}

/// The faults of the containers that come first
/// (source: pkg/apis/core/validation/validation.go, `validateInitContainers`).
pub(super) fn first(pod: &Pod<'_, '_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let regular = pod.spec.field("containers").items();
    let mut seen: BTreeSet<&str> = regular.iter().map(|c| c.field("name").text()).collect();
    for container in pod.spec.field("initContainers").items() {
        errors.extend(one(&container, pod));
        let policy = container.field("restartPolicy");
        let policies: &[&str] =
            if pod.rules.are_new() { &["Always", "Never", "OnFailure"] } else { &["Always"] };
        errors.extend(policy.one_of(policies));
        let name = container.field("name");
        if seen.contains(name.text()) {
            errors.push(name.duplicate());
        } else if !name.text().is_empty() {
            seen.insert(name.text());
        }
        errors.extend(ports::taken_twice_alone(&container, &pod.spec.field("initContainers")));
        if policy.text() == "Always" {
            errors.extend(handlers::all(&container, pod));
        } else {
            let hooks = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];
            let given = hooks.map(|hook| container.field(hook)).into_iter().filter(At::is_set);
            errors.extend(given.map(|hook| {
                hook.forbidden("may not be set for init containers without restartPolicy=Always")
            }));
        }
        let resize = container.field("resizePolicy");
        if !pod.rules.are_new() && !resize.items().is_empty() {
            errors.push(FieldError::invalid(
                resize.path.as_str(),
                resources::resize_in_words(&resize),
                "must not be set for init containers",
            ));
        }
    }
    errors
}

/// The faults of the containers for debugging, which no template may have: only what makes them containers at all
/// (source: pkg/apis/core/validation/validation.go, `validateEphemeralContainers`).
pub(super) fn ephemeral(pod: &Pod<'_, '_>) -> Vec<FieldError> {
    let list = pod.spec.field("ephemeralContainers");
    list.items().iter().flat_map(|container| one(container, pod)).collect()
}

/// What all containers have (source: pkg/apis/core/validation/validation.go, `validateContainerCommon`).
fn one(container: &At<'_>, pod: &Pod<'_, '_>) -> Vec<FieldError> {
    let mut errors = container.field("name").named_always(texts::label);
    if container.field("image").text().is_empty() {
        errors.push(container.field("image").required(""));
    }
    let policies = ["File", "FallbackToLogsOnError"];
    errors.extend(container.field("terminationMessagePolicy").one_of_or_none(&policies));
    errors.extend(ports::ports(&container.field("ports")));
    errors.extend(env::variables(&container.field("env"), pod.rules));
    errors.extend(env::sources(&container.field("envFrom"), pod.rules));
    errors.extend(mounts::mounts(container, pod.volumes));
    errors.extend(mounts::devices(container, pod.volumes));
    errors.extend(container.field("imagePullPolicy").one_of_or_none(&["Always", "IfNotPresent", "Never"]));
    errors.extend(resources::of_container(&container.field("resources"), pod.claims));
    errors.extend(resources::resizes(container, pod.spec));
    errors.extend(security::of_container(&container.field("securityContext"), pod.spec));
    errors
}
