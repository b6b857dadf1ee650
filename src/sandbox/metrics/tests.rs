//! Queries over a few pods, and what Prometheus would answer.
//! Nothing here knows the parser or the series; every test asks a query.

use super::{Answer, query, query_range};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-01-01T00:00:00.5Z".parse().unwrap()
}

fn pod(name: &str, hash: &str, ready: bool, metrics: &[(&str, &str)]) -> Value {
    let annotations: serde_json::Map<String, Value> =
        metrics.iter().map(|(k, v)| (format!("metrics.switchback.dev/{k}"), json!(v))).collect();
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "annotations": annotations,
            "labels": {"app": "web", "rollouts-pod-template-hash": hash, "1st/of.all": "x", "empty": ""},
        },
        "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
    })
}

/// Two stable pods, one canary, one that is not ready.
fn pods() -> Vec<Value> {
    vec![
        pod("a", "old", true, &[("errors", "1"), ("requests", "100")]),
        pod("b", "old", true, &[("errors", "2"), ("requests", "100")]),
        pod("c", "new", true, &[("errors", "10"), ("requests", "50"), ("bad", "many")]),
        pod("d", "new", false, &[("errors", "1000"), ("requests", "1000")]),
    ]
}

fn ask(text: &str) -> Answer {
    query(text, &pods(), now())
}

/// The samples of a vector as `labels value`, or the scalar alone, or the error.
fn shown(text: &str) -> String {
    let answer = ask(text);
    if answer.status != 200 {
        return format!("{} {}", answer.status, answer.body["error"].as_str().unwrap());
    }
    let data = &answer.body["data"];
    let result = data["result"].as_array().unwrap();
    match data["resultType"].as_str().unwrap() {
        "vector" => {
            let one = |s: &Value| {
                let labels: Vec<String> = s["metric"]
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(k, v)| format!("{k}={}", v.as_str().unwrap()))
                    .collect();
                format!("{{{}}} {}", labels.join(","), s["value"][1].as_str().unwrap())
            };
            result.iter().map(one).collect::<Vec<_>>().join("; ")
        }
        _ => result[1].as_str().unwrap().to_owned(),
    }
}

#[test]
fn a_series_carries_its_pod_and_its_labels() {
    let answer = ask("errors{pod='c'}");
    assert_eq!(answer.status, 200);
    let expected = json!({"status": "success", "data": {"resultType": "vector", "result": [{
        "metric": {
            "__name__": "errors", "_1st_of_all": "x", "app": "web", "namespace": "shop", "pod": "c",
            "rollouts_pod_template_hash": "new",
        },
        "value": [1_767_225_600.5, "10"],
    }]}});
    assert_eq!(answer.body, expected);
}

#[test]
fn queries_and_their_answers() {
    let cases = [
        ("1 + 2 * 3 ^ 2 ^ 0 - -4 % 3", "8"),
        ("-2 ^ 2", "-4"),
        ("(1 - 2) * .5", "-0.5"),
        ("2 > bool 1", "1"),
        ("1 / 0", "+Inf"),
        ("-1 / 0", "-Inf"),
        ("0 / 0", "NaN"),
        ("nan", "NaN"),
        ("Inf", "+Inf"),
        ("0x10", "16"),
        ("1e-7", "0.0000001"),
        ("time()", "1767225600.5"),
        ("vector(3)", "{} 3"),
        ("scalar(sum(errors))", "13"),
        ("scalar(errors)", "NaN"),
        ("sum(errors)", "{} 13"),
        ("SUM(errors)", "{} 13"),
        ("count(errors) + avg(requests)", "{} 86.33333333333333"),
        ("min(errors) or max(errors)", "{} 1"),
        (
            "sum by (rollouts_pod_template_hash) (errors)",
            "{rollouts_pod_template_hash=new} 10; {rollouts_pod_template_hash=old} 3",
        ),
        ("sum(errors) by (nothing)", "{} 13"),
        (
            "max without (pod, namespace, app, _1st_of_all) (errors)",
            "{rollouts_pod_template_hash=new} 10; {rollouts_pod_template_hash=old} 2",
        ),
        (
            "sum(errors) by (rollouts_pod_template_hash) / sum(requests) by (rollouts_pod_template_hash)",
            "{rollouts_pod_template_hash=new} 0.2; {rollouts_pod_template_hash=old} 0.015",
        ),
        (
            "sum(rate(errors{rollouts_pod_template_hash=~\"n.w\"}[5m])) / sum(rate(requests{rollouts_pod_template_hash=~\"n.w\"}[5m]))",
            "{} 0.2",
        ),
        ("count({pod!~\"a|b\",pod!=\"\"})", "{} 2"),
        ("count({pod=~\"a\"})", "{} 2"),
        ("count(errors{pod!=\"a\"} offset 5m)", "{} 2"),
        ("count(errors > 1)", "{} 2"),
        ("count(1 < errors)", "{} 2"),
        ("sum(errors > bool 1)", "{} 2"),
        ("sum(errors / requests)", "{} 0.23"),
        ("count(errors and requests > 60)", "{} 2"),
        ("count(errors unless requests > 60)", "{} 1"),
        ("count(errors + on (pod) requests)", "{} 3"),
        ("sum(errors - ignoring (app) requests)", "{} -237"),
        ("missing", ""),
        ("missing or vector(0)", "{} 0"),
        ("sum(missing)", ""),
        ("absent(missing{a=\"b\",c=~\"d\"})", "{a=b} 1"),
        ("absent(errors)", ""),
        ("absent(sum(missing))", "{} 1"),
        ("sum(-errors)", "{} -13"),
        ("-1 * sum(errors) # and no more", "{} -13"),
        ("floor(vector(1.5)) + ceil(vector(1.5)) + round(vector(1.26), 0.1)", "{} 4.3"),
        ("clamp_max(vector(5), 3) + clamp_min(vector(1), 2) + abs(vector(-1)) + sgn(vector(-7))", "{} 5"),
        ("sum(avg_over_time(errors[1m])) == sum(increase(errors[1h30m]))", "{} 13"),
        ("'a text'", "a text"),
        ("5m", "300"),
        ("bad", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn comparisons_keep_the_metric_and_arithmetic_drops_it() {
    let named = |text: &str| shown(text).contains("__name__");
    assert!(named("errors > 5"));
    assert!(named("errors < requests"));
    assert!(named("last_over_time(errors[1m])"));
    for text in ["errors + 0", "errors > bool 5", "rate(errors[1m])", "-errors", "errors < bool requests"] {
        assert!(!named(text) && !shown(text).is_empty(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let cases = [
        ("", "1:1: parse error: no expression found in input"),
        ("sum(", "1:5: parse error: unexpected end of input"),
        ("errors{", "1:8: parse error: unexpected end of input"),
        ("errors{pod}", "1:11: parse error: unexpected \"}\""),
        ("errors{pod=1}", "1:12: parse error: unexpected number \"1\""),
        ("errors{pod>'a'}", "1:11: parse error: unexpected \">\""),
        ("errors{pod=~'('}", "1:13: parse error: error parsing regexp"),
        ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ("{pod=~'.*'}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ("1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("1 or 2", "1:3: parse error: set operator \"or\" not allowed in binary scalar expression"),
        ("1 + bool 2", "1:5: parse error: bool modifier can only be used on comparison operators"),
        ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
        (
            "rate(errors)",
            "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector",
        ),
        ("vector()", "1:1: parse error: expected 1 argument(s) in call to \"vector\", got 0"),
        ("nothing(errors)", "1:1: parse error: unknown function with name \"nothing\""),
        (
            "errors[5m] + 1",
            "1:12: parse error: binary expression must contain only scalar and instant vector types",
        ),
        ("errors[5]", "1:8: parse error: unexpected number \"5\""),
        ("sum(errors)[5m]", "1:12: parse error: ranges only allowed for vector selectors"),
        ("errors[5m:1m]", "1:7: parse error: the sandbox does not know subqueries"),
        (
            "errors + on (pod) group_left () requests",
            "1:19: parse error: the sandbox does not know group_left",
        ),
        ("errors errors", "1:8: parse error: unexpected identifier \"errors\""),
        ("1x", "1:1: parse error: bad number or duration syntax: \"1x\""),
        ("'open", "1:1: parse error: unterminated quoted string"),
        ("'\\q'", "1:1: parse error: unknown escape sequence \\q"),
        ("errors\n  $", "2:3: parse error: unexpected character: '$'"),
        ("-'a'", "1:1: parse error: unary expression only allowed on"),
        (")", "1:1: parse error: unexpected \")\""),
    ];
    for (text, expected) in cases {
        let answer = ask(text);
        assert_eq!((answer.status, &answer.body["errorType"]), (400, &json!("bad_data")), "{text}");
        let error = answer.body["error"].as_str().unwrap();
        let expected = format!("invalid parameter \"query\": {expected}");
        assert!(error.starts_with(&expected), "{text}\n got {error}\nwant {expected}");
    }
}

#[test]
fn what_cannot_be_carried_out_is_refused() {
    let cases = [
        (
            "errors + on (app) requests",
            "found duplicate series for the match group {app=\"web\"} on the right",
        ),
        (
            "errors + on (app) sum by (app) (requests)",
            "multiple matches for labels: many-to-one matching must",
        ),
        ("-{pod='a'}", "vector cannot contain metrics with the same labelset"),
    ];
    for (text, expected) in cases {
        let answer = ask(text);
        assert_eq!((answer.status, &answer.body["errorType"]), (422, &json!("execution")), "{text}");
        assert!(answer.body["error"].as_str().unwrap().starts_with(expected), "{}", answer.body);
    }
}

#[test]
fn queries_are_bounded() {
    let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    let minus = "-".repeat(10_000);
    let powers = format!("1{}", " ^ 1".repeat(4000));
    for text in [
        deep,
        minus,
        powers,
        "1 + ".repeat(8000),
        "sum(".repeat(4000),
        format!("{{a=~'{}'}}", "(a{99}){99}".repeat(9)),
    ] {
        assert_eq!(ask(&text).status, 400);
    }
    assert_eq!(ask(&format!("1{}", " + 1".repeat(4000))).status, 400);
    assert_eq!(shown(&format!("1{}", " + 1".repeat(250))), "251");
    assert_eq!(shown(&format!("{}1{}", "(".repeat(60), ")".repeat(60))), "1");
}

#[test]
fn a_range_repeats_the_present() {
    let answer = query_range("sum(errors)", "10", "11", "500ms", &pods());
    let expected = json!({"status": "success", "data": {"resultType": "matrix", "result": [{
        "metric": {}, "values": [[10, "13"], [10.5, "13"], [11, "13"]],
    }]}});
    assert_eq!((answer.status, answer.body), (200, expected));
    let constant = query_range("1", "1970-01-01T00:00:10Z", "10", "15", &[]);
    assert_eq!(constant.body["data"]["result"], json!([{"metric": {}, "values": [[10, "1"]]}]));
    let wrong = [
        ("1", "x", "1", "1", "invalid parameter \"start\": cannot parse \"x\" to a valid timestamp"),
        ("1", "1", "", "1", "invalid parameter \"end\": cannot parse \"\" to a valid timestamp"),
        ("1", "1", "1", "Inf", "invalid parameter \"step\": cannot parse \"Inf\" to a valid duration"),
        ("1", "2", "1", "1", "invalid parameter \"end\": end timestamp must not be before start time"),
        ("1", "1", "2", "0", "invalid parameter \"step\": zero or negative query resolution step widths"),
        ("1", "1", "20000", "1", "exceeded maximum resolution of 11,000 points per timeseries"),
        ("'a'", "1", "2", "1", "invalid parameter \"query\": 1:1: parse error: invalid expression type"),
        (
            "errors[5m]",
            "1",
            "2",
            "1",
            "invalid parameter \"query\": 1:1: parse error: invalid expression type",
        ),
    ];
    for (text, start, end, step, expected) in wrong {
        let answer = query_range(text, start, end, step, &pods());
        assert_eq!(answer.status, 400, "{expected}");
        assert!(answer.body["error"].as_str().unwrap().starts_with(expected), "{}", answer.body);
    }
}

proptest! {
    #[test]
    fn no_text_harms(text in "[-+*/%^(){}\\[\\],=!~<>a-c0-9.'\"` #@:]{0,40}") {
        let answer = ask(&text);
        prop_assert!([200, 400, 422].contains(&answer.status));
    }

    #[test]
    fn words_in_any_order_harm_nothing(
        words in prop::collection::vec(prop::sample::select(vec![
            "sum", "(", ")", "errors", "{", "}", "pod", "=", "\"a\"", "+", "-", "by", "[5m]", "1", "or", "on", ",", "bool", ">",
            "rate", "absent", "offset", "5m", "vector",
        ]), 0..14)
    ) {
        let answer = ask(&words.join(" "));
        prop_assert!([200, 400, 422].contains(&answer.status));
    }

    #[test]
    fn the_sum_over_groups_is_the_sum(values in prop::collection::vec((0_u8..4, -1000_i32..1000), 0..20)) {
        let pods: Vec<Value> = values
            .iter()
            .enumerate()
            .map(|(i, (group, v))| pod(&format!("p{i}"), &group.to_string(), true, &[("m", &v.to_string())]))
            .collect();
        let direct = query("sum(m)", &pods, now());
        let grouped = query("sum(sum by (rollouts_pod_template_hash) (m))", &pods, now());
        prop_assert_eq!(direct, grouped);
    }
}
