//! Decides the defaults of pods: of the pod itself, its containers, their probes, ports and environment.
//! It never decides what admission adds to a pod, such as tolerations and priorities.

use super::fill::{Fields, made, number, object, objects, pointer, resource_list, str_at, text};
use super::image::pull_policy;
use super::volume;
use crate::podhash;
use serde_json::{Value, json};

/// Fills in a pod template's defaults and brings it into the form in which the API server stores it
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_PodSpec`, `SetDefaults_Container`).
///
/// ```
/// use serde_json::json;
/// let mut template = json!({"spec": {"containers": [{"name": "web", "image": "web:1"}]}});
/// switchback_api::defaults::pod_template(&mut template);
/// assert_eq!(template["spec"]["restartPolicy"], "Always");
/// assert_eq!(template["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
/// ```
///
/// A template that Go's types cannot hold keeps its form and gets only the defaults.
pub fn pod_template(template: &mut Value) {
    fill(template);
    store(template);
}

/// Fills in a pod template's defaults; what is empty may stay.
pub(super) fn fill(template: &mut Value) {
    store(template);
    let Some(fields) = template.as_object_mut() else { return };
    if let Some(spec) = made(fields, "spec") {
        pod_spec(spec);
    }
}

/// The form in which the server stores a template, if Go's types can hold it. Before the defaults it turns what is
/// null into what has defaults; after them it drops what is empty.
fn store(template: &mut Value) {
    if let Ok(stored) = podhash::stored_form(template) {
        *template = stored;
    }
}

/// [`pod_template`] of the template at `key`.
pub(super) fn template_at(fields: &mut Fields, key: &str) {
    pod_template(fields.entry(key).or_insert(Value::Null));
}

/// A pod: what templates get, and the requests and ports that are filled in only here.
pub(super) fn pod(fields: &mut Fields) {
    let mut whole = json!({"spec": fields.get("spec").cloned().unwrap_or_default()});
    pod_template(&mut whole);
    let Some(spec) = whole.get_mut("spec").and_then(Value::as_object_mut) else { return };
    pointer(spec, "enableServiceLinks", true.into());
    let host_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["initContainers", "containers"] {
        for container in objects(spec, list) {
            requests_from_limits(container);
            for port in objects(container, "ports").filter(|_| host_network) {
                let own = port.get("containerPort").and_then(Value::as_i64).unwrap_or_default();
                number(port, "hostPort", own);
            }
        }
    }
    fields.insert("spec".to_owned(), Value::Object(std::mem::take(spec)));
}

/// Whoever limits an amount without requesting one requests the limit.
fn requests_from_limits(container: &mut Fields) {
    let Some(resources) = object(container, "resources") else { return };
    let Some(limits) = object(resources, "limits").map(|limits| limits.clone()) else { return };
    if let Some(requests) = made(resources, "requests") {
        for (name, amount) in limits {
            requests.entry(name).or_insert(amount);
        }
    }
}

/// The defaults of a pod's `spec`, in templates and in pods.
fn pod_spec(spec: &mut Fields) {
    text(spec, "dnsPolicy", "ClusterFirst");
    text(spec, "restartPolicy", "Always");
    text(spec, "schedulerName", "default-scheduler");
    pointer(spec, "terminationGracePeriodSeconds", 30.into());
    pointer(spec, "securityContext", json!({}));
    let account = str_at(spec, "serviceAccountName").to_owned();
    let account = if account.is_empty() { str_at(spec, "serviceAccount").to_owned() } else { account };
    if !account.is_empty() {
        spec.insert("serviceAccountName".to_owned(), account.as_str().into());
        spec.insert("serviceAccount".to_owned(), account.into());
    }
    resource_list(spec, "overhead");
    resources(spec);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for own in objects(spec, list) {
            container(own);
        }
    }
    for own in objects(spec, "volumes") {
        volume::pod_volume(own);
    }
}

fn resources(fields: &mut Fields) {
    if let Some(resources) = object(fields, "resources") {
        resource_list(resources, "limits");
        resource_list(resources, "requests");
    }
}

fn container(container: &mut Fields) {
    let policy = pull_policy(str_at(container, "image"));
    text(container, "imagePullPolicy", policy);
    text(container, "terminationMessagePath", "/dev/termination-log");
    text(container, "terminationMessagePolicy", "File");
    resources(container);
    for port in objects(container, "ports") {
        text(port, "protocol", "TCP");
    }
    for variable in objects(container, "env") {
        let Some(from) = object(variable, "valueFrom") else { continue };
        if let Some(reference) = object(from, "fieldRef") {
            text(reference, "apiVersion", "v1");
        }
        if let Some(reference) = object(from, "fileKeyRef") {
            pointer(reference, "optional", false.into());
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(own) = object(container, name) {
            probe(own);
        }
    }
    if let Some(lifecycle) = object(container, "lifecycle") {
        for name in ["postStart", "preStop"] {
            if let Some(handler) = object(lifecycle, name) {
                http_get(handler);
            }
        }
    }
}

fn probe(probe: &mut Fields) {
    number(probe, "timeoutSeconds", 1);
    number(probe, "periodSeconds", 10);
    number(probe, "successThreshold", 1);
    number(probe, "failureThreshold", 3);
    if let Some(grpc) = object(probe, "grpc") {
        pointer(grpc, "service", "".into());
    }
    http_get(probe);
}

fn http_get(handler: &mut Fields) {
    if let Some(get) = object(handler, "httpGet") {
        text(get, "path", "/");
        text(get, "scheme", "HTTP");
    }
}
