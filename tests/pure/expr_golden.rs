//! Replays expr-lang's own answers, faults and their places for some 2,500 conditions.

use jiff::Timestamp;
use serde_json::Value as Json;
use std::path::Path;
use switchback::base::expr::{Env, ExprError, Program, Value};

fn vectors(name: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str::<Json>(&text).unwrap()["cases"].as_array().unwrap().clone()
}

fn now() -> Timestamp {
    "2024-06-01T12:00:00Z".parse().unwrap()
}

/// The result as the provider that `kind` stands for hands it out.
fn result(case: &Json) -> Value {
    let result = &case["result"];
    match case["kind"].as_str() {
        Some("floats") => {
            let numbers: Vec<f64> = result.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            Value::floats(&numbers)
        }
        Some("int") => Value::Int(result.as_i64().unwrap()),
        Some("special") => Value::Float(result.as_str().unwrap().parse().unwrap()),
        _ => Value::from(result),
    }
}

fn evaluate(text: &str, env: &Env) -> Result<Value, ExprError> {
    Program::compile(text)?.eval(env)
}

#[test]
fn answers_as_expr_lang_answers() {
    let mut wrong = Vec::new();
    let cases = vectors("expr/conditions.json");
    for case in &cases {
        let text = case["expr"].as_str().unwrap();
        let got = evaluate(text, &Env::new(result(case), now()));
        let want = match case["error"].as_str() {
            Some(message) => format!("error {}", case["full"].as_str().unwrap_or(message)),
            None => format!("{} {}", case["type"].as_str().unwrap(), case["value"].as_str().unwrap()),
        };
        let got = match got {
            Ok(value) => format!("{} {}", value.go_type(), value.show()),
            Err(e) => format!("error {e}"),
        };
        if got != want {
            wrong.push(format!("{text}  on {}\n    want {want}\n    got  {got}", case["result"]));
        }
    }
    assert!(cases.len() > 2500, "{}", cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
