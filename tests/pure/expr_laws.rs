//! Holds what no example can show of conditions: nothing panics, everything ends soon, and Argo's own cases.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::path::Path;
use switchback::base::expr::{Env, ExprError, Program, Value};

fn env(result: &Json) -> Env {
    Env::new(Value::from(result), "2024-06-01T12:00:00Z".parse::<Timestamp>().unwrap())
}

fn holds(text: &str, result: &Json) -> Result<bool, ExprError> {
    Program::compile(text)?.eval_bool(&env(result))
}

fn message(text: &str, result: &Json) -> String {
    holds(text, result).unwrap_err().message().to_owned()
}

#[test]
fn argos_own_cases() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/argo/evaluate_conditions.json");
    let vectors: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let mut seen = 0;
    for case in cases.iter().filter(|c| c["fn"] == "EvalCondition") {
        let text = case["expr"].as_str().unwrap();
        let got = holds(text, &case["result"]);
        let wanted = case["error"].as_str().or(case["error_regexp"].as_str());
        match (wanted, got) {
            (None, got) => assert_eq!(got.ok(), case["expect"].as_bool(), "{case}"),
            (Some("(any error)"), got) => assert!(got.is_err(), "{case}"),
            (Some(text), got) => assert!(got.unwrap_err().message().contains(text), "{case}"),
        }
        seen += 1;
    }
    for case in cases.iter().filter(|c| matches!(c["fn"].as_str(), Some("asInt" | "asFloat"))) {
        let text = format!("{}({})", case["fn"].as_str().unwrap(), case["input"]);
        let got = Program::compile(&text).unwrap().eval(&env(&json!(0)));
        assert_eq!(got.is_err(), case["panics"].as_bool().unwrap(), "{case}");
        assert_eq!(got.ok().and_then(|v| v.as_float()), case["expect"].as_f64(), "{case}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn programs_and_values_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Program>();
    crosses::<Value>();
    crosses::<Env>();
}

#[test]
fn a_condition_must_be_true_or_false() {
    assert_eq!(message("1", &json!(true)), "expected bool, but got int");
    assert_eq!(message("result", &json!(5)), "expected bool, but got float64");
    assert_eq!(message("result.a", &json!({"a": null})), "expected bool, but got <nil>");
    assert_eq!(message("result", &json!([1])), "expected bool, but got []interface {}");
}

#[test]
fn is_nil_and_default_look_at_the_whole_result() {
    assert_eq!(holds("isNil(result.a)", &json!({"a": null})), Ok(false));
    assert_eq!(holds("isNil(1)", &json!(null)), Ok(true));
    assert_eq!(holds("default(1, 7) == 7", &json!(null)), Ok(true));
    assert_eq!(holds("default(result.missing, true) == true", &json!({"a": 1})), Ok(false));
}

#[test]
fn a_fault_shows_its_place() {
    let fault = holds("true &&\n\tfoo > 1", &json!(1)).unwrap_err();
    assert_eq!(fault.to_string(), "unknown name foo (2:2)\n |  foo > 1\n | .^");
    assert_eq!((fault.position(), fault.message()), (Some((2, 2)), "unknown name foo"));
    assert_eq!(holds("1", &json!(1)).unwrap_err().position(), None);
}

#[test]
fn types_are_checked_on_branches_not_taken() {
    let text = "true || asFloat(result) == '1'";
    assert_eq!(message(text, &json!("1")), "invalid operation: == (mismatched types float64 and string)");
    assert_eq!(holds("len(result) == 0 || result[0] >= 0.95", &json!([])), Ok(true));
}

#[test]
fn one_program_serves_results_of_many_types() {
    let program = Program::compile("result == 1").unwrap();
    for (result, want) in [(json!(1), Some(true)), (json!("1"), None), (json!(null), Some(false))] {
        assert_eq!(program.eval_bool(&env(&result)).ok(), want, "{result}");
    }
}

#[test]
fn now_is_the_time_that_was_given() {
    let program = Program::compile("now() - date('2024-06-01') == duration('12h')").unwrap();
    assert_eq!(program.eval_bool(&env(&json!(1))), Ok(true));
    let at = Program::compile("now() + duration('1h')").unwrap();
    let noon: Timestamp = "2024-06-01T12:00:00Z".parse().unwrap();
    let Value::Time(later) = at.eval(&Env::new(Value::Nil, noon)).unwrap() else { panic!("no time") };
    assert_eq!(later.timestamp().to_string(), "2024-06-01T13:00:00Z");
}

/// Runs on a stack as small as that of tokio's threads.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn deep_nesting_is_a_fault_and_never_exhausts_the_stack() {
    on_a_small_stack(|| {
        let nested = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
        for n in [10, 60, 120, 150, 199, 3_000, 100_000] {
            for text in [
                nested("(", ")", n),
                nested("[", "]", n),
                nested("{a:", "}", n),
                nested("all([1], ", ")", n),
                nested("not ", "", n),
                nested("-", "", n),
                nested("1+(", ")", n),
                nested("1 ?? (", ")", n),
                nested("len(", ")", n),
                nested("0<(", ")<1", n),
                nested("true ? (", ") : 2", n),
                nested("let x = ", "; 1", n),
                format!("1{}", "+1".repeat(n)),
                format!("1{}", " in [1]".repeat(n)),
                format!("1{}", "**1".repeat(n)),
                format!("result{}", ".a".repeat(n)),
                format!("result{}", "?.a".repeat(n)),
                format!("result{}", "[0]".repeat(n)),
                format!("result{}", " | map(#)".repeat(n)),
                format!("true{}", " ?: true".repeat(n)),
                "if true {".repeat(n) + "1" + &"} else {2}".repeat(n),
                "if true {1} else ".repeat(n) + "{2}",
                "/*".repeat(n),
                "\"".repeat(n),
            ] {
                let outcome = Program::compile(&text).and_then(|p| p.eval(&env(&json!({"a": 1}))));
                if n >= 3_000 {
                    assert!(outcome.is_err() || text.starts_with('"'), "{}", &text[..20]);
                }
            }
        }
        assert!(holds(&nested("(", ")", 90).replace('1', "true"), &json!(1)).unwrap());
    });
}

#[test]
fn work_and_memory_are_bounded() {
    let many: Vec<u32> = (0..20_000).collect();
    for text in [
        "len(1..100000000) > 0",
        "len(repeat('a', 1000000000)) > 0",
        "len(repeat(repeat('a', 10000), 1000000)) > 0",
        "none(result, any(result, # < 0))",
        "len(uniq(result)) > 0",
        "reduce(1..100, #acc + #acc, 'aaaaaaaa') == ''",
        "len(replace(repeat('a', 900000), 'a', repeat('b', 900000))) > 0",
        "none(result, string(result) matches '(a*)*b')",
        "len(map(1..1000, map(1..1000, #))) > 0",
        "all(1..9999, len(sort(result)) > 0)",
        "all(1..9999, toJSON(result) != '')",
        "all(1..100000, join(map(result, 'aaaaaaaaaaaaaaaa')) != '')",
    ] {
        let outcome = holds(text, &json!(many)).map_err(|e| e.message().to_owned());
        let said = outcome.clone().err().unwrap_or_default();
        assert!(said.contains("memory budget exceeded") || said.contains("steps"), "{text}: {outcome:?}");
    }
    assert_eq!(holds("all(result, # >= 0) && sum(result) > 1", &json!(many)), Ok(true));
}

fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "result",
        "result[0]",
        ".a",
        "?.b",
        "[0]",
        "[1:]",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "all(",
        "filter(",
        "map(",
        "#",
        "#acc",
        "#index",
        ",",
        ":",
        "?",
        "??",
        "|",
        "len(",
        "sum(",
        "==",
        "!=",
        "<",
        ">",
        "&&",
        "||",
        "not",
        "in",
        "..",
        "+",
        "-",
        "*",
        "/",
        "%",
        "**",
        "1",
        "0.5",
        "1e400",
        "'a'",
        "\"",
        "`",
        "nil",
        "true",
        "let x =",
        "x",
        ";",
        "matches",
        "'('",
        "if",
        "else",
        "//",
        "/*",
        "0x",
        "b'\\xff'",
        "é",
        "\u{0}",
        "date(",
        "duration('1h')",
        "now()",
        "sort(",
        "reduce(",
        "groupBy(",
        "default(",
        "asInt(",
        "$env",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..14).prop_map(|w| w.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}") {
        let _ = holds(&text, &json!([1, "a", null]));
    }

    #[test]
    fn no_mixture_of_tokens_makes_it_panic(text in pieces()) {
        for result in [json!(null), json!(1), json!([1, "a", {"a": [1]}]), json!({"a": {"b": 1}}), json!("x")] {
            let first = holds(&text, &result);
            let again = holds(&text, &result);
            prop_assert_eq!(first.map_err(|e| e.to_string()), again.map_err(|e| e.to_string()));
        }
    }

    #[test]
    fn numbers_compare_as_numbers_do(a in proptest::num::f64::NORMAL, b in proptest::num::f64::NORMAL) {
        prop_assert_eq!(holds(&format!("result > {b:e}"), &json!(a)).ok(), Some(a > b));
        prop_assume!((a + b).is_finite());
        prop_assert_eq!(holds(&format!("result + {b:e} == {:e}", a + b), &json!(a)).ok(), Some(true));
    }
}
