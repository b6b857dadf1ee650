//! Laws of merging, over random Deployments and Services: what a patch must do whatever the objects are.

use proptest::prelude::*;
use serde_json::{Value, json};
use switchback::api::listkeys::Schema;
use switchback::merge::apply::{ApplyError, Write, apply, keep_times, reset_fields, track_update};
use switchback::merge::fields::{FieldSet, fields_of};
use switchback::merge::{json as merge_patch, smp, three};

fn object(parts: Vec<Option<(&'static str, Value)>>) -> Value {
    Value::Object(parts.into_iter().flatten().map(|(k, v)| (k.to_owned(), v)).collect())
}

fn maybe(
    name: &'static str,
    value: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Option<(&'static str, Value)>> {
    prop::option::of(value).prop_map(move |v| v.map(|v| (name, v)))
}

fn word() -> impl Strategy<Value = Value> {
    "[ab]".prop_map(Value::from)
}

/// Items with distinct names, in any order.
fn keyed(
    key: &'static str,
    most: usize,
    item: impl Strategy<Value = Value> + Clone + 'static,
) -> BoxedStrategy<Value> {
    let names = Just(vec!["a", "b", "c", "d"]).prop_shuffle();
    (names, prop::collection::vec(item, 0..=most))
        .prop_map(move |(names, items)| {
            let named = items.into_iter().zip(names).map(|(mut item, name)| {
                item[key] = json!(name);
                item
            });
            Value::Array(named.collect())
        })
        .boxed()
}

/// Ports told apart by number and protocol, so that numbers may repeat.
fn ports(key: &'static str) -> impl Strategy<Value = Value> {
    let all: Vec<(i64, &str)> = vec![(53, "TCP"), (53, "UDP"), (80, "TCP"), (81, "TCP")];
    (Just(all).prop_shuffle(), prop::collection::vec(maybe("name", word()), 0..4)).prop_map(
        move |(all, rest)| {
            let port = |((number, protocol), rest): ((i64, &str), Option<(&'static str, Value)>)| {
                let mut port = object(vec![rest]);
                port[key] = json!(number);
                port["protocol"] = json!(protocol);
                port
            };
            Value::Array(all.into_iter().zip(rest).map(port).collect())
        },
    )
}

fn labels() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-c]", word(), 1..3).prop_map(|m| Value::Object(m.into_iter().collect()))
}

fn container() -> impl Strategy<Value = Value> + Clone {
    let env = maybe("value", word()).prop_map(|v| object(vec![v]));
    let parts = (
        maybe("image", word()),
        maybe("args", prop::collection::vec(word(), 0..3).prop_map(Value::from)),
        maybe("env", keyed("name", 3, env.boxed())),
        maybe("ports", ports("containerPort")),
    );
    parts.prop_map(|(a, b, c, d)| object(vec![a, b, c, d])).boxed()
}

fn deployment() -> impl Strategy<Value = Value> {
    let rolling = maybe("maxSurge", (0..3i64).prop_map(Value::from)).prop_map(|s| object(vec![s]));
    let strategy =
        (maybe("type", word()), maybe("rollingUpdate", rolling)).prop_map(|(a, b)| object(vec![a, b]));
    let finalizers = Just(vec!["x.io/a", "x.io/b", "x.io/c"]).prop_shuffle();
    let finalizers =
        (finalizers, 0..4usize).prop_map(|(all, n)| json!(all.into_iter().take(n).collect::<Vec<_>>()));
    let meta =
        (maybe("labels", labels()), maybe("finalizers", finalizers)).prop_map(|(a, b)| object(vec![a, b]));
    let spec = (
        maybe("replicas", (1..4i64).prop_map(Value::from)),
        maybe("strategy", strategy),
        keyed("name", 3, container()),
        maybe("nodeSelector", labels()),
    );
    let spec = spec.prop_map(|(replicas, strategy, containers, selector)| {
        let pod = object(vec![Some(("containers", containers)), selector]);
        object(vec![replicas, strategy, Some(("template", json!({"spec": pod})))])
    });
    (meta, spec).prop_map(|(metadata, spec)| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    })
}

/// A Deployment with at least one field that can be owned. An object without one is applied to as if for the first time.
fn owned_deployment() -> impl Strategy<Value = Value> {
    deployment().prop_map(|mut object| {
        object["spec"]["paused"] = json!(false);
        object
    })
}

fn service() -> impl Strategy<Value = Value> {
    ports("port").prop_map(|ports| json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": ports}}))
}

fn schema(object: &Value) -> Schema {
    Schema::of(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap()).unwrap()
}

fn any_kind() -> impl Strategy<Value = (Value, Value, Value)> {
    prop_oneof![
        3 => (deployment(), deployment(), deployment()),
        1 => (service(), service(), service()),
    ]
}

/// What others might add to an object that they do not own.
fn tainted(object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["annotations"] = json!({"foreign": "1"});
    object["metadata"]["uid"] = json!("u");
    object["status"] = json!({"observedGeneration": 1});
    if let Some(list) = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut) {
        list.insert(0, json!({"name": "sidecar", "image": "s"}));
        list.iter_mut().for_each(|container| container["imagePullPolicy"] = json!("Always"));
    }
    if let Some(list) = object.pointer_mut("/metadata/finalizers").and_then(Value::as_array_mut) {
        list.push(json!("foreign.io/f"));
    }
    if let Some(list) = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut) {
        list.iter_mut().for_each(|port| port["nodePort"] = json!(30000));
        list.push(json!({"port": 9, "protocol": "UDP"}));
    }
    object
}

fn write<'a>(manager: &'a str, second: i64, schema: &'a Schema, reset: &'a FieldSet) -> Write<'a> {
    let time = jiff::Timestamp::from_second(1_800_000_000 + second).unwrap();
    Write { manager, subresource: "", time, schema, reset }
}

fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    object
}

/// `object` with lists of ports in one order: where their merge key is ambiguous, their order is the server's.
fn settled(object: &Value) -> Value {
    match object {
        Value::Object(map) => {
            let settle = |(key, value): (&String, &Value)| match value {
                Value::Array(list) if key == "ports" => {
                    let mut list = list.clone();
                    list.sort_by_key(Value::to_string);
                    (key.clone(), Value::Array(list))
                }
                _ => (key.clone(), settled(value)),
            };
            Value::Object(map.iter().map(settle).collect())
        }
        Value::Array(list) => list.iter().map(settled).collect(),
        scalar => scalar.clone(),
    }
}

/// Whether a list of ports holds one number twice.
fn ambiguous(object: &Value) -> bool {
    match object {
        Value::Object(map) => map.iter().any(|(key, value)| match value {
            Value::Array(list) if key == "ports" => {
                let number = |port: &Value| port.get("port").or(port.get("containerPort")).cloned();
                (1..list.len()).any(|at| list[..at].iter().any(|port| number(port) == number(&list[at])))
            }
            _ => ambiguous(value),
        }),
        Value::Array(list) => list.iter().any(ambiguous),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_two_way_patch_leads_there_and_is_empty_at_home((from, to, _) in any_kind()) {
        let schema = schema(&from);
        prop_assert_eq!(smp::diff(&from, &from, &schema).unwrap(), json!({}));
        let patch = smp::diff(&from, &to, &schema).unwrap();
        let there = smp::apply(&from, &patch, &schema).unwrap();
        prop_assert_eq!(settled(&there), settled(&to), "{}", patch);
        if !ambiguous(&to) {
            prop_assert_eq!(&there, &to, "{}", patch);
            prop_assert_eq!(smp::apply(&there, &patch, &schema).unwrap(), there, "twice is once: {}", patch);
        }
    }

    #[test]
    fn nothing_wanted_means_nothing_sent((base, _, _) in any_kind()) {
        let (schema, live) = (schema(&base), tainted(&base));
        prop_assert_eq!(three::effective(&base, &base, &live, &schema).unwrap(), json!({}));
        prop_assert_eq!(three::conflicts(&base, &base, &live, &schema).unwrap(), vec![]);
    }

    #[test]
    fn what_nobody_touched_becomes_what_is_desired((base, desired, _) in any_kind()) {
        let schema = schema(&base);
        let patch = three::strategic(&base, &desired, &base, &schema).unwrap();
        prop_assert_eq!(settled(&smp::apply(&base, &patch, &schema).unwrap()), settled(&desired), "{}", patch);
        let patch = three::json(&base, &desired, &base);
        prop_assert_eq!(merge_patch::apply(&base, &patch), desired);
    }

    #[test]
    fn once_is_enough((base, desired, live) in any_kind()) {
        let schema = schema(&base);
        let patch = three::strategic(&base, &desired, &live, &schema).unwrap();
        let after = smp::apply(&live, &patch, &schema).unwrap();
        prop_assert_eq!(three::effective(&desired, &desired, &after, &schema).unwrap(), json!({}), "{}", after);
        let after = merge_patch::apply(&live, &three::json(&base, &desired, &live));
        prop_assert_eq!(three::json(&desired, &desired, &after), json!({}));
    }

    #[test]
    fn what_others_added_stays((base, desired, _) in any_kind()) {
        let (schema, live) = (schema(&base), tainted(&base));
        let patch = three::strategic(&base, &desired, &live, &schema).unwrap();
        let after = smp::apply(&live, &patch, &schema).unwrap();
        prop_assert_eq!(&after["metadata"]["annotations"], &json!({"foreign": "1"}));
        prop_assert_eq!(&after["status"], &json!({"observedGeneration": 1}));
        if let Some(list) = after.pointer("/spec/template/spec/containers").and_then(Value::as_array) {
            prop_assert!(list.iter().any(|c| c["name"] == "sidecar"), "{}", after);
        }
        // A list that the desired state gives up goes whole, and so does one that is not there any more.
        if let (Some(_), Some(list)) = (desired.pointer("/spec/ports"), after.pointer("/spec/ports")) {
            prop_assert!(list.as_array().unwrap().iter().any(|p| p["port"] == 9), "{}", after);
        }
    }

    #[test]
    fn applying_twice_is_applying_once(config in owned_deployment(), other in owned_deployment()) {
        let schema = schema(&config);
        let reset = reset_fields("apps/v1", "Deployment", "");
        let first = apply(None, &config, &write("a", 1, &schema, &reset), false).unwrap();
        prop_assert_eq!(&apply(Some(&first), &config, &write("a", 2, &schema, &reset), false).unwrap(), &first);
        let second = apply(Some(&first), &other, &write("b", 3, &schema, &reset), true).unwrap();
        let again = apply(Some(&second), &other, &write("b", 4, &schema, &reset), false).unwrap();
        prop_assert_eq!(keep_times(&second, &again), second);
    }

    #[test]
    fn an_only_applier_has_what_it_applied_last(first in owned_deployment(), last in owned_deployment()) {
        let schema = schema(&first);
        let none = FieldSet::default();
        let live = apply(None, &first, &write("a", 1, &schema, &none), false).unwrap();
        let after = apply(Some(&live), &last, &write("a", 2, &schema, &none), false).unwrap();
        let untracked = FieldSet::of(&[&["apiVersion"], &["kind"], &["metadata"]]);
        let wanted = fields_of(&last, &schema).difference(&untracked);
        let entry = after.pointer("/metadata/managedFields/0/fieldsV1").cloned().unwrap_or(json!({}));
        prop_assert_eq!(FieldSet::from_fields_v1(&entry).unwrap(), wanted);
        let emptied = |o: &Value| fields_of(&bare(o), &schema);
        let missing = emptied(&last).difference(&emptied(&after)).difference(&untracked);
        prop_assert!(missing.is_empty(), "{:?}", missing.paths());
    }

    #[test]
    fn without_force_nobody_loses_a_field(ours in owned_deployment(), theirs in owned_deployment()) {
        let schema = schema(&ours);
        let reset = reset_fields("apps/v1", "Deployment", "");
        let live = apply(None, &ours, &write("a", 1, &schema, &reset), false).unwrap();
        match apply(Some(&live), &theirs, &write("b", 2, &schema, &reset), false) {
            Ok(after) => {
                let owned = |o: &Value| {
                    let list = o.pointer("/metadata/managedFields").and_then(Value::as_array).cloned();
                    list.into_iter().flatten().find(|e| e["manager"] == "a").map(|e| e["fieldsV1"].clone())
                };
                prop_assert_eq!(owned(&after), owned(&live));
                prop_assert_eq!(&smp::apply(&bare(&after), &json!({}), &schema).unwrap(), &bare(&after));
            }
            Err(ApplyError::Conflicts(conflicts)) => prop_assert!(!conflicts.list().is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn every_field_of_a_created_object_has_one_owner(new in deployment(), next in deployment()) {
        let schema = schema(&new);
        let none = FieldSet::default();
        let created = track_update(None, &new, &write("a", 1, &schema, &none));
        let mut wanted = next.clone();
        wanted["metadata"]["managedFields"] = created["metadata"]["managedFields"].clone();
        let updated = track_update(Some(&created), &wanted, &write("b", 2, &schema, &none));
        let sets: Vec<FieldSet> = updated["metadata"]["managedFields"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| FieldSet::from_fields_v1(&entry["fieldsV1"]).unwrap())
            .collect();
        for (at, set) in sets.iter().enumerate() {
            prop_assert!(!set.is_empty());
            for other in &sets[at + 1..] {
                prop_assert!(set.intersection(other).is_empty());
            }
        }
        let again = track_update(Some(&updated), &bare(&updated), &write("c", 3, &schema, &none));
        prop_assert_eq!(again, updated, "a write that changes nothing leaves no trace");
    }
}
