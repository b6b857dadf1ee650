//! Decides whether labels match a label selector.
//! It never reads an object's labels itself.

use crate::base::json::{list, text, texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A selector ready for matching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selector {
    equal: BTreeMap<String, String>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    In(String, BTreeSet<String>),
    NotIn(String, BTreeSet<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Reads a `LabelSelector`. None when it is empty (the workloads' controllers refuse to select everything)
    /// or holds an operator that does not exist.
    pub(super) fn read(selector: Option<&Value>) -> Option<Self> {
        let selector = selector?;
        let rules: Option<Vec<Rule>> = list(selector, "/matchExpressions").iter().map(rule).collect();
        let read = Self { equal: texts(selector, "/matchLabels"), rules: rules? };
        (!read.equal.is_empty() || !read.rules.is_empty()).then_some(read)
    }

    /// Reads the plain map of a Service. None when it is empty.
    pub(super) fn plain(selector: BTreeMap<String, String>) -> Option<Self> {
        (!selector.is_empty()).then(|| Self { equal: selector, rules: Vec::new() })
    }

    /// Whether every requirement holds for `labels`.
    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.equal.iter().all(|(k, v)| labels.get(k) == Some(v)) && self.rules.iter().all(|r| r.holds(labels))
    }

    /// One `label = value` that every match has, if there is one: the place to look it up.
    pub(super) fn handle(&self) -> Option<(&str, &str)> {
        self.equal.iter().next().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

fn rule(expression: &Value) -> Option<Rule> {
    let key = text(expression, "/key").to_owned();
    let values = list(expression, "/values").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    match text(expression, "/operator") {
        "In" => Some(Rule::In(key, values)),
        "NotIn" => Some(Rule::NotIn(key, values)),
        "Exists" => Some(Rule::Exists(key)),
        "DoesNotExist" => Some(Rule::Absent(key)),
        _ => None,
    }
}

impl Rule {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|v| values.contains(v)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|v| !values.contains(v)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Absent(key) => !labels.contains_key(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn every_operator() {
        let selector = Selector::read(Some(&json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]},
                {"key": "env", "operator": "NotIn", "values": ["prod"]},
                {"key": "hash", "operator": "Exists"},
                {"key": "skip", "operator": "DoesNotExist"},
            ]
        })))
        .unwrap();
        let good = [("app", "web"), ("tier", "b"), ("hash", "")];
        assert!(selector.matches(&labels(&good)));
        for (without, with) in [(0, ("app", "x")), (1, ("tier", "c")), (2, ("other", "")), (2, ("skip", ""))]
        {
            let mut wrong: Vec<_> =
                good.iter().enumerate().filter(|(i, _)| *i != without).map(|(_, p)| *p).collect();
            wrong.push(with);
            assert!(!selector.matches(&labels(&wrong)), "{with:?}");
        }
        assert!(!selector.matches(&labels(&[&good[..], &[("env", "prod")]].concat())));
        assert_eq!(selector.handle(), Some(("app", "web")));
    }

    #[test]
    fn nothing_to_select_by_selects_nothing() {
        assert_eq!(Selector::read(None), None);
        assert_eq!(Selector::read(Some(&json!({}))), None);
        assert_eq!(
            Selector::read(Some(&json!({"matchExpressions": [{"key": "a", "operator": "Near"}]}))),
            None
        );
        assert_eq!(Selector::plain(BTreeMap::new()), None);
    }
}
