//! Decides the CustomResourceDefinitions that make the API server serve Rollouts, analyses and Deliveries: those of Argo's
//! kinds field by field as Argo's. It never installs them.

use super::table::Table;
use crate::analysis::TemplateSpec;
use crate::delivery::{DeliverySpec, DeliveryStatus};
use crate::kinds::{self, Kind};
use crate::rollout::RolloutSpec;
use crate::run::{RunSpec, RunState};
use crate::status::RolloutStatus;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Turns what schemars writes into what the API server calls a structural schema: no references, no nulls,
/// no defaults, one type per node.
fn structural(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for word in ["$schema", "title", "default", "$defs"] {
                map.remove(word);
            }
            if let Some(Value::Array(types)) = map.get("type") {
                let named: Vec<Value> = types.iter().filter(|t| **t != json!("null")).cloned().collect();
                if let [one] = named.as_slice() {
                    map.insert("type".to_owned(), one.clone());
                }
            }
            let int_or_string = map.contains_key("x-kubernetes-int-or-string");
            if let Some(Value::Array(options)) = map.get("anyOf").filter(|_| !int_or_string) {
                let inner = options.iter().find(|o| o.get("type") != Some(&json!("null"))).cloned();
                map.remove("anyOf");
                if let Some(Value::Object(inner)) = inner {
                    for (key, item) in inner {
                        map.entry(key).or_insert(item);
                    }
                }
            }
            map.values_mut().for_each(structural);
        }
        Value::Array(items) => items.iter_mut().for_each(structural),
        _ => {}
    }
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|s| s.inline_subschemas = true);
    let mut value = settings.into_generator().into_root_schema_for::<T>().to_value();
    structural(&mut value);
    if let Some(map) = value.as_object_mut() {
        map.remove("nullable");
        map.remove("components");
    }
    drop_word(&mut value, "nullable");
    value
}

/// Removes `word` wherever it is a keyword of the schema (not a property of that name).
fn drop_word(value: &mut Value, word: &str) {
    if let Value::Object(map) = value {
        map.remove(word);
        for (key, inner) in map.iter_mut() {
            match (key.as_str(), inner) {
                ("properties", Value::Object(fields)) => fields.values_mut().for_each(|f| drop_word(f, word)),
                (_, inner @ Value::Object(_)) => drop_word(inner, word),
                _ => {}
            }
        }
    }
}

fn column(name: &str, path: &str, kind: &str, description: &str) -> Value {
    json!({"name": name, "jsonPath": path, "type": kind, "description": description})
}

/// A field of a Delivery's condition `Ready`.
fn of_ready(field: &str) -> String {
    format!(".status.conditions[?(@.type==\"Ready\")].{field}")
}

fn columns(kind: &str) -> Vec<Value> {
    let age = json!({"name": "Age", "jsonPath": ".metadata.creationTimestamp", "type": "date",
        "description": "Time since resource was created"});
    let mut own = match kind {
        "Rollout" => vec![
            column("Desired", ".spec.replicas", "integer", "Number of desired pods"),
            column("Current", ".status.replicas", "integer", "Total number of non-terminated pods"),
            column(
                "Up-to-date",
                ".status.updatedReplicas",
                "integer",
                "Number of those of the wanted template",
            ),
            column("Available", ".status.availableReplicas", "integer", "Available pods"),
        ],
        "AnalysisRun" => vec![column("Status", ".status.phase", "string", "Phase of the run")],
        "Delivery" => vec![
            column("Ready", &of_ready("status"), "string", "Whether the head is applied whole"),
            column("Commit", ".status.lastAppliedCommit", "string", "Commit applied last"),
            column("Status", &of_ready("message"), "string", "What there is to say of it"),
        ],
        "Experiment" => vec![column("Status", ".status.phase", "string", "Phase of the experiment")],
        _ => Vec::new(),
    };
    own.push(age);
    own
}

/// Puts the words in which `from` describes fields to the same fields of `schema`.
fn describe(schema: &mut Value, from: &Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(text) = from.get("description") {
        map.entry("description").or_insert_with(|| text.clone());
    }
    let fields = map.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        if let Some(from) = from.get("properties").and_then(|all| all.get(name)) {
            describe(field, from);
        }
    }
    for word in ["items", "additionalProperties"] {
        if let (Some(inner), Some(from)) = (map.get_mut(word), from.get(word)) {
            describe(inner, from);
        }
    }
}

/// The schemas of the specification and the status of a kind as our own types have them: the fields that we read.
fn of_types(kind: &str) -> (Value, Option<Value>) {
    match kind {
        "Rollout" => (schema_of::<RolloutSpec>(), Some(schema_of::<RolloutStatus>())),
        "AnalysisRun" => (schema_of::<RunSpec>(), Some(schema_of::<RunState>())),
        "Experiment" => (json!({}), Some(json!({}))),
        _ => (schema_of::<TemplateSpec>(), None),
    }
}

/// The same as Argo has them, in our words where we have any.
fn of_argo(kind: &str) -> (Value, Option<Value>) {
    let table = Table::read();
    let (words, of_status) = of_types(kind);
    let name = kind.trim_start_matches("Cluster");
    let mut spec = table.schema(&format!("{name}Spec"));
    describe(&mut spec, &words);
    let rule = json!([{"rule": "self == oldSelf", "message": ".spec.selector is immutable"}]);
    if kind == "Rollout"
        && let Some(selector) = spec.pointer_mut("/properties/selector").and_then(Value::as_object_mut)
    {
        selector.insert("x-kubernetes-validations".to_owned(), rule);
    }
    let status = of_status.map(|words| {
        let mut status = table.schema(&format!("{name}Status"));
        describe(&mut status, &words);
        status
    });
    (spec, status)
}

fn object_schema(kind: &str) -> Value {
    let (spec, status) = match kind {
        "Delivery" => {
            let mut spec = schema_of::<DeliverySpec>();
            if let Some(branch) = spec.pointer_mut("/properties/ref").and_then(Value::as_object_mut) {
                let message = "name a branch: a revert cannot be pushed to a tag or a commit";
                let rule = json!([{"rule": "!has(self.tag) && !has(self.commit)", "message": message}]);
                branch.insert("x-kubernetes-validations".to_owned(), rule);
            }
            (spec, Some(schema_of::<DeliveryStatus>()))
        }
        _ => of_argo(kind),
    };
    let mut properties = json!({
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": spec,
    });
    if let (Some(map), Some(status)) = (properties.as_object_mut(), status) {
        map.insert("status".to_owned(), status);
    }
    json!({"type": "object", "required": ["spec"], "properties": properties})
}

fn definition(kind: &Kind) -> Value {
    let subresources = match kind.kind.as_str() {
        "Rollout" => json!({"status": {}, "scale": {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.HPAReplicas",
            "labelSelectorPath": ".status.selector",
        }}),
        "Delivery" => json!({"status": {}}),
        _ => json!({}),
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.resource()},
        "spec": {
            "group": kind.group,
            "names": {"kind": kind.kind, "listKind": format!("{}List", kind.kind), "plural": kind.plural,
                "singular": kind.singular, "shortNames": kind.short},
            "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
            "versions": [{
                "name": kind.version,
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": object_schema(&kind.kind)},
                "subresources": subresources,
                "additionalPrinterColumns": columns(&kind.kind),
            }],
        },
    })
}

/// The definitions of all kinds that come with one, in the order they should be installed.
#[must_use]
pub fn definitions() -> Vec<Value> {
    kinds::all().filter(|k| !kinds::is_built_in(&k.group)).map(|k| definition(&k)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(path: &str, schema: &Value, wrong: &mut Vec<String>) {
        let Value::Object(map) = schema else { return };
        let free = map.contains_key("x-kubernetes-preserve-unknown-fields")
            || map.contains_key("x-kubernetes-int-or-string");
        if !free && !map.get("type").is_some_and(Value::is_string) {
            wrong.push(format!("{path}: no single type in {schema}"));
        }
        for word in ["$ref", "nullable", "oneOf", "allOf"] {
            if map.contains_key(word) {
                wrong.push(format!("{path}: {word}"));
            }
        }
        for (name, field) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            walk(&format!("{path}.{name}"), field, wrong);
        }
        for word in ["items", "additionalProperties"] {
            if let Some(inner) = map.get(word) {
                walk(&format!("{path}[]"), inner, wrong);
            }
        }
    }

    #[test]
    fn every_schema_is_structural() {
        let mut wrong = Vec::new();
        for crd in definitions() {
            let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            walk(crd["metadata"]["name"].as_str().unwrap(), schema, &mut wrong);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Where `ours` has a field that `argo` has not, or one of another type.
    fn compare(path: &str, ours: &Value, argo: &Value, wrong: &mut Vec<String>) {
        let words = ["type", "format", "x-kubernetes-int-or-string"];
        let shape = |v: &Value| words.map(|word| v.get(word).cloned());
        let is_open = |v: &Value| v.get("x-kubernetes-preserve-unknown-fields").is_some();
        if is_open(ours) || is_open(argo) {
            return;
        }
        if shape(ours) != shape(argo) {
            wrong.push(format!("{path}: {ours} for {argo}"));
        }
        for (name, field) in ours.get("properties").and_then(Value::as_object).into_iter().flatten() {
            match argo.pointer("/properties").and_then(|all| all.get(name)) {
                Some(argo) => compare(&format!("{path}.{name}"), field, argo, wrong),
                None => wrong.push(format!("{path}.{name}: Argo has no such field")),
            }
        }
        for word in ["items", "additionalProperties"] {
            if let (Some(ours), Some(argo)) = (ours.get(word), argo.get(word)) {
                compare(&format!("{path}[]"), ours, argo, wrong);
            }
        }
    }

    #[test]
    fn what_our_types_read_is_what_argo_has() {
        let mut wrong = Vec::new();
        for kind in ["Rollout", "AnalysisRun", "AnalysisTemplate"] {
            let ((spec, status), (argo, argo_status)) = (of_types(kind), of_argo(kind));
            compare(&format!("{kind}.spec"), &spec, &argo, &mut wrong);
            if let (Some(ours), Some(argo)) = (status, argo_status) {
                compare(&format!("{kind}.status"), &ours, &argo, &mut wrong);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn pod_templates_have_kubernetes_own_schema_and_the_whole_stays_small() {
        let crd =
            definitions().into_iter().find(|c| c["metadata"]["name"] == "rollouts.argoproj.io").unwrap();
        let at = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/template/properties/spec/properties";
        let pod = crd.pointer(at).unwrap();
        assert_eq!(pod["containers"]["x-kubernetes-list-map-keys"], json!(["name"]));
        let port = &pod["containers"]["items"]["properties"]["ports"];
        assert_eq!(port["x-kubernetes-list-map-keys"], json!(["containerPort", "protocol"]));
        assert_eq!(port["items"]["properties"]["protocol"]["default"], "TCP");
        for definition in definitions() {
            let size = definition.to_string().len();
            assert!(size < 250_000, "{}: {size} bytes", definition["metadata"]["name"]);
        }
    }

    #[test]
    fn the_rollout_has_argos_columns_and_subresources() {
        let crd =
            definitions().into_iter().find(|c| c["metadata"]["name"] == "rollouts.argoproj.io").unwrap();
        let version = &crd["spec"]["versions"][0];
        let names: Vec<&str> = version["additionalPrinterColumns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["Desired", "Current", "Up-to-date", "Available", "Age"]);
        assert_eq!(version["subresources"]["scale"]["statusReplicasPath"], ".status.HPAReplicas");
        let step = &version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["strategy"]["properties"]
            ["canary"]["properties"]["steps"]["items"]["properties"];
        assert_eq!(step["pause"]["properties"]["duration"]["x-kubernetes-int-or-string"], true);
    }

    #[test]
    fn a_delivery_says_what_may_be_written_and_shows_how_it_stands() {
        let crd =
            definitions().into_iter().find(|c| c["metadata"]["name"] == "deliveries.switchback.dev").unwrap();
        assert_eq!(crd["spec"]["names"]["shortNames"], json!(["dlv"]));
        let version = &crd["spec"]["versions"][0];
        assert_eq!(version["subresources"], json!({"status": {}}));
        let columns: Vec<&str> = version["additionalPrinterColumns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].as_str().unwrap())
            .collect();
        assert_eq!(columns, ["Ready", "Commit", "Status", "Age"]);
        let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
        assert_eq!(spec["required"], json!(["repository"]));
        let fields = &spec["properties"];
        assert_eq!(fields["repository"]["minLength"], 1);
        assert_eq!(fields["drift"]["enum"], json!(["heal", "report", "ignore"]));
        assert_eq!(fields["rollbackOn"]["items"]["pattern"], "^(failed|error|deadline|abort|undo)$");
        assert!(fields["interval"]["pattern"].as_str().unwrap().contains("ms|s|m|h"));
        assert_eq!(fields["dependsOn"]["items"]["required"], json!(["name"]));
        assert!(fields["ref"]["x-kubernetes-validations"][0]["rule"].as_str().unwrap().contains("self.tag"));
    }
}
