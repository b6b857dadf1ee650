//! Decides whether an object is still what was applied of it, who changed it otherwise, and what is done about that.
//! It never changes it back, and never calls a Rollout that somebody acts on drifted.

use crate::api::key::Key;
use crate::api::kinds::Kind;
use crate::api::names;
use crate::api::seal::is_sealed;
use crate::api::write::Target;
use crate::base::json::{list, text};
use crate::base::yaml::Place;
use crate::logic::manifest::Manifest;
use crate::logic::plan::change::{self, Action, Change};
use crate::logic::plan::context::PlanContext;
use serde_json::Value;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// What is done about objects that somebody else has changed or deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DriftPolicy {
    /// They are brought back to what Git says.
    #[default]
    Heal,
    /// People are told.
    Report,
    /// Nothing; they are not even watched.
    Ignore,
}

/// A word that is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("write heal, report or ignore")]
pub struct UnknownPolicy;

impl FromStr for DriftPolicy {
    type Err = UnknownPolicy;

    fn from_str(word: &str) -> Result<Self, UnknownPolicy> {
        match word {
            "heal" => Ok(Self::Heal),
            "report" => Ok(Self::Report),
            "ignore" => Ok(Self::Ignore),
            _ => Err(UnknownPolicy),
        }
    }
}

impl DriftPolicy {
    /// The policy for one object of a delivery: what it says itself in the cluster counts first, so that a person can
    /// keep a change there, then what it said in Git.
    #[must_use]
    pub(crate) fn of(self, live: Option<&Value>, applied: &Value) -> Self {
        live.into_iter().chain([applied]).find_map(said).unwrap_or(self)
    }
}

/// The policy that an object is annotated with.
fn said(object: &Value) -> Option<DriftPolicy> {
    object.pointer("/metadata/annotations")?.get(names::DRIFT)?.as_str()?.parse().ok()
}

/// Leaves an object as others have changed it when it says in the cluster that it is to be, and Git has nothing new of it.
pub(crate) fn leave(change: &mut Change, manifest: &Manifest, base: Option<&Value>, context: &PlanContext) {
    let policy = change.before.as_ref().and_then(said).unwrap_or_default();
    if context.is_as_applied(manifest, base)
        && policy != DriftPolicy::Heal
        && matches!(change.action, Action::Patch(_))
    {
        change.action = Action::Unchanged;
        change.after.clone_from(&change.before);
        change.kept.push(format!("left as it is in the cluster, where it says {}", names::DRIFT));
    }
}

/// What was applied, as if Git said it again. It stands in no file.
#[must_use]
pub(crate) fn again(key: &Key, api_version: &str, kind: &Kind, applied: &Arc<Value>) -> Manifest {
    Manifest {
        key: key.clone(),
        target: Target::new(api_version, &key.kind, &key.namespace, &key.name),
        kind: kind.clone(),
        value: Arc::clone(applied),
        path: String::new(),
        place: Place::default(),
        within: Vec::new(),
    }
}

/// What is to be done so that the object is again what was `applied`; nothing while it is that, while somebody acts on
/// it, once somebody has taken it over, and while only digests are known of what was applied.
#[must_use]
pub(crate) fn of(applied: &Manifest, live: Option<&Value>, context: &PlanContext) -> Option<Change> {
    if is_sealed(&applied.key, &applied.value) {
        return None;
    }
    if live.is_some_and(|live| is_theirs(live, context) || is_acted_on(applied, live)) {
        return None;
    }
    let change = change::of_manifest(applied, Some(&applied.value), live, context);
    matches!(change.action, Action::Create(_) | Action::Patch(_)).then_some(change)
}

/// Whether the object is no longer ours: marked by another delivery, by nobody, or on its way out.
fn is_theirs(live: &Value, context: &PlanContext) -> bool {
    let mark = live.pointer("/metadata/annotations").and_then(|a| a.get(names::SOURCE));
    let is_going = live.pointer("/metadata/deletionTimestamp").is_some_and(|t| !t.is_null());
    is_going || !mark.and_then(Value::as_str).is_some_and(|mark| context.is_ours(mark))
}

/// Whether somebody has paused or aborted a Rollout, or asked to undo it.
fn is_acted_on(applied: &Manifest, live: &Value) -> bool {
    let is_true = |pointer: &str| live.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
    let undone = live.pointer("/metadata/annotations").and_then(|a| a.get(names::UNDO));
    applied.target.is_rollout() && (is_true("/spec/paused") || is_true("/status/abort") || undone.is_some())
}

/// What happened to the object of `change`, in words: fields and who set them; never a value.
#[must_use]
pub(crate) fn told(change: &Change) -> String {
    let Some(live) = &change.before else { return "it was deleted".to_owned() };
    let who = changed_by(live, &change.overwrites).map(|name| format!(" by {name}")).unwrap_or_default();
    match change.overwrites.as_slice() {
        [] => format!("it was changed{who}"),
        fields => format!("{} changed{who}", names_of(fields)),
    }
}

fn names_of(fields: &[String]) -> String {
    let shown: Vec<&str> = fields.iter().take(5).map(|f| f.trim_start_matches('.')).collect();
    let more = fields.len().saturating_sub(shown.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let verb = if fields.len() == 1 { "was" } else { "were" };
    format!("{}{more} {verb}", shown.join(", "))
}

/// The manager that set one of `fields` last, or else the one that wrote the object last, as the cluster has noted it.
fn changed_by(live: &Value, fields: &[String]) -> Option<String> {
    let others = list(live, "/metadata/managedFields").iter().filter(|entry| {
        text(entry, "/subresource") != "status" && text(entry, "/manager") != names::FIELD_MANAGER
    });
    let has_field = |entry: &Value| {
        let set = entry.get("fieldsV1");
        set.is_some_and(|set| fields.iter().any(|field| is_owned(set, &field.split('.').collect::<Vec<_>>())))
    };
    let last = others.max_by_key(|entry| (has_field(entry), text(entry, "/time")))?;
    Some(text(last, "/manager").to_owned()).filter(|name| !name.is_empty())
}

/// Whether a set of managed fields holds the field at `path`, whose parts may name elements of lists in brackets.
fn is_owned(set: &Value, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let name = first.split('[').next().unwrap_or_default();
    if name.is_empty() {
        return is_owned(set, rest);
    }
    let Some(inner) = set.get(format!("f:{name}")) else { return false };
    if !first.contains('[') {
        return is_owned(inner, rest);
    }
    let elements = inner.as_object().into_iter().flatten();
    elements.filter(|(key, _)| !key.starts_with("f:")).any(|(_, element)| is_owned(element, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live() -> Value {
        let entry = |manager: &str, time: &str, subresource: &str, set: Value| json!({"manager": manager, "time": time, "subresource": subresource, "fieldsV1": set});
        json!({"metadata": {"managedFields": [
            entry("switchback", "2026-01-05T08:03:00Z", "", json!({"f:data": {"f:a": {}, "f:b": {}}})),
            entry("kubectl-edit", "2026-01-05T08:01:00Z", "", json!({"f:data": {"f:a": {}}})),
            entry("argocd", "2026-01-05T08:02:00Z", "", json!({"f:spec": {"f:ports": {"k:{\"port\":80}": {"f:name": {}}}}})),
            entry("kubelet", "2026-01-05T09:00:00Z", "status", json!({"f:status": {}})),
        ]}})
    }

    #[test]
    fn the_manager_of_a_field_is_named_or_else_the_last_one_to_write() {
        let by = |fields: &[&str]| {
            let fields: Vec<String> = fields.iter().map(|f| (*f).to_owned()).collect();
            changed_by(&live(), &fields).unwrap_or_default()
        };
        assert_eq!(by(&[".data.a"]), "kubectl-edit");
        assert_eq!(by(&[".spec.ports[port=80].name"]), "argocd");
        assert_eq!(by(&[".data.b"]), "argocd", "who took it out is not noted; it was the last to write");
        assert_eq!(changed_by(&json!({}), &[]), None);
    }

    #[test]
    fn many_fields_are_told_shortly() {
        let fields: Vec<String> = ["a", "b", "c", "d", "e", "f", "g"].map(|f| format!(".data.{f}")).into();
        assert_eq!(names_of(&fields), "data.a, data.b, data.c, data.d, data.e and 2 more were");
        assert_eq!(names_of(&fields[..1]), "data.a was");
    }

    #[test]
    fn what_the_object_in_the_cluster_says_counts_before_what_git_said() {
        let says = |word: &str| json!({"metadata": {"annotations": {names::DRIFT: word}}});
        let heal = DriftPolicy::Heal;
        assert_eq!(heal.of(Some(&says("ignore")), &says("report")), DriftPolicy::Ignore);
        assert_eq!(heal.of(None, &says("report")), DriftPolicy::Report);
        assert_eq!(heal.of(Some(&says("nonsense")), &json!({})), heal);
        assert_eq!(DriftPolicy::Ignore.of(Some(&says("heal")), &json!({})), heal);
    }
}
