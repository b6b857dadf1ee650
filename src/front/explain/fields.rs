//! Decides what is said of a field of our kinds by its path, such as `rollout.spec.strategy.canary.maxSurge`: what its
//! definition says. It never says more than that, and asks no cluster.

use crate::api::{crd, kinds};
use crate::front::explain::nearest::nearest;
use serde_json::Value;

/// What there is to say of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its path, as it is spelled.
    pub(crate) path: String,
    /// What may stand there.
    pub(crate) holds: String,
    /// What it means; empty where the definition does not say.
    pub(crate) meaning: String,
    /// The fields below it: name, what may stand there, whether it must be there.
    pub(crate) below: Vec<(String, String, bool)>,
}

/// Why there is nothing to say of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It does not begin with a kind of ours.
    Kind,
    /// There is no such field.
    Field {
        /// Where it would be.
        place: String,
        /// What it is called.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
}

/// What the definitions say of the field at `path`.
///
/// # Errors
/// There is none.
pub(crate) fn find(path: &str) -> Result<Field, Unknown> {
    let mut words = path.split('.');
    let (mut at, mut inside) = words.next().and_then(schema_of).ok_or(Unknown::Kind)?;
    for word in words {
        let fields = fields(&inside);
        let found = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        let Some((name, field)) = found else {
            let known = fields.iter().map(|(name, _)| name.as_str());
            let nearest = nearest(word, known).map(str::to_owned);
            return Err(Unknown::Field { place: at, name: word.to_owned(), nearest });
        };
        at = format!("{at}.{name}");
        inside = field.clone();
    }
    let text = |schema: &Value| schema.get("description").and_then(Value::as_str).map(str::to_owned);
    let item = inside.get("items").and_then(text);
    let required = required(&inside);
    let below = fields(&inside)
        .into_iter()
        .map(|(name, field)| {
            let must = required.contains(&name);
            (name, holds(&field), must)
        })
        .collect();
    let meaning = text(&inside).or(item).unwrap_or_default();
    let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Field { path: at, holds: holds(&inside), meaning, below })
}

/// The kind that `word` names, and the schema of its definition.
fn schema_of(word: &str) -> Option<(String, Value)> {
    let word = word.to_lowercase();
    let is_it =
        |kind: &kinds::Kind| kind.singular == word || kind.plural == word || kind.short.contains(&word);
    let kind = kinds::all().filter(|kind| !kinds::is_built_in(&kind.group)).find(is_it)?;
    let named = |d: &Value| d.pointer("/spec/names/kind").and_then(Value::as_str) == Some(kind.kind.as_str());
    let definition = crd::definitions().into_iter().find(named)?;
    let schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema")?.clone();
    Some((kind.singular, schema))
}

/// A schema, seen through lists and maps.
fn inner(schema: &Value) -> &Value {
    let below = schema.get("items").or_else(|| schema.get("additionalProperties"));
    below.filter(|below| below.is_object()).map_or(schema, inner)
}

/// The fields below a schema, seen through lists and maps.
fn fields(schema: &Value) -> Vec<(String, Value)> {
    let fields = inner(schema).get("properties").and_then(Value::as_object);
    fields.into_iter().flatten().map(|(name, field)| (name.clone(), field.clone())).collect()
}

fn required(schema: &Value) -> Vec<String> {
    let names = inner(schema).get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(|n| n.as_str().map(str::to_owned)).collect()
}

/// What may stand where a schema is, in words.
fn holds(schema: &Value) -> String {
    let is = |word: &str| schema.get(word).is_some();
    let below = |word: &str| schema.get(word).filter(|below| below.is_object()).map(holds);
    if is("x-kubernetes-int-or-string") {
        return "number or string".to_owned();
    }
    let words = schema.get("enum").and_then(Value::as_array);
    if let Some(words) = words {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return words.join("|");
    }
    if let Some(of) = below("items") {
        return format!("list of {of}");
    }
    if let Some(of) = below("additionalProperties") {
        return format!("map of {of}");
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => "number",
        Some("object") if is("properties") => "object",
        Some("object") => "any object",
        Some("string") if schema.get("format").and_then(Value::as_str) == Some("date-time") => "time",
        Some(other) => other,
        None => "anything",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_through_lists_whatever_the_case() {
        let surge = find("rollout.spec.strategy.canary.maxSurge").unwrap();
        assert_eq!(surge.holds, "number or string");
        assert!(!surge.meaning.is_empty() && surge.below.is_empty(), "{surge:?}");
        let same = find("ro.spec.strategy.canary.maxsurge").unwrap();
        assert_eq!(same.path, "rollout.spec.strategy.canary.maxSurge");
        let steps = find("rollouts.spec.strategy.canary.steps").unwrap();
        assert_eq!(steps.holds, "list of object");
        assert!(steps.below.iter().any(|(name, holds, _)| name == "pause" && holds == "object"), "{steps:?}");
        let pause = find("rollout.spec.strategy.canary.steps.pause.duration").unwrap();
        assert_eq!(pause.holds, "number or string");
        let delivery = find("delivery.spec").unwrap();
        assert!(
            delivery.below.contains(&("repository".to_owned(), "string".to_owned(), true)),
            "{delivery:?}"
        );
        let drift = delivery.below.iter().find(|(name, ..)| name == "drift").unwrap();
        assert_eq!(drift.1, "heal|report|ignore");
    }

    #[test]
    fn an_unknown_field_says_where_it_would_be_and_what_may_be_meant() {
        let Err(Unknown::Field { place, name, nearest }) = find("rollout.spec.strategy.canary.maxSurg")
        else {
            panic!("there is no such field");
        };
        assert_eq!((place.as_str(), name.as_str()), ("rollout.spec.strategy.canary", "maxSurg"));
        assert_eq!(nearest.as_deref(), Some("maxSurge"));
        assert_eq!(find("deployment.spec"), Err(Unknown::Kind));
    }
}
