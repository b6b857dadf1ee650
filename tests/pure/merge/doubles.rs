//! Laws of lists in which one key stands twice, which API servers allow and strategic merge patches cannot speak of:
//! variables that are set twice, a port of a container behind two ports of its node.

use proptest::prelude::*;
use serde_json::{Value, json};
use switchback::api::listkeys::Schema;
use switchback::api::write::Patch;
use switchback::merge::{json as merge_patch, smp, three};

fn schema() -> Schema {
    Schema::of("apps/v1", "Deployment").unwrap()
}

fn deployment(env: &Value, ports: &Value) -> Value {
    let container = json!({"name": "main", "image": "i", "env": env, "ports": ports});
    json!({"spec": {"template": {"spec": {"containers": [container]}}}})
}

/// Variables and ports, few of whose names and numbers differ.
fn doubled() -> impl Strategy<Value = Value> {
    let variable =
        ("[ab]", 0..4i64).prop_map(|(name, value)| json!({"name": name, "value": value.to_string()}));
    let port = (80..82i64, 1..4i64).prop_map(|(port, host)| json!({"containerPort": port, "hostPort": host}));
    let list = |item: BoxedStrategy<Value>| prop::collection::vec(item, 0..5).prop_map(Value::from);
    (list(variable.boxed()), list(port.boxed())).prop_map(|(env, ports)| deployment(&env, &ports))
}

/// The object as an API server holds it: with defaults, and with variables of a name that is nobody's here or is ours.
fn on_a_server(object: &Value, foreign: &[(usize, &'static str)]) -> Value {
    let mut object = object.clone();
    let container = object.pointer_mut("/spec/template/spec/containers/0").unwrap();
    for port in container["ports"].as_array_mut().unwrap() {
        port["protocol"] = json!("TCP");
    }
    let env = container["env"].as_array_mut().unwrap();
    for (place, name) in foreign {
        env.insert((*place).min(env.len()), json!({"name": name, "value": "foreign"}));
    }
    object
}

fn foreign() -> impl Strategy<Value = Vec<(usize, &'static str)>> {
    prop::collection::vec((0..5usize, prop_oneof![Just("a"), Just("x")]), 0..3)
}

/// What an API server makes of the patch that is sent, which has to be what was planned.
fn sent(base: &Value, desired: &Value, live: &Value) -> Value {
    let (patch, planned) = three::three_way(base, desired, live, &schema()).unwrap();
    let after = match &patch {
        Patch::Strategic(patch) => smp::apply(live, patch, &schema()).unwrap(),
        Patch::Merge(patch) => merge_patch::apply(live, patch),
        Patch::Json(_) => panic!("a patch of another kind"),
    };
    assert_eq!(after, planned, "{patch:?}");
    after
}

fn is_foreign(item: &Value) -> bool {
    item["value"] == "foreign"
}

fn env(object: &Value) -> Vec<Value> {
    object
        .pointer("/spec/template/spec/containers/0/env")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

proptest! {
    #[test]
    fn the_object_becomes_what_git_says(base in doubled(), desired in doubled()) {
        prop_assert_eq!(sent(&base, &desired, &base), desired);
    }

    #[test]
    fn once_is_enough(base in doubled(), desired in doubled(), live in doubled(), foreign in foreign()) {
        for live in [on_a_server(&live, &foreign), on_a_server(&base, &foreign)] {
            let after = sent(&base, &desired, &live);
            prop_assert_eq!(sent(&desired, &desired, &after), after);
        }
    }

    #[test]
    fn what_others_added_stays_in_its_order(base in doubled(), desired in doubled(), foreign in foreign()) {
        let live = on_a_server(&base, &foreign);
        let after = env(&sent(&base, &desired, &live));
        let (theirs, ours): (Vec<Value>, Vec<Value>) = after.into_iter().partition(is_foreign);
        let added: Vec<Value> = env(&live).into_iter().filter(is_foreign).collect();
        // An item of theirs that stands alone under a key that is new in Git is Git's from now on.
        if !foreign.iter().any(|(_, name)| *name == "a") {
            prop_assert_eq!(ours, env(&desired));
            prop_assert_eq!(theirs, added);
        }
        prop_assert_eq!(sent(&base, &base, &live), live, "nothing wanted, nothing changed");
    }
}

#[test]
fn items_of_one_key_that_others_part_are_sent_as_a_merge_patch() {
    let of = |list: &[(&str, &str)]| {
        let items: Vec<Value> =
            list.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        deployment(&json!(items), &json!([]))
    };
    let base = of(&[("A", "1"), ("B", "$(A)"), ("A", "2")]);
    let desired = of(&[("A", "1"), ("B", "$(A)"), ("A", "3")]);
    let (patch, after) = three::three_way(&base, &desired, &base, &schema()).unwrap();
    assert_eq!(after, desired);
    assert!(matches!(patch, Patch::Merge(_)), "a strategic one would put both A before B: {patch:?}");
    let together = of(&[("A", "1"), ("A", "3"), ("B", "$(A)")]);
    let (patch, _) = three::three_way(&base, &together, &base, &schema()).unwrap();
    assert!(matches!(patch, Patch::Strategic(_)), "{patch:?}");
}
