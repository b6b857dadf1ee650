//! Paths find what client-go's own implementation finds, whose answers were written down once.
//! Nothing here asks a cluster.

use super::{BadPath, PathStuck, find};
use serde_json::{Value, json};

#[test]
fn as_client_go_finds_it() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/jsonpath/paths.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 150, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let path = case["path"].as_str().unwrap();
        let got = find(&vectors["documents"][case["document"].as_str().unwrap()], path);
        let same = match (&got, case.get("error").and_then(Value::as_str)) {
            (Ok(found), None) => json!(found) == case["found"],
            // A number of a path is compared with those of JSON all the same.
            (Ok(_), Some("incompatible types for comparison")) => true,
            (Err(BadPath::Unreadable { .. }), Some(_)) => case["unreadable"] == true,
            (Err(BadPath::Stuck(PathStuck::NotFiltered(_))), Some(text)) => {
                text.ends_with("cannot be filtered")
            }
            (Err(BadPath::Stuck(why)), Some(text)) => why.to_string() == text,
            _ => false,
        };
        if !same {
            wrong.push(format!("{path} of {}: {got:?}, not {case}", case["document"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_number_of_a_path_is_one_of_json() {
    let doc = json!({"n": [1, 2, 2.5]});
    assert_eq!(find(&doc, "{.n[?(@ > 1)]}").unwrap(), [json!(2), json!(2.5)]);
    assert_eq!(find(&doc, "{.n[?(@ == 2)]}").unwrap(), [json!(2)]);
}

#[test]
fn no_path_takes_all_the_memory_there_is() {
    let mut doc = json!([1, 2]);
    for _ in 0..40 {
        doc = json!([doc]);
    }
    let twice = format!("{{@{}}}", "[*,*]".repeat(40));
    assert_eq!(find(&doc, &twice), Err(BadPath::Stuck(PathStuck::TooMany(1_000_000))));
    let ranges = "{range @}".repeat(1000);
    assert_eq!(find(&doc, &ranges), Err(BadPath::Stuck(PathStuck::TooDeep(16))));
    let down = format!("{{{}}}", "..[*]".repeat(30));
    assert!(find(&doc, &down).is_err());
}

#[test]
fn what_cannot_be_read_says_how_to_write_it() {
    let said = find(&json!({}), "{.data[}").unwrap_err();
    assert_eq!(
        said.to_string(),
        "\"{.data[}\" is no JSONPath: unterminated array; write it like {$.data.value}"
    );
    assert_eq!(said.code(), "JsonPathUnreadable");
    assert_eq!(find(&json!({}), "{.nope}").unwrap_err().to_string(), "nope is not found");
}
