//! Lists: order, pages, selectors, revisions, forms.

use crate::sandbox::wire::{MAPS, delete, get, map, merge, post, sandbox};
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|i| i["metadata"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_stay_at_the_revision_of_the_first() {
    let server = sandbox(1);
    for name in ["a", "b", "c", "d"] {
        post(&server, MAPS, &map(name)).await;
    }
    let first = get(&server, &format!("{MAPS}?limit=2")).await;
    assert_eq!(names(&first.body), ["a", "b"]);
    let meta = &first.body["metadata"];
    assert_eq!(meta["remainingItemCount"], 2);
    let next = meta["continue"].as_str().unwrap();
    post(&server, MAPS, &map("bb")).await;
    delete(&server, &format!("{MAPS}/c"), &Value::Null).await;
    merge(&server, &format!("{MAPS}/d"), &json!({"data": {"a": "new"}})).await;
    let second = get(&server, &format!("{MAPS}?limit=2&continue={next}")).await;
    assert_eq!(names(&second.body), ["c", "d"]);
    assert_eq!(second.body["items"][1]["data"]["a"], "b");
    assert_eq!(second.revision(), first.revision());
    assert!(second.body["metadata"].get("continue").is_none());
    server.compact(server.revision());
    let expired = get(&server, &format!("{MAPS}?limit=2&continue={next}")).await;
    assert_eq!((expired.code, &expired.body["reason"]), (410, &json!("Expired")));
    let resume = expired.body["metadata"]["continue"].as_str().unwrap();
    let rest = get(&server, &format!("{MAPS}?limit=5&continue={resume}")).await;
    assert_eq!(names(&rest.body), ["bb", "d"]);
    assert_eq!(get(&server, &format!("{MAPS}?continue=nonsense!")).await.code, 400);
}

#[tokio::test]
async fn selectors_narrow_a_list() {
    let server = sandbox(1);
    for (name, app) in [("a", "x"), ("b", "y")] {
        let mut object = map(name);
        object["metadata"]["labels"] = json!({ "app": app });
        post(&server, MAPS, &object).await;
    }
    assert_eq!(names(&get(&server, &format!("{MAPS}?labelSelector=app%3Dx")).await.body), ["a"]);
    assert_eq!(names(&get(&server, &format!("{MAPS}?fieldSelector=metadata.name%3Db")).await.body), ["b"]);
    let paged = get(&server, &format!("{MAPS}?labelSelector=app&limit=1")).await;
    assert!(paged.body["metadata"]["continue"].is_string());
    assert!(paged.body["metadata"].get("remainingItemCount").is_none());
    let told = get(&server, &format!("{MAPS}?fieldSelector=data.x%3Db")).await;
    let text = "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    assert_eq!((told.code, told.message()), (400, text));
    let told = get(&server, &format!("{MAPS}?labelSelector=%3D")).await;
    assert_eq!((told.code, told.message()), (400, "found '=', expected: !, identifier, or 'end of string'"));
}

#[tokio::test]
async fn revisions_of_lists() {
    let server = sandbox(1);
    let made = post(&server, MAPS, &map("a")).await;
    post(&server, MAPS, &map("b")).await;
    let at = |query: String| {
        let server = server.clone();
        async move { get(&server, &format!("{MAPS}?{query}")).await }
    };
    let exact = at(format!("resourceVersion={}&resourceVersionMatch=Exact", made.revision())).await;
    assert_eq!((names(&exact.body), exact.revision()), (vec!["a"], made.revision()));
    let newer = at(format!("resourceVersion={}&resourceVersionMatch=NotOlderThan", made.revision())).await;
    assert_eq!(names(&newer.body), ["a", "b"]);
    let future = at("resourceVersion=99999".to_owned()).await;
    assert_eq!((future.code, &future.body["reason"]), (504, &json!("Timeout")));
    assert!(future.message().starts_with("Timeout: Too large resource version: 99999, current: "));
    assert_eq!(future.body["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    assert_eq!(at("resourceVersionMatch=Exact".to_owned()).await.code, 422);
    let told = at("resourceVersion=x".to_owned()).await;
    let text = "invalid resource version: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": \
                invalid syntax";
    assert_eq!((told.code, told.message()), (400, text));
    // revision 0 takes any state, and no limit
    let any = at("resourceVersion=0&limit=1".to_owned()).await;
    assert_eq!(names(&any.body), ["a", "b"]);
}

#[tokio::test]
async fn items_of_built_in_kinds_leave_their_type_to_the_list() {
    let server = sandbox(1);
    post(&server, MAPS, &map("a")).await;
    let list = get(&server, MAPS).await.body;
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("ConfigMapList"), &json!("v1")));
    assert!(list["items"][0].get("kind").is_none());
}

#[tokio::test]
async fn kube_lists_and_reads_metadata() {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::api::{Api, ListParams};
    let server = sandbox(1);
    post(&server, MAPS, &map("a")).await;
    let api: Api<ConfigMap> = Api::default_namespaced(server.client("default"));
    let list = api.list_metadata(&ListParams::default()).await.unwrap();
    assert_eq!(list.items[0].metadata.name.as_deref(), Some("a"));
    assert!(api.get_opt("none").await.unwrap().is_none());
    let asked = server.requests();
    assert!(asked.keys().any(|(_, verb, resource)| *verb == "list" && resource == "configmaps"));
}
