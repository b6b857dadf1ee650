//! Decides which objects that Git no longer says are let go rather than pruned, and what a commit has to say so that many
//! go at once. It never deletes anything.

use crate::api::key::Key;
use crate::api::names;
use serde_json::Value;
use thiserror::Error;

/// Argo CD's annotation: options of an object, separated by commas.
const ARGO_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Flux's annotation or label.
const FLUX_PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
/// Helm's annotation.
const HELM_POLICY: &str = "helm.sh/resource-policy";
/// Namespaces that every cluster has.
const SYSTEM: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];
/// The kind of definitions of kinds.
pub(super) const DEFINITION: &str = "CustomResourceDefinition";
/// The trailer of a commit that allows it.
const TRAILER: &str = "Switchback-Prune";

/// Why an object that Git no longer says is let go: it stays in the cluster and is no longer ours.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum LetGo {
    /// Somebody has marked it.
    #[error("it is marked {mark}, so it is let go: it stays, and is ours no longer")]
    Marked {
        /// The mark, as it is written.
        mark: &'static str,
    },
    /// The delivery prunes nothing.
    #[error("its Delivery says prune: disabled, so it is let go: it stays, and is ours no longer")]
    Kept,
    /// It is a namespace that every cluster has.
    #[error("every cluster needs this namespace, so it is let go: it stays, and is ours no longer")]
    SystemNamespace,
    /// Others had made it, and nobody has said that it may go.
    #[error(
        "it was in the cluster before it was first applied, so it is let go: it stays, and is ours no longer; it would \
         be pruned had its manifest said {}: enabled",
        names::PRUNE
    )]
    Adopted,
    /// Much would be lost with it, and nobody has said that it may go.
    #[error(
        "a {kind} holds more than its manifest, so it is let go: it stays, and is ours no longer; it would be pruned \
         had its manifest said {}: enabled",
        names::PRUNE
    )]
    NotEnabled {
        /// Its kind.
        kind: String,
    },
}

/// Why an object that Git no longer says is not pruned yet: it stays ours.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PruneWaits {
    /// Pods may need it.
    #[error("pods of ReplicaSet {set} need it; it is pruned once they do not")]
    Needed {
        /// The ReplicaSet of a Rollout that names it.
        set: String,
    },
    /// A revision that is kept may be gone back to, with this version of its configuration.
    #[error("ReplicaSet {set} of a revision that is kept names it; it is pruned with that revision")]
    Kept {
        /// The ReplicaSet of a Rollout that names it.
        set: String,
    },
    /// Too much would go at once.
    #[error("{count} of {of} objects would go at once; put them back, or {}", how_to_allow(*.count))]
    TooMany {
        /// Objects that would be pruned.
        count: usize,
        /// Objects that are ours.
        of: usize,
    },
}

/// What a person does to have `count` objects pruned.
#[must_use]
pub(crate) fn how_to_allow(count: usize) -> String {
    format!(
        "allow it by a commit with the line {TRAILER}: {count}, such as git commit --allow-empty \
         -m 'Prune {count} objects' -m '{TRAILER}: {count}'"
    )
}

/// Why the object at `key` is let go rather than pruned, as it is in the cluster and as it was applied last; none when
/// it is pruned.
#[must_use]
pub(crate) fn let_go(key: &Key, live: &Value, applied: Option<&Value>) -> Option<LetGo> {
    if let Some(mark) = std::iter::once(live).chain(applied).find_map(mark) {
        return Some(LetGo::Marked { mark });
    }
    if *key == Key::core("Namespace", "", &key.name) && SYSTEM.contains(&key.name.as_str()) {
        return Some(LetGo::SystemNamespace);
    }
    let holds_more = matches!(
        (key.group.as_str(), key.kind.as_str()),
        ("", "Namespace" | "PersistentVolumeClaim") | ("apiextensions.k8s.io", DEFINITION)
    );
    (holds_more && !is_enabled(applied)).then(|| LetGo::NotEnabled { kind: key.kind.clone() })
}

/// Whether the manifest of an object, as it was applied last, says that it may go.
pub(super) fn is_enabled(applied: Option<&Value>) -> bool {
    applied.is_some_and(|applied| annotation(applied, names::PRUNE) == "enabled")
}

/// The mark by which `object` is to be kept.
fn mark(object: &Value) -> Option<&'static str> {
    let has = |option: &str| annotation(object, ARGO_OPTIONS).split(',').any(|o| o.trim() == option);
    let flux = object.pointer("/metadata/labels").and_then(|l| l.get(FLUX_PRUNE)).and_then(Value::as_str);
    let marks = [
        (annotation(object, names::PRUNE) == "disabled", "switchback.dev/prune: disabled"),
        (has("Prune=false"), "argocd.argoproj.io/sync-options: Prune=false"),
        (
            annotation(object, FLUX_PRUNE) == "disabled" || flux == Some("disabled"),
            "kustomize.toolkit.fluxcd.io/prune: disabled",
        ),
        (
            annotation(object, HELM_POLICY).trim().eq_ignore_ascii_case("keep"),
            "helm.sh/resource-policy: keep",
        ),
    ];
    marks.into_iter().find_map(|(is_there, mark)| is_there.then_some(mark))
}

fn annotation<'v>(object: &'v Value, name: &str) -> &'v str {
    let annotations = object.pointer("/metadata/annotations");
    annotations.and_then(|a| a.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// How many objects a commit with this message may prune at once, however many there are.
#[must_use]
pub(crate) fn allowed(message: &str) -> usize {
    let said = message.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = Some(value.trim()).filter(|_| name.trim_end().eq_ignore_ascii_case(TRAILER))?;
        if value == "all" { Some(usize::MAX) } else { value.parse().ok() }
    });
    said.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn marked(name: &str, value: &str) -> Value {
        json!({"metadata": {"annotations": {name: value}}})
    }

    #[test]
    fn every_mark_keeps_live_or_applied() {
        let key = Key::core("ConfigMap", "shop", "a");
        let plain = json!({"metadata": {"name": "a"}});
        for (name, value, is_kept) in [
            (ARGO_OPTIONS, "Prune=false", true),
            (ARGO_OPTIONS, "Validate=false, Prune=false", true),
            (ARGO_OPTIONS, "Prune=falsely", false),
            (FLUX_PRUNE, "disabled", true),
            (FLUX_PRUNE, "enabled", false),
            (HELM_POLICY, "keep", true),
            (HELM_POLICY, "delete", false),
            (names::PRUNE, "disabled", true),
            (names::PRUNE, "enabled", false),
        ] {
            let object = marked(name, value);
            assert_eq!(let_go(&key, &object, None).is_some(), is_kept, "live {name}: {value}");
            assert_eq!(let_go(&key, &plain, Some(&object)).is_some(), is_kept, "applied {name}: {value}");
        }
        let label = json!({"metadata": {"labels": {FLUX_PRUNE: "disabled"}}});
        let said = let_go(&key, &label, None).map(|why| why.to_string());
        assert!(said.is_some_and(|s| s.contains("kustomize.toolkit.fluxcd.io/prune: disabled")));
    }

    #[test]
    fn what_holds_more_than_its_manifest_is_pruned_only_when_it_was_said() {
        let plain = json!({});
        let enabled = marked(names::PRUNE, "enabled");
        let crd = Key {
            group: "apiextensions.k8s.io".into(),
            ..Key::core("CustomResourceDefinition", "", "widgets.example.com")
        };
        let claim = Key::core("PersistentVolumeClaim", "shop", "a");
        for key in [Key::core("Namespace", "", "shop"), claim, crd] {
            let why = LetGo::NotEnabled { kind: key.kind.clone() };
            assert_eq!(let_go(&key, &plain, None), Some(why.clone()), "{key}");
            assert_eq!(let_go(&key, &enabled, Some(&plain)), Some(why), "{key}: only the cluster says so");
            assert_eq!(let_go(&key, &plain, Some(&enabled)), None, "{key}");
        }
        let system = Key::core("Namespace", "", "kube-system");
        assert_eq!(let_go(&system, &plain, Some(&enabled)), Some(LetGo::SystemNamespace));
        assert_eq!(let_go(&Key::core("ConfigMap", "shop", "default"), &plain, None), None);
    }

    #[test]
    fn the_trailer_allows_a_number_or_all() {
        for (message, number) in [
            ("x", 0),
            ("x\n\nSwitchback-Prune: 12\n", 12),
            ("x\n\nswitchback-prune: all\nCo-authored-by: Bo <b@example.com>\n", usize::MAX),
            ("x\n\nSwitchback-Prune: 3\nSwitchback-Prune: 12\n", 12),
            ("x\n\nSwitchback-Prune: many\n", 0),
            ("x\n\nnever write Switchback-Prune: 12\n", 0),
        ] {
            assert_eq!(allowed(message), number, "{message}");
        }
    }
}
