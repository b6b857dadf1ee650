//! Decides what of a ReplicaSet's pod template was put into it beside what its Rollout says, and what it says without.
//! It never decides what is to be put into it.

use crate::api::meta::Meta;
use crate::api::names;
use crate::api::pod_metadata::{MetadataPatch, PodMetadata};
use crate::logic::rollout::injected::anti_affinity;
use crate::merge;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is noted on a ReplicaSet about the metadata that its template has been given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// What it has been given.
    pub(crate) given: PodMetadata,
    /// What the template says itself under these keys.
    pub(crate) covered: PodMetadata,
    /// What its pods may still lack; none once they are known to lack nothing.
    pub(crate) stale: Option<MetadataPatch>,
}

impl Noted {
    /// What is noted in `meta`; what cannot be read is as if it were not there
    /// (source: utils/replicaset/canary.go, `ParseExistingPodMetadata`).
    #[must_use]
    pub(crate) fn of(meta: &Meta) -> Self {
        Self {
            given: read(meta, names::EPHEMERAL_METADATA).unwrap_or_default(),
            covered: read(meta, names::COVERED_METADATA).unwrap_or_default(),
            stale: meta
                .annotation(names::STALE_METADATA)
                .map(|_| read(meta, names::STALE_METADATA).unwrap_or_default()),
        }
    }

    /// What takes away from a template what it has been given.
    #[must_use]
    pub(crate) fn undone(&self) -> MetadataPatch {
        let undone = |given: &BTreeMap<String, String>, covered: &BTreeMap<String, String>| {
            given.keys().map(|key| (key.clone(), covered.get(key).cloned())).collect()
        };
        MetadataPatch {
            labels: undone(&self.given.labels, &self.covered.labels),
            annotations: undone(&self.given.annotations, &self.covered.annotations),
        }
    }
}

fn read<T: DeserializeOwned>(meta: &Meta, key: &str) -> Option<T> {
    serde_json::from_str(meta.annotation(key)?).ok()
}

/// The labels and the annotations of `template`.
#[must_use]
pub(crate) fn metadata(template: &Value) -> PodMetadata {
    let texts = |path: &str| {
        let all = template.pointer(path).and_then(Value::as_object).into_iter().flatten();
        all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    PodMetadata { labels: texts("/metadata/labels"), annotations: texts("/metadata/annotations") }
}

/// What `template`, of the ReplicaSet of `meta`, really says under the keys that it has been given.
#[must_use]
pub(crate) fn carried(template: &Value, meta: &Meta) -> MetadataPatch {
    let (given, there) = (Noted::of(meta).given, metadata(template));
    let of = |given: BTreeMap<String, String>, there: &BTreeMap<String, String>| {
        given.into_keys().map(|key| (key.clone(), there.get(&key).cloned())).collect()
    };
    MetadataPatch {
        labels: of(given.labels, &there.labels),
        annotations: of(given.annotations, &there.annotations),
    }
}

/// `template` after `change`.
#[must_use]
pub(crate) fn changed(template: &Value, change: &MetadataPatch) -> Value {
    if change.is_empty() {
        return template.clone();
    }
    let mut changed = merge::json::apply(template, &json!({"metadata": change}));
    if let Some(metadata) = changed.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, entries| entries.as_object().is_none_or(|all| !all.is_empty()));
    }
    changed
}

/// `template`, of the ReplicaSet of `meta`, as its Rollout had it, but for the hash label
/// (source: utils/replicaset/replicaset.go, `FindNewReplicaSet`).
#[must_use]
pub(crate) fn own_template(template: &Value, meta: &Meta) -> Value {
    anti_affinity::without(changed(template, &Noted::of(meta).undone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(annotations: Value) -> Meta {
        Meta::of(&json!({"annotations": annotations})).unwrap()
    }

    #[test]
    fn what_was_put_in_is_taken_out_and_what_it_covered_comes_back() {
        let template = json!({"metadata": {"labels": {"app": "web", "role": "stable", "tier": "gold"},
            "annotations": {"note": "x"}}, "spec": {}});
        let meta = meta(json!({
            names::EPHEMERAL_METADATA: r#"{"labels":{"role":"stable","tier":"gold"},"annotations":{"note":"x"}}"#,
            names::COVERED_METADATA: r#"{"labels":{"tier":"silver"}}"#,
        }));
        let own = json!({"metadata": {"labels": {"app": "web", "tier": "silver"}}, "spec": {}});
        assert_eq!(own_template(&template, &meta), own);
        assert_eq!(own_template(&own, &Meta::default()), own);
    }

    #[test]
    fn what_the_template_says_under_given_keys_is_told_even_if_somebody_changed_it() {
        let meta = meta(json!({names::EPHEMERAL_METADATA: r#"{"labels":{"role":"stable","x":"y"}}"#}));
        let carried = carried(&json!({"metadata": {"labels": {"role": "other", "app": "web"}}}), &meta);
        assert_eq!(serde_json::to_value(carried).unwrap(), json!({"labels": {"role": "other", "x": null}}));
    }

    #[test]
    fn what_cannot_be_read_is_not_there() {
        let noted = Noted::of(&meta(json!({names::EPHEMERAL_METADATA: "{", names::STALE_METADATA: "["})));
        assert_eq!(noted, Noted { stale: Some(MetadataPatch::default()), ..Noted::default() });
    }
}
