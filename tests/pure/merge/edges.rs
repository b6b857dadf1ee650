//! The edge cases of merging Git with a cluster, one test each, numbered as in our list of them.
//!
//! Those that are not about merging (immutable fields, stale resource versions, quantities in other notations) are
//! tested where they are decided.

use serde_json::{Value, json};
use switchback::api::listkeys::Schema;
use switchback::merge::apply::{ApplyError, Write, apply, keep_times, reset_fields, scale, track_update};
use switchback::merge::fields::FieldSet;
use switchback::merge::{MergeError, json as merge_patch, smp, three};

fn deployment() -> Schema {
    Schema::of("apps/v1", "Deployment").unwrap()
}

fn pod(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

fn containers(list: Value) -> Value {
    pod(json!({"containers": list}))
}

/// What `live` becomes when `base` was applied before and `desired` is now.
fn settle(base: &Value, desired: &Value, live: &Value) -> Value {
    let patch = three::strategic(base, desired, live, &deployment()).unwrap();
    let after = smp::apply(live, &patch, &deployment()).unwrap();
    assert_eq!(
        three::effective(desired, desired, &after, &deployment()).unwrap(),
        json!({}),
        "settles: {patch}"
    );
    after
}

fn write<'a>(manager: &'a str, second: i64, schema: &'a Schema, reset: &'a FieldSet) -> Write<'a> {
    let time = jiff::Timestamp::from_second(1_800_000_000 + second).unwrap();
    Write { manager, subresource: "", time, schema, reset }
}

fn owner(object: &Value, manager: &str) -> Option<Value> {
    let list =
        object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default();
    list.into_iter().find(|e| e["manager"] == manager).map(|e| e["fieldsV1"].clone())
}

#[test]
fn edge_01_a_removed_key_goes_only_if_we_had_applied_it() {
    let base = json!({"metadata": {"labels": {"ours": "1"}}});
    let live = json!({"metadata": {"labels": {"ours": "1", "theirs": "1"}}});
    let desired = json!({"metadata": {"labels": {}}});
    assert_eq!(settle(&base, &desired, &live), json!({"metadata": {"labels": {"theirs": "1"}}}));
    assert_eq!(settle(&json!({}), &desired, &live), live, "not in what we applied last: not ours to delete");
    assert_eq!(three::json(&base, &desired, &live), json!({"metadata": {"labels": {"ours": null}}}));
}

#[test]
fn edge_02_an_explicit_null_deletes_once_and_then_rests() {
    let (base, desired) = (json!({}), json!({"spec": {"paused": null}}));
    let live = json!({"spec": {"paused": true}});
    assert_eq!(settle(&base, &desired, &live), json!({"spec": {}}));
    assert_eq!(three::json(&base, &desired, &live), json!({"spec": {"paused": null}}));
    for gone in [json!({"spec": {}}), json!({"spec": {"paused": null}})] {
        assert_eq!(three::json(&desired, &desired, &gone), json!({}));
    }
}

#[test]
fn edge_03_empty_absent_and_null_are_three_things() {
    let live = pod(json!({"nodeSelector": {"a": "1"}, "tolerations": [{"key": "t"}]}));
    let empty = pod(json!({"nodeSelector": {}, "tolerations": []}));
    assert_eq!(settle(&live, &empty, &live), empty);
    assert_eq!(settle(&live, &pod(json!({})), &live), pod(json!({})));
    let rules = |list: Value| json!({"rules": list});
    assert_eq!(three::json(&rules(json!([])), &rules(json!([])), &rules(json!([]))), json!({}));
    assert_eq!(three::json(&json!({}), &rules(json!([])), &json!({})), rules(json!([])));
}

#[test]
fn edge_04_items_match_by_key_and_their_order_is_set() {
    let (a, b) = (json!({"name": "a", "image": "1"}), json!({"name": "b", "image": "1"}));
    let (one, other) = (containers(json!([a, b])), containers(json!([b, a])));
    let patch = three::strategic(&one, &other, &one, &deployment()).unwrap();
    let order = pod(json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}));
    assert_eq!(patch, order, "no item is sent");
    assert_eq!(settle(&one, &other, &one), other);
}

#[test]
fn edge_05_our_item_goes_and_the_servers_stays() {
    let base = containers(json!([{"name": "a"}, {"name": "b"}]));
    let live = containers(json!([{"name": "sidecar"}, {"name": "a"}, {"name": "b", "image": "x"}]));
    let after = settle(&base, &containers(json!([{"name": "a"}])), &live);
    assert_eq!(after, containers(json!([{"name": "sidecar"}, {"name": "a"}])));
}

#[test]
fn edge_06_primitive_lists_merge_and_lose_all_duplicates() {
    let list = |items: &[&str]| json!({"metadata": {"finalizers": items}});
    let after = settle(&list(&["a", "b"]), &list(&["b", "c"]), &list(&["x", "a", "b", "a"]));
    assert_eq!(after, list(&["x", "b", "c"]));
}

#[test]
fn edge_07_atomic_lists_are_replaced_whole() {
    let with = |args: &[&str]| containers(json!([{"name": "a", "args": args}]));
    assert_eq!(settle(&with(&["x"]), &with(&["y"]), &with(&["x", "z"])), with(&["y"]));
}

#[test]
fn edge_08_lists_of_custom_resources_are_atomic_unless_their_schema_says_otherwise() {
    let hosts = |list: &[&str]| json!({"apiVersion": "x.io/v1", "kind": "X", "spec": {"hosts": list}});
    let patch = three::json(&hosts(&["a"]), &hosts(&["a", "b"]), &hosts(&["a", "injected"]));
    assert_eq!(patch, json!({"spec": {"hosts": ["a", "b"]}}), "a merge patch replaces the list");
    let none = FieldSet::default();
    let joined = |schema: &Schema| {
        let live = apply(None, &hosts(&["injected"]), &write("x", 1, schema, &none), false).unwrap();
        apply(Some(&live), &hosts(&["a"]), &write("y", 2, schema, &none), false)
    };
    assert!(matches!(joined(&Schema::deduced()), Err(ApplyError::Conflicts(_))));
    let set = Schema::from_openapi(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "hosts": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}}}}}),
    );
    assert_eq!(joined(&set).unwrap()["spec"]["hosts"], json!(["injected", "a"]));
}

#[test]
fn edge_09_one_port_for_two_protocols() {
    let service = Schema::of("v1", "Service").unwrap();
    let port = |protocol: &str, target: i64| json!({"port": 53, "protocol": protocol, "targetPort": target});
    let ports = |list: &[Value]| json!({"spec": {"ports": list}});
    let base = ports(&[port("TCP", 1), port("UDP", 1)]);
    let desired = ports(&[port("TCP", 1), port("UDP", 2)]);
    let mut live = ports(&[port("TCP", 1), port("UDP", 1), json!({"port": 9, "protocol": "TCP"})]);
    live["spec"]["ports"][0]["nodePort"] = json!(30053);
    let patch = three::strategic(&base, &desired, &live, &service).unwrap();
    let after = smp::apply(&live, &patch, &service).unwrap();
    let list = after["spec"]["ports"].as_array().unwrap();
    assert_eq!(list.len(), 3, "{after}");
    assert_eq!(list[0]["nodePort"], 30053, "what the server added stays");
    assert_eq!(list[1]["targetPort"], 2);
    let one = three::strategic(&base, &ports(&[port("UDP", 1)]), &live, &service).unwrap();
    let after = smp::apply(&live, &one, &service).unwrap();
    assert_eq!(after, ports(&[port("UDP", 1), json!({"port": 9, "protocol": "TCP"})]));
    let last = ports(&[json!({"port": 80}), port("UDP", 1)]);
    let other_order = ports(&[port("UDP", 1), json!({"port": 80})]);
    let patch = three::strategic(&base, &last, &other_order, &service).unwrap();
    assert_eq!(smp::apply(&other_order, &patch, &service).unwrap(), last, "an order that can be told is set");
    let defaulted = ports(&[json!({"port": 53, "targetPort": 1}), port("UDP", 1)]);
    assert_eq!(
        three::effective(&defaulted, &defaulted, &base, &service).unwrap(),
        json!({}),
        "TCP by default"
    );
}

#[test]
fn edge_10_an_item_without_its_key_is_an_error() {
    let (good, bad) = (containers(json!([{"name": "a"}])), containers(json!([{"image": "x"}])));
    let told = |result: Result<Value, MergeError>| result.unwrap_err().to_string();
    for text in [
        told(smp::apply(&good, &bad, &deployment())),
        told(smp::diff(&good, &bad, &deployment())),
        told(three::strategic(&good, &bad, &good, &deployment())),
        told(three::strategic(&bad, &good, &good, &deployment())),
    ] {
        assert_eq!(text, "map: map[image:x] does not contain declared merge key: name");
    }
    let odd = containers(json!(["a", 1, null]));
    assert!(three::strategic(&good, &odd, &good, &deployment()).is_err());
}

#[test]
fn edge_11_keyed_lists_in_keyed_lists() {
    let env = |list: Value| containers(json!([{"name": "a", "env": list}]));
    let base = env(json!([{"name": "X", "value": "1"}, {"name": "Y", "value": "1"}]));
    let live = env(
        json!([{"name": "INJECTED", "value": "9"}, {"name": "X", "value": "1"}, {"name": "Y", "value": "1"}]),
    );
    let after = settle(&base, &env(json!([{"name": "Y", "value": "2"}])), &live);
    assert_eq!(after, env(json!([{"name": "INJECTED", "value": "9"}, {"name": "Y", "value": "2"}])));
    let sources = |list: Value| pod(json!({"volumes": [{"name": "v", "projected": {"sources": list}}]}));
    let (one, two) =
        (sources(json!([{"secret": {"name": "a"}}])), sources(json!([{"secret": {"name": "b"}}])));
    assert_eq!(settle(&one, &two, &one), two, "a list that has no keys");
}

#[test]
fn edge_12_a_union_switches_sides() {
    let strategy = |value: Value| json!({"spec": {"strategy": value}});
    let live = strategy(json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}));
    let desired = strategy(json!({"type": "Recreate"}));
    assert_eq!(settle(&json!({}), &desired, &live), desired, "also when the other side was a default");
    let volume = |value: Value| pod(json!({"volumes": [value]}));
    let (old, new) = (json!({"name": "v", "emptyDir": {}}), json!({"name": "v", "configMap": {"name": "c"}}));
    assert_eq!(settle(&volume(old.clone()), &volume(new.clone()), &volume(old)), volume(new));
}

#[test]
fn edge_13_a_field_changes_its_type() {
    for (old, new) in [
        (json!("text"), json!([1])),
        (json!([1]), json!({"a": 1})),
        (json!({"a": 1}), json!("text")),
        (json!(1), json!("1")),
    ] {
        let (base, desired) = (json!({"x": old}), json!({"x": new}));
        assert_eq!(merge_patch::apply(&base, &three::json(&base, &desired, &base)), desired);
        let schema = Schema::deduced();
        let patch = three::strategic(&base, &desired, &base, &schema).unwrap();
        assert_eq!(smp::apply(&base, &patch, &schema).unwrap(), desired);
    }
}

#[test]
fn edge_14_defaults_of_the_server_are_no_difference() {
    let ours = containers(json!([{"name": "a", "image": "i", "ports": [{"containerPort": 80}]}]));
    let mut live = containers(json!([{"name": "a", "image": "i", "imagePullPolicy": "Always",
        "ports": [{"containerPort": 80, "protocol": "TCP"}]}]));
    live["spec"]["progressDeadlineSeconds"] = json!(600);
    assert_eq!(three::effective(&ours, &ours, &live, &deployment()).unwrap(), json!({}));
    let schema = deployment();
    let none = FieldSet::default();
    let config = |spec: &Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec["spec"]});
    let first = apply(None, &config(&ours), &write("a", 1, &schema, &none), false).unwrap();
    let mut defaulted = config(&live);
    defaulted["metadata"] = first["metadata"].clone();
    let again = apply(Some(&defaulted), &config(&ours), &write("a", 2, &schema, &none), false).unwrap();
    assert_eq!(again, defaulted);
}

#[test]
fn edge_15_a_number_and_its_text_differ() {
    let port =
        |port: Value| containers(json!([{"name": "a", "livenessProbe": {"tcpSocket": {"port": port}}}]));
    let patch =
        three::strategic(&port(json!(80)), &port(json!("80")), &port(json!(80)), &deployment()).unwrap();
    assert_ne!(patch, json!({}));
}

#[test]
fn edge_17_large_numbers_keep_their_last_digit() {
    let with = |id: i64| json!({"spec": {"template": {"spec": {"securityContext": {"runAsUser": id}}}}});
    let (a, b) = (with(9_007_199_254_740_993), with(9_007_199_254_740_992));
    assert_eq!(settle(&a, &b, &a), b);
    assert_eq!(three::json(&a, &b, &a), b);
}

#[test]
fn edge_20_ownership_moves() {
    let (schema, reset) = (deployment(), reset_fields("apps/v1", "Deployment", ""));
    let config = |spec: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec});
    let live = apply(
        None,
        &config(json!({"replicas": 1, "paused": true})),
        &write("git", 1, &schema, &reset),
        false,
    )
    .unwrap();
    // An autoscaler takes the replicas; giving them up in Git leaves its number, keeping them is a conflict.
    let mut scaled = live.clone();
    scaled["spec"]["replicas"] = json!(5);
    let scaled = track_update(Some(&live), &scaled, &write("hpa", 2, &schema, &reset));
    let freed =
        apply(Some(&scaled), &config(json!({"paused": true})), &write("git", 3, &schema, &reset), false)
            .unwrap();
    assert_eq!(freed["spec"], json!({"replicas": 5, "paused": true}));
    let error =
        apply(Some(&scaled), &config(json!({"replicas": 1})), &write("git", 3, &schema, &reset), false);
    let text = error.unwrap_err().to_string();
    assert_eq!(text, "Apply failed with 1 conflict: conflict with \"hpa\" using apps/v1: .spec.replicas");
    // An object written before anybody kept track has an owner as soon as somebody applies.
    let untracked = config(json!({"replicas": 2}));
    let taken =
        apply(Some(&untracked), &config(json!({"replicas": 2})), &write("git", 4, &schema, &reset), false)
            .unwrap();
    assert_eq!(owner(&taken, "before-first-apply"), Some(json!({"f:spec": {"f:replicas": {}}})));
    assert_eq!(owner(&taken, "git"), Some(json!({"f:spec": {"f:replicas": {}}})));
    assert_eq!(
        track_update(Some(&untracked), &config(json!({"replicas": 3})), &write("x", 5, &schema, &reset))["metadata"],
        json!({"name": "d"})
    );
}

#[test]
fn edge_21_entries_of_subresources_are_their_own() {
    let (schema, reset) = (deployment(), reset_fields("apps/v1", "Deployment", ""));
    let config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"replicas": 1}, "status": {"replicas": 9}});
    let live = apply(None, &config, &write("m", 1, &schema, &reset), false).unwrap();
    assert_eq!(
        owner(&live, "m"),
        Some(json!({"f:spec": {"f:replicas": {}}})),
        "nobody owns status through this door"
    );
    let door = reset_fields("apps/v1", "Deployment", "status");
    let mut next = live.clone();
    next["status"] = json!({"observedGeneration": 2});
    next["spec"]["replicas"] = json!(7);
    let status = Write { subresource: "status", ..write("m", 2, &schema, &door) };
    let after = track_update(Some(&live), &next, &status);
    let entries = after["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["subresource"], "status");
    assert_eq!(entries[1]["fieldsV1"], json!({"f:status": {"f:observedGeneration": {}}}));
    assert_eq!(entries[0], live["metadata"]["managedFields"][0]);
    let owners = scale::to_scale(&live, &["spec", "replicas"]);
    assert_eq!(owners[0]["apiVersion"], "autoscaling/v1");
    let scale = json!({"metadata": {"managedFields": owners}});
    let back = scale::to_parent(&live, &scale, &["spec", "replicas"]);
    assert_eq!(back, live["metadata"]["managedFields"], "a Scale that nobody writes changes nothing");
}

#[test]
fn edge_22_owners_of_an_older_version_and_of_an_older_schema() {
    let schema = |kind: &str| {
        Schema::from_openapi(
            &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "m": {"type": "object", "x-kubernetes-map-type": kind, "additionalProperties": {"type": "string"}}}}}}),
        )
    };
    let (granular, atomic, none) = (schema("granular"), schema("atomic"), FieldSet::default());
    let config = |version: &str, m: Value| json!({"apiVersion": version, "kind": "X", "metadata": {"name": "x"}, "spec": {"m": m}});
    let mut live =
        apply(None, &config("x.io/v1beta1", json!({"a": "1"})), &write("a", 1, &granular, &none), false)
            .unwrap();
    live["apiVersion"] = json!("x.io/v1");
    let wanted = config("x.io/v1", json!({"a": "1", "b": "2"}));
    let migrated = apply(Some(&live), &wanted, &write("a", 2, &granular, &none), false).unwrap();
    let entries = migrated["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["apiVersion"]), (1, &json!("x.io/v1")), "the applier moves along");
    let conflict =
        apply(Some(&migrated), &config("x.io/v1", json!({"b": "3"})), &write("b", 3, &atomic, &none), false);
    let text = conflict.unwrap_err().to_string();
    assert_eq!(
        text, "Apply failed with 1 conflict: conflict with \"a\": .spec.m",
        "who owned a part owns the whole"
    );
}

#[test]
fn edge_23_metadata_that_is_null_or_too_large() {
    let base = json!({"metadata": {"labels": {"a": "1"}, "annotations": {"x": "1"}}});
    let desired = json!({"metadata": {"labels": null, "creationTimestamp": null}});
    let live = json!({"metadata": {"labels": {"a": "1"}, "annotations": {"x": "1", "y": "2"}, "uid": "u"}});
    let after =
        smp::apply(&live, &three::strategic(&base, &desired, &live, &deployment()).unwrap(), &deployment());
    assert_eq!(after.unwrap()["metadata"], json!({"uid": "u"}), "we had the annotations and give them up");
    // The annotation of `kubectl apply` is kept up to date by `kubectl apply --server-side`, unless it is too large.
    let (schema, none) = (Schema::of("v1", "ConfigMap").unwrap(), FieldSet::default());
    let last = "kubectl.kubernetes.io/last-applied-configuration";
    let config = |size: usize| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "x".repeat(size)}});
    let mut live = config(1);
    live["metadata"]["annotations"] = json!({last: "{}"});
    let small = apply(Some(&live), &config(2), &write("kubectl", 1, &schema, &none), true).unwrap();
    let text = small["metadata"]["annotations"][last].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), config(2));
    let large = apply(Some(&live), &config(300_000), &write("kubectl", 1, &schema, &none), true).unwrap();
    assert_eq!(large["metadata"]["annotations"], json!({}));
}

#[test]
fn edge_24_injected_sidecars_stay_and_our_container_still_goes() {
    let base = containers(json!([{"name": "app", "image": "1"}, {"name": "helper", "image": "1"}]));
    let live = containers(json!([{"name": "app", "image": "1", "env": [{"name": "PROXY", "value": "y"}]},
        {"name": "helper", "image": "1"}, {"name": "istio-proxy", "image": "p"}]));
    let after = settle(&base, &containers(json!([{"name": "app", "image": "2"}])), &live);
    let names: Vec<&str> = after["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["app", "istio-proxy"]);
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["env"][0]["name"], "PROXY");
}

#[test]
fn edge_25_unknown_fields_survive() {
    let live = json!({"spec": {"futureField": {"a": [1, {"b": null}]}, "paused": true}});
    let after = settle(&json!({"spec": {"paused": true}}), &json!({"spec": {"paused": false}}), &live);
    assert_eq!(after, json!({"spec": {"futureField": {"a": [1, {"b": null}]}, "paused": false}}));
}

#[test]
fn conflicts_name_what_somebody_else_changed_and_we_overwrite() {
    let image = |image: &str| containers(json!([{"name": "a", "image": image}]));
    let found = three::conflicts(&image("1"), &image("2"), &image("3"), &deployment()).unwrap();
    let expected = three::MergeConflict {
        path: ".spec.template.spec.containers[name=\"a\"].image".to_owned(),
        theirs: Some(json!("3")),
        ours: Some(json!("2")),
    };
    assert_eq!(found, [expected]);
    assert_eq!(three::conflicts(&image("1"), &image("2"), &image("2"), &deployment()).unwrap(), []);
    let removed = three::conflicts(&image("1"), &image("2"), &containers(json!([])), &deployment()).unwrap();
    assert_eq!(removed.len(), 1);
    assert_eq!((&removed[0].theirs, removed[0].path.ends_with("[name=\"a\"]")), (&None, true));
    let json_found =
        three::conflicts_json(&json!({"a": [1]}), &json!({"a": [2]}), &json!({"a": [3], "b": 1}));
    assert_eq!(json_found.len(), 1);
    assert_eq!(json_found[0].path, ".a");
}

#[test]
fn nonsense_is_refused_or_survived_but_never_panics() {
    let schema = deployment();
    let none = FieldSet::default();
    let good = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}});
    let odd = [
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        json!({"metadata": 1}),
        json!({"spec": []}),
        json!({"metadata": {"managedFields": 1}}),
        json!({"metadata": {"managedFields": ["x"]}}),
        json!({"spec": {"template": {"spec": {"containers": {"name": "a"}}}}}),
        json!({"metadata": {"$setElementOrder/": []}, "$patch": 3, "$retainKeys": {}, "$deleteFromPrimitiveList/a/b": 1}),
    ];
    for value in &odd {
        for other in odd.iter().chain([&good]) {
            let _ = (smp::apply(value, other, &schema), smp::diff(value, other, &schema));
            let _ = (three::strategic(value, other, &good, &schema), three::json(value, other, &good));
            let _ =
                (apply(Some(value), other, &write("a", 1, &schema, &none), false), keep_times(value, other));
            let _ = (
                track_update(Some(value), other, &write("a", 1, &schema, &none)),
                apply(None, other, &write("", 1, &schema, &none), true),
            );
            let _ = (scale::to_parent(value, other, &[]), scale::to_scale(value, &["spec"]));
        }
    }
    let broken =
        json!({"metadata": {"managedFields": [{"manager": "m", "operation": "Up", "apiVersion": "v1"}]}});
    let error = apply(Some(&broken), &good, &write("a", 1, &schema, &none), false).unwrap_err();
    assert_eq!(error.to_string(), "failed to decode managed fields: operation must be `Apply` or `Update`");
}
