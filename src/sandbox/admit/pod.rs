//! Decides whether a pod, or the template of one, is well formed, and what the server itself says about a Pod.
//! It never runs or schedules anything.

use super::at::At;
use super::{container, metadata};
use crate::base::json::list;
use crate::field::FieldError;
use crate::names;
use serde_json::Value;
use std::collections::BTreeSet;

/// `Guaranteed`, `Burstable` or `BestEffort`, from the containers' resources.
#[must_use]
pub(crate) fn qos_class(pod: &Value) -> &'static str {
    let containers = list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers"));
    let mut any = false;
    let mut all = true;
    for container in containers {
        for resource in ["cpu", "memory"] {
            let amount = |kind: &str| {
                let found = container.pointer(&format!("/resources/{kind}/{resource}"));
                found.filter(|a| !matches!(a.as_str(), Some("0")))
            };
            let (request, limit) = (amount("requests"), amount("limits"));
            any |= request.is_some() || limit.is_some();
            all &= limit.is_some() && request.is_none_or(|r| Some(r) == limit);
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// The faults of a pod template.
#[must_use]
pub(crate) fn template(template: &At<'_>) -> Vec<FieldError> {
    let labels = template.at(&["metadata", "labels"]).told(format!("{}.labels", template.path));
    let notes = template.at(&["metadata", "annotations"]).told(format!("{}.annotations", template.path));
    let mut errors = metadata::labels(&labels);
    errors.extend(metadata::annotations(&notes));
    errors.extend(spec(&template.field("spec")));
    errors
}

/// The faults of a pod's `spec`.
#[must_use]
pub(crate) fn spec(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    errors.extend(volumes(&spec.field("volumes")));
    let items = spec.field("volumes").items();
    let names: BTreeSet<&str> = items.iter().map(|v| v.field("name").text()).collect();
    errors.extend(container::all(&spec.field("containers"), &names));
    errors.extend(container::init(&spec.field("initContainers"), &spec.field("containers"), &names));
    errors.extend(spec.field("restartPolicy").one_of(&["Always", "OnFailure", "Never"]));
    let dns = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    errors.extend(spec.field("dnsPolicy").one_of(&dns));
    errors.extend(metadata::labels(&spec.field("nodeSelector")));
    let account = spec.field("serviceAccountName");
    if !account.text().is_empty() {
        errors.extend(account.named(names::subdomain));
    }
    let node = spec.field("nodeName");
    if !node.text().is_empty() {
        errors.extend(node.named(names::subdomain));
    }
    let deadline = spec.field("activeDeadlineSeconds");
    if deadline.number().is_some_and(|n| !(1..=i64::from(i32::MAX)).contains(&n)) {
        errors.push(deadline.invalid("must be between 1 and 2147483647, inclusive"));
    }
    for name in ["hostname", "subdomain"] {
        if !spec.field(name).text().is_empty() {
            errors.extend(spec.field(name).named(crate::names::label));
        }
    }
    errors.extend(tolerations(&spec.field("tolerations")));
    let class = spec.field("priorityClassName");
    if !class.text().is_empty() {
        errors.extend(class.named(crate::names::subdomain));
    }
    errors
}

/// Kinds of volumes, in the order they are checked.
const VOLUME_KINDS: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

fn volumes(volumes: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for volume in volumes.items() {
        let name = volume.field("name");
        let mut wrong = volume_source(&volume);
        wrong.extend(name.named_always(names::label));
        if seen.contains(name.text()) {
            wrong.push(name.duplicate());
        }
        if wrong.is_empty() {
            seen.insert(name.text());
        }
        errors.extend(wrong);
    }
    errors
}

fn volume_source(volume: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut given = 0;
    for kind in VOLUME_KINDS {
        let source = volume.field(kind);
        if !source.is_set() {
            continue;
        }
        if given > 0 {
            errors.push(source.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        given += 1;
        let needed: &[&str] = match *kind {
            "secret" => &["secretName"],
            "configMap" => &["name"],
            "persistentVolumeClaim" => &["claimName"],
            "hostPath" => &["path"],
            "nfs" => &["server", "path"],
            "csi" => &["driver"],
            _ => &[],
        };
        let missing = needed.iter().map(|name| source.field(name)).filter(|f| f.text().is_empty());
        errors.extend(missing.map(|field| field.required("")));
        for item in source.field("items").items() {
            let missing = ["key", "path"].map(|name| item.field(name)).into_iter();
            errors.extend(missing.filter(|f| f.text().is_empty()).map(|field| field.required("")));
        }
        let mode = source.field("defaultMode");
        if mode.number().is_some_and(|n| !(0..=0o777).contains(&n)) {
            errors.push(mode.invalid("must be between 0000 and 0777 octal, which is 0 and 511 decimal"));
        }
    }
    if given == 0 {
        errors.push(volume.required("must specify a volume type"));
    }
    errors
}

fn tolerations(tolerations: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for toleration in tolerations.items() {
        let (key, operator) = (toleration.field("key"), toleration.field("operator"));
        if !key.text().is_empty() {
            errors.extend(key.named(names::qualified));
        } else if operator.text() != "Exists" {
            let detail =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(FieldError::invalid(operator.path.as_str(), operator.text(), detail));
        }
        let value = toleration.field("value").text();
        match operator.text() {
            "" | "Equal" => {
                let wrong = names::label_value(value);
                if !wrong.is_empty() {
                    errors.push(FieldError::invalid(operator.path.as_str(), value, &wrong.join(";")));
                }
            }
            "Exists" if !value.is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.push(FieldError::invalid(operator.path.as_str(), value, detail));
            }
            "Exists" => {}
            _ => errors.push(operator.not_supported(&["Equal", "Exists"])),
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.extend(toleration.field("effect").one_of(&effects));
    }
    errors
}

/// What of a pod's `spec` may change.
const MAY_CHANGE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be \
    set to 1 if it was previously negative)";

/// The faults of a changed Pod.
#[must_use]
pub(crate) fn change(pod: &At<'_>, live: &At<'_>) -> Vec<FieldError> {
    let (new, old) = (pod.field("spec"), live.field("spec"));
    let mut errors = Vec::new();
    for list in ["containers", "initContainers"] {
        if new.field(list).items().len() != old.field(list).items().len() {
            let detail = "pod updates may not add or remove containers";
            errors.push(new.field(list).forbidden(detail));
            return errors;
        }
    }
    let kept = old.field("tolerations").items();
    let now: Vec<&Value> = new.field("tolerations").items().iter().map(|t| t.value).collect();
    if !kept.iter().all(|t| now.contains(&t.value)) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(new.field("tolerations").forbidden(detail));
    }
    if unchangeable(new.value) != unchangeable(old.value) {
        let detail = format!("pod updates may not change fields other than {MAY_CHANGE}\n");
        errors.push(new.forbidden(&detail));
    }
    errors
}

/// A pod's `spec` without what may change.
fn unchangeable(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Value::Object(fields) = &mut spec {
        fields.remove("tolerations");
        fields.remove("activeDeadlineSeconds");
        fields.remove("schedulingGates");
        for list in ["containers", "initContainers"] {
            for container in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Value::Object(container) = container {
                    container.remove("image");
                }
            }
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn classes() {
        let class =
            |resources: Value| qos_class(&json!({"spec": {"containers": [{"resources": resources}]}}));
        assert_eq!(class(json!({})), "BestEffort");
        assert_eq!(class(json!({"requests": {"cpu": "1"}})), "Burstable");
        let both = json!({"cpu": "1", "memory": "1Gi"});
        assert_eq!(class(json!({"limits": both})), "Guaranteed");
        assert_eq!(class(json!({"limits": both, "requests": {"cpu": "500m"}})), "Burstable");
    }

    #[test]
    fn templates_tell_what_is_missing() {
        let object = json!({"spec": {"containers": [{"name": "a", "volumeMounts": [{"name": "v", "mountPath": "/"}]},
            {"name": "a", "image": "i", "ports": [{"containerPort": 0}], "livenessProbe": {}}], "volumes": [{"name": "w"}]}});
        let texts: Vec<String> = template(&At::root(&object)).iter().map(FieldError::text).collect();
        for wanted in [
            "spec.volumes[0]: Required value: must specify a volume type",
            "spec.containers[0].image: Required value",
            "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
            "spec.containers[1].ports[0].containerPort: Required value",
            "spec.containers[1].name: Duplicate value: \"a\"",
            "spec.containers[1].livenessProbe: Required value: must specify a handler type",
        ] {
            assert!(texts.iter().any(|t| t == wanted), "{wanted} not in {texts:#?}");
        }
    }
}
