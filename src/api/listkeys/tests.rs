//! Checks the committed table against itself, and the schemas against facts about Kubernetes' kinds.
//! It never asks a server; `tests/merge` holds the answers of one.

use super::schema::NOTHING;
use super::{List, Relation, Scalar, Schema, table};
use serde_json::json;
use std::sync::Arc;

fn of(api_version: &str, kind: &str) -> Schema {
    Schema::of(api_version, kind).unwrap_or_else(|| panic!("{api_version} {kind} is in the table"))
}

fn keys(schema: &Schema) -> Vec<&str> {
    match schema.list().map(|l| &l.relation) {
        Some(Relation::Keys(keys)) => keys.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_built_in_kind_has_a_schema() {
    for kind in crate::kinds::all().filter(|k| crate::kinds::is_built_in(&k.group)) {
        let schema = of(&kind.api_version(), &kind.kind);
        assert!(schema.declares("metadata"), "{}", kind.kind);
        assert!(schema.at(&["metadata", "ownerReferences"]).is_some(), "{}", kind.kind);
        assert!(Schema::zero(&kind.api_version(), &kind.kind).get("metadata").is_some(), "{}", kind.kind);
    }
    assert!(Schema::of("apps/v1beta1", "Deployment").is_none());
    assert!(Schema::of("argoproj.io/v1alpha1", "Rollout").is_none());
    assert_eq!(Schema::zero("argoproj.io/v1alpha1", "Rollout"), json!({}));
}

/// Walks every type of the built-in graph: keys and merge keys are fields of the items, and nothing admits nothing.
#[test]
fn the_table_holds_together() {
    let graph = table::built_in();
    let (mut lists, mut merging) = (0, 0);
    for (id, ty) in graph.types.iter().enumerate() {
        assert!(ty != &NOTHING, "type {id} admits nothing");
        let here = Schema::root(Arc::clone(&graph), id);
        if let Some(List { relation: Relation::Keys(keys), .. }) = here.list() {
            lists += 1;
            for key in keys {
                assert!(here.items().declares(key), "{key} is a field of {here:?}");
            }
        }
        for (name, field) in here.map().into_iter().flat_map(|m| &m.fields) {
            assert!(graph.types.get(field.ty).is_some(), "{name} has a type");
            let Some(at) = here.field(name) else { panic!("{name} is walkable") };
            if let Some(key) = at.patch().key() {
                merging += 1;
                assert!(at.patch().merge && at.list().is_some(), "{name} merges as a list");
                assert!(at.items().declares(key), "{key} is a field of the items of {name}");
            }
        }
    }
    assert!(lists > 50 && merging > 40, "{lists} keyed lists, {merging} merging ones");
}

#[test]
fn facts_about_pods() {
    let pod = of("apps/v1", "Deployment").at(&["spec", "template", "spec"]).unwrap();
    let containers = pod.field("containers").unwrap();
    assert_eq!((containers.patch().key(), keys(&containers)), (Some("name"), vec!["name"]));
    let ports = containers.items().field("ports").unwrap();
    assert_eq!(
        (ports.patch().key(), keys(&ports)),
        (Some("containerPort"), vec!["containerPort", "protocol"])
    );
    assert_eq!(ports.items().default_of("protocol"), Some(&json!("TCP")));
    assert_eq!(containers.items().default_of("name"), Some(&json!("")));
    assert_eq!(containers.items().default_of("image"), None);
    let spread = pod.field("topologySpreadConstraints").unwrap();
    assert_eq!((spread.patch().key(), keys(&spread).len()), (Some("topologyKey"), 2));
    let volumes = pod.field("volumes").unwrap();
    assert!(volumes.patch().merge && volumes.patch().retain_keys);
    let tolerations = pod.field("tolerations").unwrap();
    assert!(!tolerations.patch().merge && tolerations.list().unwrap().relation == Relation::Atomic);
    assert!(pod.field("nodeSelector").unwrap().map().unwrap().atomic);
    assert!(pod.field("hostNames").is_none());
    assert_eq!(containers.items().at(&["resources", "limits", "cpu"]).unwrap().scalar(), Some(Scalar::Any));
}

#[test]
fn facts_about_other_kinds() {
    let deployment = of("apps/v1", "Deployment");
    let strategy = deployment.at(&["spec", "strategy"]).unwrap();
    assert!(strategy.patch().retain_keys && !strategy.patch().merge);
    assert!(deployment.at(&["spec", "selector"]).unwrap().map().unwrap().atomic);
    let finalizers = deployment.at(&["metadata", "finalizers"]).unwrap();
    assert!(finalizers.patch().merge && finalizers.patch().key().is_none());
    assert_eq!(finalizers.list().unwrap().relation, Relation::Set);
    let ports = of("v1", "Service").at(&["spec", "ports"]).unwrap();
    assert_eq!((ports.patch().key(), keys(&ports)), (Some("port"), vec!["port", "protocol"]));
    let budget = of("policy/v1", "PodDisruptionBudget");
    assert!(budget.at(&["spec", "selector"]).unwrap().patch().replace);
    let labels = of("v1", "ConfigMap").at(&["metadata", "labels"]).unwrap();
    assert!(!labels.declares("app") && labels.field("app").unwrap().scalar() == Some(Scalar::Text));
    assert_eq!(Schema::zero("apps/v1", "Deployment").pointer("/spec/selector"), Some(&json!(null)));
}

#[test]
fn without_a_schema_maps_merge_and_lists_are_atomic() {
    let deep = Schema::deduced().at(&["spec", "anything"]).unwrap();
    assert_eq!(deep.list().unwrap().relation, Relation::Atomic);
    assert!(!deep.map().unwrap().atomic && deep.is_deduced_map());
    assert!(deep.items().map().unwrap().atomic);
}

#[test]
fn a_definition_of_a_custom_resource() {
    let schema = Schema::from_openapi(&json!({"type": "object", "properties": {
        "metadata": {"type": "object"},
        "spec": {"type": "object", "properties": {
            "hosts": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "rules": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "proto"],
                "items": {"type": "object", "properties": {"port": {"type": "integer"},
                    "proto": {"type": "string", "default": "TCP"}}}},
            "plain": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "affinity": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}}},
            "limit": {"x-kubernetes-int-or-string": true},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"inner": {"type": "object", "properties": {"x": {"type": "string"}}}}},
            "child": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": {"type": "object"}}},
            "when": {"type": "string", "format": "date-time"},
            "odd": {"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}},
        }},
    }}));
    let spec = schema.field("spec").unwrap();
    assert_eq!(spec.field("hosts").unwrap().list().unwrap().relation, Relation::Set);
    let rules = spec.field("rules").unwrap();
    assert_eq!(keys(&rules), ["port", "proto"]);
    assert_eq!(rules.items().default_of("proto"), Some(&json!("TCP")));
    assert_eq!(spec.field("plain").unwrap().list().unwrap().relation, Relation::Atomic);
    assert!(spec.field("affinity").unwrap().map().unwrap().atomic);
    assert_eq!(spec.field("limit").unwrap().scalar(), Some(Scalar::Any));
    assert!(spec.field("nothing").is_none(), "unknown fields are not declared");
    let inner = spec.at(&["free", "inner"]).unwrap();
    assert!(inner.field("whatever").is_some(), "what preserves unknown fields does so below, too");
    assert!(spec.at(&["child", "metadata", "labels", "a"]).is_some());
    assert_eq!(spec.field("when").unwrap().scalar(), Some(Scalar::Any));
    assert_eq!(spec.field("odd").unwrap().list().unwrap().relation, Relation::Atomic);
    let owners = schema.at(&["metadata", "ownerReferences"]).unwrap();
    assert_eq!(owners.patch().key(), Some("uid"));
}

#[test]
fn a_definition_that_makes_no_sense_yields_a_schema_all_the_same() {
    let mut nested = json!({"type": "string"});
    for _ in 0..1000 {
        nested = json!({"type": "object", "properties": {"a": nested}});
    }
    for bad in [json!(null), json!(7), json!({"properties": 3}), json!({"type": ["object"]}), nested] {
        assert!(Schema::from_openapi(&bad).declares("metadata"), "{}", bad.to_string().len());
    }
}
