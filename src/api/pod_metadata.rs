//! Decides the shape of labels and annotations that are added to what we make, to pods and to analyses, and of a change
//! of them. It never adds them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Labels and annotations for pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PodMetadata {
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl PodMetadata {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty()
    }

    /// Its JSON as Go's `json.Marshal` writes it.
    #[must_use]
    pub fn go_json(&self) -> String {
        let plain = serde_json::to_string(self).unwrap_or_default();
        let escaped = |text: String, c: char| text.replace(c, &format!("\\u{:04x}", u32::from(c)));
        ['<', '>', '&', '\u{2028}', '\u{2029}'].into_iter().fold(plain, escaped)
    }
}

/// A change of labels and annotations: what stands under a key from then on, or that nothing does. Its JSON is that of a
/// merge patch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataPatch {
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Option<String>>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Option<String>>,
}

impl MetadataPatch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty()
    }

    /// The same, and then `later`.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.labels.extend(later.labels);
        self.annotations.extend(later.annotations);
        self
    }

    /// What of it is still to be done where `labels` and `annotations` stand.
    #[must_use]
    pub fn to_do(&self, labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> Self {
        let open = |wanted: &BTreeMap<String, Option<String>>, there: &BTreeMap<String, String>| {
            let differ = wanted.iter().filter(|(key, value)| there.get(*key) != value.as_ref());
            differ.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        Self { labels: open(&self.labels, labels), annotations: open(&self.annotations, annotations) }
    }
}

impl From<PodMetadata> for MetadataPatch {
    fn from(wanted: PodMetadata) -> Self {
        let set = |all: BTreeMap<String, String>| all.into_iter().map(|(k, v)| (k, Some(v))).collect();
        Self { labels: set(wanted.labels), annotations: set(wanted.annotations) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_json_is_that_of_go() {
        let wanted: PodMetadata =
            serde_json::from_value(json!({"annotations": {"a": "<b> & c"}, "labels": {"role": "stable"}}))
                .unwrap();
        let text = r#"{"labels":{"role":"stable"},"annotations":{"a":"\u003cb\u003e \u0026 c"}}"#;
        assert_eq!(wanted.go_json(), text);
        assert_eq!(serde_json::from_str::<PodMetadata>(text).unwrap(), wanted);
        assert_eq!(PodMetadata::default().go_json(), "{}");
    }

    #[test]
    fn a_patch_says_what_is_still_to_be_done() {
        let of = |value: serde_json::Value| serde_json::from_value::<MetadataPatch>(value).unwrap();
        let patch = of(json!({"labels": {"role": "stable", "old": null}, "annotations": {"a": "1"}}));
        let there =
            [("role", "canary"), ("old", "x"), ("app", "web")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let to_do = patch.to_do(&there.into(), &[("a".to_owned(), "1".to_owned())].into());
        assert_eq!(to_do, of(json!({"labels": {"role": "stable", "old": null}})));
        assert_eq!(serde_json::to_value(&to_do).unwrap(), json!({"labels": {"role": "stable", "old": null}}));
        assert!(to_do.to_do(&[("role".to_owned(), "stable".to_owned())].into(), &BTreeMap::new()).is_empty());
        let later = of(json!({"labels": {"old": "y"}}));
        assert_eq!(to_do.then(later), of(json!({"labels": {"role": "stable", "old": "y"}})));
    }
}
