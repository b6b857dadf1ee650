//! What pods are given for the role of their revision, and that nothing of it is taken for a change of their template.

use super::rig::Rig;
use serde_json::{Value, json};

const GIVEN: &str = "rollout.argoproj.io/ephemeral-metadata";
const OWN: [&str; 2] = ["switchback.dev/covered-metadata", "switchback.dev/stale-metadata"];

/// A canary that waits after its first step.
fn canary(more: Value) -> Rig {
    let mut strategy = json!({"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}});
    strategy["canary"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut rig = Rig::new(4, strategy);
    rig.settle();
    rig
}

fn roles() -> Value {
    json!({"canaryMetadata": {"labels": {"role": "canary", "only": "new"}, "annotations": {"note": "c"}},
        "stableMetadata": {"labels": {"role": "stable"}}})
}

/// That the pods of `image` and its ReplicaSet have `labels` and `annotations` beside their own labels, and nothing else.
#[track_caller]
fn has(rig: &Rig, image: &str, labels: Value, annotations: Value) {
    let mut all = json!({"app": "web", "rollouts-pod-template-hash": image});
    all.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
    let (template, notes) = rig.set(image);
    let none = json!({});
    let of_set = (&template["metadata"]["labels"], template["metadata"].get("annotations").unwrap_or(&none));
    assert_eq!(of_set, (&all, &annotations), "the template of {image}");
    for (l, a) in rig.marks(image) {
        assert_eq!((&l, &a), (&all, &annotations), "a pod of {image}");
    }
    let mut given = json!({"labels": labels, "annotations": annotations});
    given.as_object_mut().unwrap().retain(|_, all| !all.as_object().unwrap().is_empty());
    let noted = notes.get(GIVEN).map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap());
    assert_eq!(noted.unwrap_or(json!({})), given, "what is noted of {image}");
    assert_eq!(OWN.map(|key| notes.get(key)), [None, None], "nothing is open");
}

#[test]
fn pods_are_labelled_for_their_role_and_again_when_it_changes() {
    let mut rig = canary(roles());
    has(&rig, "v1", json!({"role": "stable"}), json!({}));
    assert_eq!((rig.count("patch Pod"), rig.count("list")), (0, 0), "they are made so");
    rig.image("v2");
    rig.settle();
    has(&rig, "v1", json!({"role": "stable"}), json!({}));
    has(&rig, "v2", json!({"role": "canary", "only": "new"}), json!({"note": "c"}));
    assert_eq!(rig.count("patch Pod"), 0);
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    has(&rig, "v2", json!({"role": "stable"}), json!({}));
    has(&rig, "v1", json!({}), json!({}));
    assert_eq!((rig.count("create ReplicaSet"), rig.count("list")), (2, 1), "{:?}", rig.log);
}

#[test]
fn an_abort_and_a_way_back_leave_each_its_role() {
    let mut rig = canary(roles());
    rig.image("v2");
    rig.settle();
    rig.patch_status(json!({"abort": true}));
    rig.settle();
    has(&rig, "v1", json!({"role": "stable"}), json!({}));
    rig.image("v1");
    rig.settle();
    has(&rig, "v1", json!({"role": "stable"}), json!({}));
    has(&rig, "v2", json!({}), json!({}));
    assert_eq!(rig.count("create ReplicaSet"), 2);
}

#[test]
fn another_wish_changes_pods_in_place_and_no_wish_takes_all_of_it_away() {
    let mut rig = canary(roles());
    rig.image("v2");
    rig.settle();
    let strategy = |more: Value| {
        let mut canary = json!({"steps": [{"setWeight": 50}, {"pause": {}}]});
        canary.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"canary": canary})
    };
    rig.spec("strategy", strategy(json!({"canaryMetadata": {"labels": {"role2": "canary2"}}})));
    rig.settle();
    has(&rig, "v2", json!({"role2": "canary2"}), json!({}));
    has(&rig, "v1", json!({}), json!({}));
    rig.spec("strategy", strategy(json!({})));
    rig.settle();
    has(&rig, "v2", json!({}), json!({}));
    let before = rig.log.len();
    rig.settle();
    assert_eq!(rig.log.len(), before, "nothing is left to do: {:?}", rig.log);
    assert_eq!(rig.count("create ReplicaSet"), 2);
}

#[test]
fn what_the_template_says_itself_comes_back() {
    let mut rig = canary(json!({}));
    let labels = json!({"app": "web", "tier": "own"});
    let mut template = json!({"metadata": {"labels": labels, "annotations": {"note": "own"}},
        "spec": {"containers": [{"name": "c", "image": "v2"}]}});
    rig.spec("template", template.clone());
    rig.spec(
        "strategy",
        json!({"canary": {
        "canaryMetadata": {"labels": {"tier": "new"}, "annotations": {"note": "new"}},
        "steps": [{"setWeight": 50}, {"pause": {}}]}}),
    );
    rig.settle();
    let of = |rig: &Rig, image: &str| {
        rig.marks(image).into_iter().map(|(l, a)| (l["tier"].clone(), a)).collect::<Vec<_>>()
    };
    assert_eq!(of(&rig, "v2"), [(json!("new"), json!({"note": "new"}))]);
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    assert_eq!(of(&rig, "v2"), [(json!("own"), json!({"note": "own"}))]);
    template["spec"]["containers"][0]["image"] = json!("v3");
    rig.spec("template", template);
    rig.settle();
    assert_eq!(of(&rig, "v3"), [(json!("new"), json!({"note": "new"}))]);
    assert_eq!(rig.set("v2").0["metadata"]["labels"]["tier"], "own");
}

#[test]
fn blue_green_pods_change_their_role_with_the_switch() {
    let strategy = json!({"blueGreen": {"activeService": "active", "previewService": "preview",
        "autoPromotionEnabled": false, "scaleDownDelaySeconds": 30,
        "previewMetadata": {"labels": {"role": "preview"}}, "activeMetadata": {"labels": {"role": "active"}}}});
    let mut rig = Rig::new(3, strategy);
    rig.settle();
    has(&rig, "v1", json!({"role": "active"}), json!({}));
    rig.image("v2");
    rig.settle();
    has(&rig, "v1", json!({"role": "active"}), json!({}));
    has(&rig, "v2", json!({"role": "preview"}), json!({}));
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    assert_eq!((rig.selected("active"), rig.pods().len()), ("v2".into(), 2), "the old ones stay for a while");
    has(&rig, "v2", json!({"role": "active"}), json!({}));
    has(&rig, "v1", json!({}), json!({}));
    assert_eq!(rig.count("create ReplicaSet"), 2);
}

#[test]
fn a_rule_keeps_new_pods_from_the_stable_ones_and_follows_them() {
    let mut rig =
        canary(json!({"antiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 7}}}));
    let rule = |rig: &Rig, image: &str| {
        let against = rig.set(image).0["spec"]["affinity"]["podAntiAffinity"].clone();
        let entry = &against["preferredDuringSchedulingIgnoredDuringExecution"][0];
        let expressions = &entry["podAffinityTerm"]["labelSelector"]["matchExpressions"];
        (entry["weight"].clone(), expressions[0]["values"].clone())
    };
    let none = (Value::Null, Value::Null);
    assert_eq!(rule(&rig, "v1"), none, "there is nothing to keep away from");
    rig.image("v2");
    rig.settle();
    assert_eq!(rule(&rig, "v2"), (json!(7), json!(["v1"])));
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    assert_eq!((rule(&rig, "v2"), rig.phase()), ((json!(7), json!(["v1"])), "Healthy".into()));
    rig.image("v3");
    rig.settle();
    assert_eq!(rule(&rig, "v3"), (json!(7), json!(["v2"])));
    rig.image("v1");
    rig.settle();
    assert_eq!(rule(&rig, "v1"), (json!(7), json!(["v2"])), "it is new again");
    rig.image("v2");
    rig.settle();
    assert_eq!((rule(&rig, "v2"), rig.phase()), (none, "Healthy".into()), "it is new and stable");
    assert_eq!(rig.count("create ReplicaSet"), 3);
}

#[test]
fn a_rule_follows_the_stable_revision_that_is_another_meanwhile() {
    let mut rig = canary(json!({"antiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}));
    rig.image("v2");
    rig.settle();
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    rig.image("v3");
    rig.settle();
    let against = |rig: &Rig| {
        let rules = rig.set("v3").0["spec"]["affinity"]["podAntiAffinity"].clone();
        let entry = &rules["requiredDuringSchedulingIgnoredDuringExecution"][0];
        entry["labelSelector"]["matchExpressions"][0]["values"].clone()
    };
    assert_eq!(against(&rig), json!(["v2"]));
    rig.patch_status(json!({"stableRS": "v1"}));
    rig.settle();
    assert_eq!(against(&rig), json!(["v1"]));
}
