//! Files as editors, other systems and programs leave them: each is read as kubectl reads it or refused by name and line,
//! and nothing is taken for gone that stands there.

use crate::delivery::back::web;
use crate::delivery::bad::{refused, says};
use crate::delivery::picked::add_submodule;
use crate::delivery::rig::{Rig, config, git};
use serde_json::json;

async fn settled(path: &str, files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::at(path, files).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    rig
}

#[tokio::test]
async fn a_manifest_in_utf_16_is_refused_and_not_taken_for_none() {
    type Way = (&'static [u8], fn(u16) -> [u8; 2]);
    let ways: [Way; 3] =
        [(b"\xff\xfe", u16::to_le_bytes), (b"\xfe\xff", u16::to_be_bytes), (b"", u16::to_le_bytes)];
    for (mark, order) in ways {
        let wide = |text: &str| [mark.to_vec(), text.encode_utf16().flat_map(order).collect()].concat();
        let problem = refused("x.yaml", wide(&config("x", "1"))).await;
        says(&problem, &["x.yaml:1", "UTF-16", "save it as UTF-8"]);
    }
    let mut rig = settled(".", &[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
    let wide: Vec<u8> = config("a", "2").encode_utf16().flat_map(u16::to_le_bytes).collect();
    rig.write("a.yaml", wide);
    rig.commit("saved by another editor");
    says(&rig.problem().await, &["a.yaml:1", "UTF-16"]);
    assert_eq!(rig.config("a").unwrap()["data"]["value"], "1", "neither changed nor pruned");
    rig.stop().await;
}

#[tokio::test]
async fn a_list_within_a_list_stands_for_its_items() {
    let list = |value: &str| {
        format!(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: \
             ConfigMap\n    metadata: {{name: deep}}\n    data:\n      value: {value}\n- apiVersion: v1\n  kind: ConfigMap\n  \
             metadata: {{name: flat}}\n"
        )
    };
    let mut rig = settled(".", &[("all.yaml", &list("\"1\"")), ("b.yaml", &config("b", "1"))]).await;
    assert_eq!(rig.config("deep").unwrap()["data"]["value"], "1");
    assert!(rig.config("flat").is_some());
    rig.write("all.yaml", list("\"2\""));
    assert_eq!(rig.deliver("another value").await, (0, 1, 0));
    rig.write("all.yaml", list("3"));
    rig.commit("a slip");
    says(&rig.problem().await, &["all.yaml:11", "ConfigMap default/deep: data.value is a number"]);
    rig.write("all.yaml", list("\"2\"") + "- " + &config("deep", "9").replace('\n', "\n  "));
    rig.commit("twice");
    says(&rig.problem().await, &["all.yaml:1", "ConfigMap default/deep is there twice"]);
    assert_eq!(rig.config("deep").unwrap()["data"]["value"], "2");
    rig.stop().await;
}

#[tokio::test]
async fn empty_files_hold_nothing_and_one_that_becomes_empty_is_a_removal() {
    let files = [
        ("a.yaml", &*config("a", "1")),
        ("b.yaml", &config("b", "1")),
        ("empty.yaml", ""),
        ("blank.yaml", "\n  \n"),
        ("words.yaml", "# nothing yet\n"),
        ("marks.yaml", "---\n---\n# and nothing\n---\n"),
        ("nothing.json", ""),
    ];
    let mut rig = settled(".", &files).await;
    assert_eq!(rig.owned().len(), 2);
    rig.write("b.yaml", "");
    assert_eq!(rig.deliver("emptied").await, (0, 0, 1), "as if the file had been removed");
    rig.write("a.yaml", "# later\n");
    rig.commit("all of them");
    says(&rig.problem().await, &["nothing is pruned"]);
    assert!(rig.config("a").is_some());
    rig.stop().await;
}

#[tokio::test]
async fn what_is_null_is_as_if_it_did_not_stand_there() {
    let files = [
        (
            "c.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: , annotations: null}\ndata:\nbinaryData: null\n",
        ),
        ("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: null\nstringData: {a: x}\n"),
        ("t.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: t}\nstringData:\n"),
    ];
    let mut rig = settled(".", &files).await;
    assert_eq!(rig.get("v1", "Secret", "default", "s").unwrap()["data"], json!({"a": "eA=="}));
    rig.write("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: null\nstringData: null\n");
    assert_eq!(rig.deliver("less").await, (0, 1, 0));
    assert!(rig.get("v1", "Secret", "default", "s").unwrap()["data"].get("a").is_none());
    rig.write("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: null}\n");
    rig.commit("no value");
    says(&rig.problem().await, &["s.yaml:4", "data.a is nothing"]);
    rig.stop().await;
}

#[tokio::test]
async fn files_may_be_called_as_people_call_them() {
    let name = "my shop/größe & \"co\" #1.yaml";
    let mut rig = settled(".", &[(name, &config("a", "1")), ("-rf.yaml", &config("b", "1"))]).await;
    rig.write(name, config("a", "2"));
    assert_eq!(rig.deliver("another value").await, (0, 1, 0));
    rig.write(name, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n");
    rig.commit("a slip");
    says(&rig.problem().await, &["my shop/größe & \"co\" #1.yaml:3"]);
    rig.stop().await;
}

#[tokio::test]
async fn an_object_that_stands_twice_in_one_file_is_refused_although_both_are_the_same() {
    let twice = format!("{}---\n{}", config("x", "1"), config("x", "1"));
    says(&refused("x.yaml", twice).await, &["x.yaml:8", "ConfigMap default/x is there twice", "remove one"]);
    let other = format!(
        "{}---\n{}",
        config("x", "1"),
        config("x", "1").replace("  name", "  namespace: default\n  name")
    );
    says(&refused("x.yaml", other).await, &["x.yaml:8", "is there twice"]);
}

#[tokio::test]
async fn a_submodule_or_a_link_in_place_of_the_delivered_folder_is_refused_by_name() {
    for word in ["submodule", "link"] {
        let mut rig = settled("prod", &[("prod/a.yaml", &config("a", "1"))]).await;
        git(&rig.repo, &["rm", "-rq", "prod"]);
        if word == "link" {
            rig.write("elsewhere/a.yaml", config("a", "1"));
            std::os::unix::fs::symlink("elsewhere", rig.repo.join("prod")).unwrap();
        } else {
            add_submodule(&rig, "prod");
        }
        rig.commit("another folder");
        says(&rig.problem().await, &["prod", word]);
        assert!(rig.config("a").is_some(), "pruned for a {word}");
        git(&rig.repo, &["rm", "-rqf", "prod"]);
        rig.write("prod/a.yaml", config("a", "2"));
        assert_eq!(rig.deliver("as before").await, (0, 1, 0));
        rig.stop().await;
    }
}

#[tokio::test]
async fn carriage_returns_and_a_mark_stay_when_a_part_of_a_file_goes_back() {
    let text = |web_image: &str, api_image: &str| {
        let both = format!("{}---\n{}", web("web", web_image, ""), web("api", api_image, ""));
        format!("\u{feff}{}", both.replace('\n', "\r\n"))
    };
    let rig = &mut Rig::new(&[("web.yaml", &text("v1", "v1"))]).await;
    git(&rig.repo, &["config", "core.autocrlf", "false"]);
    for name in ["web", "api"] {
        rig.until(name, |rig| rig.rollout(name)["status"]["phase"] == "Healthy").await;
    }
    rig.write("web.yaml", text("v2", "v2"));
    rig.deliver("v2 of both").await;
    rig.phase("web", "Paused").await;
    rig.act("web", "abort");
    rig.reverted().await;
    let found = std::fs::read_to_string(rig.repo.join("web.yaml")).unwrap();
    assert_eq!(found, text("v1", "v2"));
    rig.stop().await;
}
