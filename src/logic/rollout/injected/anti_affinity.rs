//! Decides the rule that keeps the pods of a new revision away from the nodes of the stable ones, and when a ReplicaSet
//! gets another one. It never decides where a pod runs.

use crate::api::names;
use crate::api::strategy::AntiAffinity;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::{Apart, ReplicaSet};
use crate::merge;
use serde_json::{Map, Value, json};

/// What the rule keeps apart: nodes.
const HOST: &str = "kubernetes.io/hostname";
/// Where the rules of a template stand.
const AGAINST: &str = "/spec/affinity/podAntiAffinity";
/// The list of rules that must be kept.
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
/// The list of rules that are kept where it can be helped.
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// What the strategy says, if it says something (source: utils/replicaset/replicaset.go, `GetRolloutAffinity`).
fn configured<'v>(builder: &Builder<'v>) -> Option<&'v AntiAffinity> {
    let of_canary = builder.canary().and_then(|c| c.anti_affinity.as_ref());
    of_canary.or_else(|| builder.blue_green().and_then(|b| b.anti_affinity.as_ref()))
}

/// The hash of the revision that the template stands for.
fn current<'b>(builder: &'b Builder<'_>) -> &'b str {
    builder.new_replica_set().map_or(builder.view().pod_hash.as_str(), |s| s.hash.as_str())
}

/// The rule that the ReplicaSet of the template is to have: none while no other revision is stable
/// (source: utils/replicaset/replicaset.go, `GenerateReplicaSetAffinity`).
#[must_use]
pub(crate) fn wanted(builder: &Builder<'_>) -> Option<Apart> {
    let asked = configured(builder)?;
    let stable = &builder.old().stable_rs;
    let preferred = asked.preferred_during_scheduling_ignored_during_execution.as_ref();
    let says = preferred.is_some() || asked.required_during_scheduling_ignored_during_execution.is_some();
    let is_update = !stable.is_empty() && stable.as_str() != current(builder);
    (says && is_update).then(|| Apart { stable: stable.clone(), weight: preferred.map(|p| p.weight) })
}

/// Whether the rule of `replica_set`, which is that of the template, keeps it away from what is not stable any more. One
/// that is stable itself keeps its rule, and one that has none gets none before something else of it changes
/// (source: utils/replicaset/replicaset.go, `IfInjectedAntiAffinityRuleNeedsUpdate`).
#[must_use]
pub(crate) fn is_outdated(builder: &Builder<'_>, replica_set: &ReplicaSet) -> bool {
    let (Some(asked), Some(rule)) = (configured(builder), &replica_set.apart) else { return false };
    let is_preferred = asked.preferred_during_scheduling_ignored_during_execution.is_some();
    let is_required = asked.required_during_scheduling_ignored_during_execution.is_some();
    let is_of_this_kind =
        if is_preferred { rule.weight.is_some() } else { is_required && rule.weight.is_none() };
    let stable = &builder.old().stable_rs;
    is_of_this_kind && *stable != replica_set.hash && rule.stable != *stable
}

/// The hash that a rule of ours names; none of any other rule.
fn named(term: &Value) -> Option<&str> {
    let [expression] = term.pointer("/labelSelector/matchExpressions")?.as_array()?.as_slice() else {
        return None;
    };
    let says = |key: &str, text: &str| expression.get(key).is_some_and(|v| v == text);
    let is_ours = says("key", names::POD_HASH) && says("operator", "In");
    let is_about_nodes = term.get("topologyKey").is_some_and(|key| key == HOST);
    let [hash] = expression.get("values")?.as_array()?.as_slice() else { return None };
    hash.as_str().filter(|_| is_ours && is_about_nodes)
}

/// The pod affinity term of an entry of `list`.
fn term<'t>(list: &str, entry: &'t Value) -> Option<&'t Value> {
    if list == REQUIRED { Some(entry) } else { entry.get("podAffinityTerm") }
}

/// The entries of the list at `list` of `template`.
fn entries<'t>(template: &'t Value, list: &str) -> &'t [Value] {
    let entries = template.pointer(AGAINST).and_then(|against| against.get(list)).and_then(Value::as_array);
    entries.map_or(&[], Vec::as_slice)
}

/// Where the rule stands in the list at `list` of `template`, and which it is.
fn found(template: &Value, list: &str) -> Option<(usize, Apart)> {
    entries(template, list).iter().enumerate().rev().find_map(|(at, entry)| {
        let stable = named(term(list, entry)?)?.to_owned();
        let weight = entry.get("weight").and_then(Value::as_i64).and_then(|w| i32::try_from(w).ok());
        Some((at, Apart { stable, weight: weight.filter(|_| list == PREFERRED) }))
    })
}

/// The rule that `template` has been given.
#[must_use]
pub(crate) fn read(template: &Value) -> Option<Apart> {
    [PREFERRED, REQUIRED].into_iter().find_map(|list| found(template, list)).map(|(_, rule)| rule)
}

/// `template` with the rule `rule`, for pods of `namespace`
/// (source: utils/replicaset/replicaset.go, `CreateInjectedAntiAffinityRule`).
#[must_use]
pub(crate) fn with(template: &Value, rule: &Apart, namespace: &str) -> Value {
    let expression = json!({"key": names::POD_HASH, "operator": "In", "values": [rule.stable]});
    let term = json!({"labelSelector": {"matchExpressions": [expression]}, "namespaces": [namespace],
        "topologyKey": HOST});
    let (list, entry) = match rule.weight {
        Some(weight) => (PREFERRED, json!({"weight": weight, "podAffinityTerm": term})),
        None => (REQUIRED, term),
    };
    let mut entries = entries(template, list).to_vec();
    entries.push(entry);
    merge::json::apply(template, &json!({"spec": {"affinity": {"podAntiAffinity": {list: entries}}}}))
}

/// `template` without the rule, and without what stands there for its sake alone
/// (source: utils/replicaset/replicaset.go, `RemoveInjectedAntiAffinityRule`).
#[must_use]
pub(crate) fn without(mut template: Value) -> Value {
    for list in [PREFERRED, REQUIRED] {
        let Some((at, _)) = found(&template, list) else { continue };
        let path = format!("{AGAINST}/{list}");
        if let Some(entries) = template.pointer_mut(&path).and_then(Value::as_array_mut) {
            entries.remove(at);
        }
        for (path, field) in [(AGAINST, list), ("/spec/affinity", "podAntiAffinity"), ("/spec", "affinity")] {
            let is_empty = |v: &Value| {
                v.as_array().is_some_and(Vec::is_empty) || v.as_object().is_some_and(Map::is_empty)
            };
            if let Some(fields) = template.pointer_mut(path).and_then(Value::as_object_mut)
                && fields.get(field).is_some_and(is_empty)
            {
                fields.remove(field);
            }
        }
    }
    template
}

/// The merge patch that turns the affinity in a ReplicaSet of `template` into that of the template with `rule`.
#[must_use]
pub(crate) fn patch(template: &Value, rule: Option<&Apart>, namespace: &str) -> Value {
    let wanted = rule.map_or_else(|| template.clone(), |rule| with(template, rule, namespace));
    let Some(affinity) = wanted.pointer("/spec/affinity").filter(|a| !a.is_null()) else {
        return Value::Null;
    };
    let Some(against) = affinity.get("podAntiAffinity").filter(|a| !a.is_null()) else {
        return json!({"podAntiAffinity": null});
    };
    json!({"podAntiAffinity": {PREFERRED: against.get(PREFERRED), REQUIRED: against.get(REQUIRED)}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::View;
    use crate::merge::json::apply;

    fn rule(weight: Option<i32>) -> Apart {
        Apart { stable: "abc".to_owned(), weight }
    }

    /// A template without affinity, one with rules of its own, and one with another affinity alone.
    fn templates() -> [Value; 3] {
        let term = json!({"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": HOST});
        [
            json!({"spec": {"containers": []}}),
            json!({"spec": {"affinity": {"podAntiAffinity": {REQUIRED: [term],
                PREFERRED: [{"weight": 5, "podAffinityTerm": term}]}}}}),
            json!({"spec": {"affinity": {"podAffinity": {REQUIRED: [term]}}}}),
        ]
    }

    #[test]
    fn a_rule_is_read_back_and_taken_out_as_it_was_put_in() {
        for template in templates() {
            for weight in [Some(7), None] {
                assert_eq!(read(&template), None);
                let given = with(&template, &rule(weight), "shop");
                assert_eq!(read(&given), Some(rule(weight)));
                assert_eq!(without(given), template);
            }
        }
    }

    #[test]
    fn the_rule_is_that_of_argo_rollouts() {
        let template = with(&json!({}), &rule(Some(100)), "shop");
        let term = json!({"labelSelector": {"matchExpressions": [
            {"key": "rollouts-pod-template-hash", "operator": "In", "values": ["abc"]}]},
            "namespaces": ["shop"], "topologyKey": "kubernetes.io/hostname"});
        let entry = json!({"weight": 100, "podAffinityTerm": term});
        assert_eq!(template, json!({"spec": {"affinity": {"podAntiAffinity": {PREFERRED: [entry]}}}}));
    }

    #[test]
    fn rules_that_others_have_written_stay() {
        let mut other = templates()[1].clone();
        let term = json!({"labelSelector": {"matchExpressions": [
            {"key": "rollouts-pod-template-hash", "operator": "NotIn", "values": ["abc"]}]}, "topologyKey": HOST});
        other["spec"]["affinity"]["podAntiAffinity"][REQUIRED] = json!([term]);
        assert_eq!((without(other.clone()), read(&other)), (other, None));
    }

    #[test]
    fn a_patch_brings_a_template_to_every_rule_from_every_other() {
        let rules = [
            None,
            Some(rule(Some(7))),
            Some(rule(None)),
            Some(Apart { stable: "def".to_owned(), weight: Some(9) }),
        ];
        for template in templates() {
            let given = |rule: &Option<Apart>| {
                rule.as_ref().map_or_else(|| template.clone(), |rule| with(&template, rule, "shop"))
            };
            for (from, to) in rules.iter().flat_map(|from| rules.iter().map(move |to| (from, to))) {
                let patch = json!({"spec": {"affinity": patch(&template, to.as_ref(), "shop")}});
                assert_eq!(apply(&given(from), &patch), given(to), "{from:?} {to:?} {template}");
            }
        }
    }

    #[test]
    fn a_rule_against_what_is_not_stable_any_more_is_outdated_while_another_is() {
        let view = |strategy: Value, stable: &str| {
            let rollout = json!({"metadata": {"name": "web"}, "spec": {"strategy": {"canary": {"antiAffinity": strategy}}},
                "status": {"stableRS": stable}});
            View {
                rollout: serde_json::from_value(rollout).unwrap(),
                pod_hash: "new".to_owned(),
                ..View::default()
            }
        };
        let says = |strategy: &Value, stable: &str| {
            let view = view(strategy.clone(), stable);
            let builder = Builder::new(&view, jiff::Timestamp::UNIX_EPOCH);
            let set =
                ReplicaSet { hash: "new".to_owned(), apart: Some(rule(Some(7))), ..ReplicaSet::default() };
            (wanted(&builder).map(|rule| rule.stable), is_outdated(&builder, &set))
        };
        let (preferred, required) = (json!({PREFERRED: {"weight": 7}}), json!({REQUIRED: {}}));
        assert_eq!(says(&preferred, "other"), (Some("other".to_owned()), true));
        assert_eq!(says(&preferred, "abc"), (Some("abc".to_owned()), false), "it is the right one");
        assert_eq!(says(&preferred, "new"), (None, false), "it is stable itself");
        assert_eq!(says(&preferred, ""), (None, true), "nothing is stable");
        assert_eq!(says(&required, "other"), (Some("other".to_owned()), false), "it is of another kind");
        assert_eq!(says(&json!({}), "other"), (None, false));
    }
}
