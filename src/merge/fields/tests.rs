//! Laws of field sets, and their form in `managedFields`.
//! It never compares with a server; `tests/merge` does.

use super::atom::compare;
use super::*;
use crate::api::listkeys::Schema;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cmp::Ordering;

fn name(text: &str) -> PathElement {
    PathElement::Field(text.to_owned())
}

fn key(fields: &[(&str, Value)]) -> PathElement {
    PathElement::Key(fields.iter().map(|(k, v)| ((*k).to_owned(), Atom(v.clone()))).collect())
}

fn set(paths: &[&[PathElement]]) -> FieldSet {
    let mut set = FieldSet::default();
    for path in paths {
        set.insert(path);
    }
    set
}

#[test]
fn paths_print_as_on_an_api_server() {
    let container = key(&[("name", json!("a\"b"))]);
    let path = [name("spec"), name("containers"), container, name("image")];
    assert_eq!(path_text(&path), r#".spec.containers[name="a\"b"].image"#);
    let port = key(&[("containerPort", json!(80)), ("protocol", json!("TCP"))]);
    assert_eq!(path_text(&[port]), r#"[containerPort=80,protocol="TCP"]"#);
    assert_eq!(path_text(&[name("f"), PathElement::Value(Atom(json!("x")))]), r#".f[="x"]"#);
    assert_eq!(path_text(&[PathElement::Index(3), PathElement::Value(Atom(json!(1.0)))]), "[3][=1]");
}

#[test]
fn the_form_in_managed_fields() {
    let text = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}, "f:finalizers": {"v:\"x.io/a\"": {}}},
        "f:spec": {"f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}, "i:4": {}}},
    });
    let read = FieldSet::from_fields_v1(&text).unwrap();
    assert_eq!(read.to_fields_v1(), text);
    assert_eq!(read.len(), 6);
    assert!(read.has(&[name("metadata"), name("labels")]));
    assert!(!read.has(&[name("metadata")]));
    let port = key(&[("port", json!(80)), ("protocol", json!("TCP"))]);
    assert!(read.has(&[name("spec"), name("ports"), port, name("name")]));
    assert_eq!(FieldSet::from_fields_v1(&json!({})).unwrap(), FieldSet::default());
    assert_eq!(FieldSet::default().to_fields_v1(), json!({}));
}

#[test]
fn keys_are_read_in_any_order_and_written_in_one() {
    let text = json!({"f:p": {"k:{ \"protocol\":\"TCP\", \"port\":80 }": {}}, "x:later": {"f:a": {}}});
    let read = FieldSet::from_fields_v1(&text).unwrap();
    assert_eq!(read.to_fields_v1(), json!({"f:p": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {}}}));
    let html = set(&[&[PathElement::Value(Atom(json!("<a>&")))]]);
    assert_eq!(html.to_fields_v1(), json!({"v:\"\\u003ca\\u003e\\u0026\"": {}}));
    assert_eq!(FieldSet::from_fields_v1(&html.to_fields_v1()).unwrap(), html);
}

#[test]
fn what_cannot_be_read_is_said() {
    for bad in [json!(1), json!({"f:a": 1}), json!({"f:a": {"f:b": []}})] {
        assert!(matches!(FieldSet::from_fields_v1(&bad), Err(FieldsError::NotAMap(_))), "{bad}");
    }
    for bad in ["spec", "v:", "v:{", "k:3", "k:[1]", "i:x", "", ":", "long:x"] {
        let read = FieldSet::from_fields_v1(&json!({bad: {}}));
        assert!(matches!(read, Err(FieldsError::Key(_))), "{bad} {read:?}");
    }
}

#[test]
fn taking_a_parent_away_leaves_its_children_unless_it_is_recursive() {
    let all = set(&[&[name("a")], &[name("a"), name("b")], &[name("a"), name("c")], &[name("d")]]);
    let parent = set(&[&[name("a")]]);
    assert_eq!(all.difference(&parent).len(), 3);
    assert_eq!(all.recursive_difference(&parent), set(&[&[name("d")]]));
    assert_eq!(FieldSet::of(&[&["a", "b"], &["a"], &[]]).len(), 2, "the empty path is no field");
}

#[test]
fn numbers_are_equal_by_value_and_types_are_ordered() {
    assert!(
        equal(&json!(1), &json!(1.0)) && !equal(&json!(1), &json!("1")) && !equal(&json!(0), &json!(false))
    );
    assert!(!equal(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
    let ordered = [json!(1), json!(2.5), json!("a"), json!(false), json!([1]), json!({"a": 1}), json!(null)];
    assert!(ordered.windows(2).all(|pair| compare(&pair[0], &pair[1]) == Ordering::Less));
}

/// A map or list that has become atomic: who owned a part owns the whole.
#[test]
fn a_set_follows_its_schema() {
    let schema = Schema::from_openapi(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "m": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"x": {"type": "string"}}},
            "l": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        }}}}),
    );
    let old = set(&[
        &[name("spec"), name("m"), name("x")],
        &[name("spec"), name("l"), key(&[("name", json!("a"))]), name("name")],
        &[name("spec"), name("free"), name("q"), name("r")],
        &[name("spec"), name("gone"), name("s")],
    ]);
    let new = set(&[
        &[name("spec"), name("m")],
        &[name("spec"), name("l")],
        &[name("spec"), name("free"), name("q"), name("r")],
        &[name("spec"), name("gone"), name("s")],
    ]);
    assert_eq!(old.reconciled(&schema), new);
    assert_eq!(new.reconciled(&schema), new);
}

#[test]
fn fields_of_a_value_and_a_value_without_fields() {
    let schema = Schema::of("apps/v1", "Deployment").unwrap();
    let object = json!({"metadata": {"labels": {"a": "1", "b": "2"}, "annotations": {}}, "spec": {
        "selector": {"matchLabels": {"a": "1"}},
        "template": {"spec": {"containers": [{"name": "a", "image": "i", "args": ["x"]}, {"name": "b"}]}}}});
    let fields = fields_of(&object, &schema);
    assert_eq!(
        fields.to_fields_v1(),
        json!({"f:metadata": {"f:labels": {"f:a": {}, "f:b": {}}, "f:annotations": {}}, "f:spec": {"f:selector": {},
            "f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {}},
                "k:{\"name\":\"b\"}": {".": {}, "f:name": {}}}}}}})
    );
    let gone = FieldSet::from_fields_v1(&json!({"f:metadata": {"f:labels": {"f:a": {}}},
        "f:spec": {"f:selector": {}, "f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"b\"}": {}, "k:{\"name\":\"a\"}": {"f:args": {}}}}}}}))
    .unwrap();
    let rest = json!({"metadata": {"labels": {"b": "2"}, "annotations": {}}, "spec": {
        "template": {"spec": {"containers": [{"name": "a", "image": "i"}]}}}});
    assert_eq!(without(&object, &gone, &schema), rest);
    assert_eq!(without(&object, &FieldSet::default(), &schema), object);
}

fn step() -> impl Strategy<Value = PathElement> {
    let scalar = || {
        prop_oneof![
            (0..3i64).prop_map(Value::from),
            "[ab]".prop_map(Value::from),
            any::<bool>().prop_map(Value::from)
        ]
    };
    prop_oneof![
        4 => "[a-c]".prop_map(PathElement::Field),
        1 => (scalar(), scalar()).prop_map(|(a, b)| key(&[("p", a), ("q", b)])),
        1 => scalar().prop_map(|v| PathElement::Value(Atom(v))),
        1 => (0..3i64).prop_map(PathElement::Index),
    ]
}

fn sets() -> impl Strategy<Value = FieldSet> {
    prop::collection::vec(prop::collection::vec(step(), 1..4), 0..12).prop_map(|paths| {
        let mut set = FieldSet::default();
        paths.iter().for_each(|path| set.insert(path));
        set
    })
}

proptest! {
    #[test]
    fn laws_of_sets(a in sets(), b in sets(), c in sets()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.intersection(&a), a.clone());
        prop_assert_eq!(a.intersection(&b.union(&c)), a.intersection(&b).union(&a.intersection(&c)));
        prop_assert!(a.difference(&a).is_empty());
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert_eq!(a.difference(&b).difference(&c), a.difference(&b.union(&c)));
        prop_assert_eq!(a.len(), a.difference(&b).len() + a.intersection(&b).len());
        prop_assert_eq!(a.recursive_difference(&b).difference(&a.difference(&b)), FieldSet::default());
    }

    #[test]
    fn a_set_is_its_paths(a in sets(), b in sets()) {
        let mut again = FieldSet::default();
        a.paths().iter().for_each(|path| again.insert(path));
        prop_assert_eq!(&again, &a);
        prop_assert_eq!(a.paths().len(), a.len());
        for path in a.union(&b).paths() {
            prop_assert!(a.has(&path) || b.has(&path));
            prop_assert_eq!(a.has(&path) && b.has(&path), a.intersection(&b).has(&path));
            prop_assert_eq!(a.has(&path) && !b.has(&path), a.difference(&b).has(&path));
        }
    }

    #[test]
    fn written_and_read_it_is_the_same_set(a in sets()) {
        prop_assert_eq!(FieldSet::from_fields_v1(&a.to_fields_v1()).unwrap(), a);
    }
}
