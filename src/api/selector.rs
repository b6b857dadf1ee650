//! Decides whether labels match a label selector, and how a selector is written as one text.
//! It never looks for the objects.

use crate::base::json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A label selector of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must be there with exactly this value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values for `In` and `NotIn`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        Operator::named(&self.operator).is_some_and(|o| o.holds(value, |v| self.values.contains(v)))
    }
}

/// What an expression of a manifest's selector asks of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Operator {
    fn named(word: &str) -> Option<Self> {
        match word {
            "In" => Some(Self::In),
            "NotIn" => Some(Self::NotIn),
            "Exists" => Some(Self::Exists),
            "DoesNotExist" => Some(Self::DoesNotExist),
            _ => None,
        }
    }

    /// Whether a label with this value meets it, `listed` telling the values that the expression lists.
    fn holds(self, value: Option<&String>, listed: impl Fn(&String) -> bool) -> bool {
        match self {
            Self::In => value.is_some_and(listed),
            Self::NotIn => value.is_none_or(|v| !listed(v)),
            Self::Exists => value.is_some(),
            Self::DoesNotExist => value.is_none(),
        }
    }
}

impl LabelSelector {
    /// Whether `labels` meet every requirement. An empty selector matches everything.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(k, v)| labels.get(k) == Some(v))
            && self.match_expressions.iter().all(|r| r.matches(labels))
    }

    /// Whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// The selector with one more exact label.
    #[must_use]
    pub fn with_label(&self, key: &str, value: &str) -> Self {
        let mut more = self.clone();
        more.match_labels.insert(key.to_owned(), value.to_owned());
        more
    }
}

impl std::fmt::Display for LabelSelector {
    /// The text that `?labelSelector=` takes and that `status.selector` holds, sorted by key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<(String, String)> =
            self.match_labels.iter().map(|(k, v)| (k.clone(), format!("{k}={v}"))).collect();
        for r in &self.match_expressions {
            let mut values = r.values.clone();
            values.sort();
            let text = match r.operator.as_str() {
                "In" => format!("{} in ({})", r.key, values.join(",")),
                "NotIn" => format!("{} notin ({})", r.key, values.join(",")),
                "DoesNotExist" => format!("!{}", r.key),
                _ => r.key.clone(),
            };
            parts.push((r.key.clone(), text));
        }
        parts.sort();
        let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
        f.write_str(&texts.join(","))
    }
}

/// One requirement on labels, ready for matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelTest {
    /// The label is there with one of the values.
    In(String, BTreeSet<String>),
    /// The label is absent or has none of the values.
    NotIn(String, BTreeSet<String>),
    /// The label is there.
    Exists(String),
    /// The label is absent.
    Missing(String),
    /// The label is a whole number above the bound.
    Greater(String, i64),
    /// The label is a whole number below the bound.
    Less(String, i64),
}

impl LabelTest {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let whole = |key: &String| labels.get(key).and_then(|v| v.parse::<i64>().ok());
        match self {
            Self::In(key, values) => Operator::In.holds(labels.get(key), |v| values.contains(v)),
            Self::NotIn(key, values) => Operator::NotIn.holds(labels.get(key), |v| values.contains(v)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Missing(key) => !labels.contains_key(key),
            Self::Greater(key, bound) => whole(key).is_some_and(|v| v > *bound),
            Self::Less(key, bound) => whole(key).is_some_and(|v| v < *bound),
        }
    }

    fn read(operator: Operator, expression: &Value) -> Self {
        let key = json::text(expression, "/key").to_owned();
        let values =
            json::list(expression, "/values").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        match operator {
            Operator::In => Self::In(key, values),
            Operator::NotIn => Self::NotIn(key, values),
            Operator::Exists => Self::Exists(key),
            Operator::DoesNotExist => Self::Missing(key),
        }
    }

    fn key_and_text(&self) -> (&str, String) {
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(",");
        match self {
            Self::In(k, v) if v.len() == 1 => (k, format!("{k}={}", list(v))),
            Self::In(k, v) => (k, format!("{k} in ({})", list(v))),
            Self::NotIn(k, v) => (k, format!("{k} notin ({})", list(v))),
            Self::Exists(k) => (k, k.clone()),
            Self::Missing(k) => (k, format!("!{k}")),
            Self::Greater(k, n) => (k, format!("{k}>{n}")),
            Self::Less(k, n) => (k, format!("{k}<{n}")),
        }
    }
}

/// A label selector as an API server matches it; an empty one means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    tests: Vec<LabelTest>,
}

impl Labels {
    /// The selector of these requirements; all must hold.
    #[must_use]
    pub fn new(tests: Vec<LabelTest>) -> Self {
        Self { tests }
    }

    /// Reads a `metav1.LabelSelector`; one without requirements means everything, an operator that does not exist
    /// is `In`, and a value that is no text is the empty one.
    #[must_use]
    pub fn from_object(selector: &Value) -> Self {
        let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
        let equal = labels.map(|(k, v)| equal(k, v.as_str().unwrap_or_default()));
        let rest = json::list(selector, "/matchExpressions")
            .iter()
            .map(|e| LabelTest::read(Operator::named(json::text(e, "/operator")).unwrap_or(Operator::In), e));
        Self { tests: equal.chain(rest).collect() }
    }

    /// Reads the `metav1.LabelSelector` of a workload. None when it is absent or empty (a controller refuses to select
    /// everything) or holds an operator that does not exist.
    #[must_use]
    pub fn of_workload(selector: Option<&Value>) -> Option<Self> {
        let selector = selector?;
        let read = |e: &Value| Some(LabelTest::read(Operator::named(json::text(e, "/operator"))?, e));
        let rest: Option<Vec<LabelTest>> =
            json::list(selector, "/matchExpressions").iter().map(read).collect();
        let mut selected = Self::from_map(&json::texts(selector, "/matchLabels"));
        selected.tests.extend(rest?);
        (!selected.is_everything()).then_some(selected)
    }

    /// Reads the plain map of a Service. None when it is empty.
    #[must_use]
    pub fn of_service(selector: &BTreeMap<String, String>) -> Option<Self> {
        (!selector.is_empty()).then(|| Self::from_map(selector))
    }

    /// Reads a plain map of labels, as Services and ReplicationControllers select.
    #[must_use]
    pub fn from_map(labels: &BTreeMap<String, String>) -> Self {
        Self { tests: labels.iter().map(|(k, v)| equal(k, v)).collect() }
    }

    /// Whether the selector means `labels`.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.tests.iter().all(|t| t.holds(labels))
    }

    /// Whether it means everything.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.tests.is_empty()
    }

    /// One `label = value` that every match has, if there is one: the place to look it up.
    #[must_use]
    pub fn handle(&self) -> Option<(&str, &str)> {
        self.tests.iter().find_map(|t| match t {
            LabelTest::In(key, values) if values.len() == 1 => Some((key.as_str(), values.first()?.as_str())),
            _ => None,
        })
    }

    /// The text form, requirements in order of their keys.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts: Vec<(&str, String)> = self.tests.iter().map(LabelTest::key_and_text).collect();
        parts.sort_by(|a, b| a.0.cmp(b.0));
        parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
    }
}

fn equal(key: &str, value: &str) -> LabelTest {
    LabelTest::In(key.to_owned(), BTreeSet::from([value.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn every_operator_and_the_text() {
        let selector: LabelSelector = serde_json::from_value(serde_json::json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["b", "a"]},
                {"key": "old", "operator": "DoesNotExist"},
                {"key": "zone", "operator": "Exists"},
                {"key": "env", "operator": "NotIn", "values": ["prod"]},
            ],
        }))
        .unwrap();
        assert!(selector.matches(&labels(&[("app", "web"), ("tier", "a"), ("zone", "1")])));
        assert!(!selector.matches(&labels(&[("app", "web"), ("tier", "c"), ("zone", "1")])));
        assert!(!selector.matches(&labels(&[("app", "web"), ("tier", "a"), ("zone", "1"), ("env", "prod")])));
        assert_eq!(selector.to_string(), "app=web,env notin (prod),!old,tier in (a,b),zone");
    }

    #[test]
    fn every_operator_of_a_workload() {
        let selector = Labels::of_workload(Some(&serde_json::json!({
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
        assert_eq!(Labels::of_workload(None), None);
        assert_eq!(Labels::of_workload(Some(&serde_json::json!({}))), None);
        assert_eq!(
            Labels::of_workload(Some(
                &serde_json::json!({"matchExpressions": [{"key": "a", "operator": "Near"}]})
            )),
            None
        );
        assert_eq!(Labels::of_service(&BTreeMap::new()), None);
    }
}
