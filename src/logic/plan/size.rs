//! Decides whose say the size of a workload is: that of an autoscaler, of a Rollout, or Git's own.
//! It never decides a size.

use crate::api::key::Key;
use crate::api::write::Target;
use crate::base::json::{list, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

/// Who says how many pods a workload has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scaler {
    /// A Rollout that has taken its pods over.
    Rollout(String),
    /// An object that scales it.
    Autoscaler {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// A program that has set the size, as the workload itself says, where autoscalers cannot be looked up.
    Program(String),
}

impl Display for Scaler {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Rollout(name) => write!(f, "Rollout {name} scales it"),
            Self::Autoscaler { kind, name } => write!(f, "{kind} {name} scales it"),
            Self::Program(name) => write!(f, "{name} has scaled it"),
        }
    }
}

/// The workload that `object` scales, and what `object` is called then; none when it scales nothing.
#[must_use]
pub(crate) fn scaled_by(object: &Value) -> Option<(Key, Scaler)> {
    let own = Target::of_object(object);
    let (reference, scaler) = match (Key::of(&own).group.as_str(), own.kind.as_str()) {
        ("argoproj.io", "Rollout") => {
            let reference = object.pointer("/spec/workloadRef")?;
            let takes_over = matches!(text(reference, "/scaleDown"), "onsuccess" | "progressively");
            (Some(reference).filter(|_| takes_over)?, Scaler::Rollout(own.name))
        }
        ("autoscaling", "HorizontalPodAutoscaler") | ("keda.sh", "ScaledObject") => {
            let scaler = Scaler::Autoscaler { kind: own.kind, name: own.name };
            (object.pointer("/spec/scaleTargetRef")?, scaler)
        }
        _ => return None,
    };
    let or = |said: &'static str, default: &'static str| match text(reference, said) {
        "" => default,
        said => said,
    };
    let (version, kind) = (or("/apiVersion", "apps/v1"), or("/kind", "Deployment")); // KEDA's own defaults
    Some((Key::of(&Target::new(version, kind, &own.namespace, text(reference, "/name"))), scaler))
}

/// The workloads that `objects` scale. What a Rollout has taken over is the Rollout's, whoever else names it.
#[must_use]
pub(crate) fn scaled<'o>(objects: impl Iterator<Item = &'o Value>) -> BTreeMap<Key, Scaler> {
    let mut found: Vec<(Key, Scaler)> = objects.filter_map(scaled_by).collect();
    found.sort_by_key(|(_, scaler)| matches!(scaler, Scaler::Rollout(_)));
    found.into_iter().collect()
}

/// The program that has set the size of `live` last through its scale subresource, whatever it is called; people who do
/// so by kubectl are none.
#[must_use]
pub(crate) fn traced(live: &Value) -> Option<Scaler> {
    let entries = list(live, "/metadata/managedFields");
    let scales = |entry: &&Value| {
        text(entry, "/subresource") == "scale"
            && entry.pointer("/fieldsV1/f:spec/f:replicas").is_some()
            && !text(entry, "/manager").starts_with("kubectl")
    };
    entries.iter().find(scales).map(|entry| Scaler::Program(text(entry, "/manager").to_owned()))
}

/// Whether Git and the cluster say different sizes.
#[must_use]
pub(crate) fn is_contested(wanted: &Value, live: &Value) -> bool {
    let size = |value: &Value| value.pointer("/spec/replicas").cloned();
    matches!((size(wanted), size(live)), (Some(ours), Some(theirs)) if ours != theirs)
}

/// Leaves the size to who has the say. Answers what was kept, in words.
pub(crate) fn keep(wanted: &mut Value, live: &Value, scaler: Option<&Scaler>) -> Option<String> {
    let scaler = scaler.filter(|_| is_contested(wanted, live))?;
    let size = live.pointer("/spec/replicas")?;
    *wanted.pointer_mut("/spec/replicas")? = size.clone();
    Some(format!("replicas {size} kept: {scaler}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(api_version: &str, kind: &str, spec: Value) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}, "spec": spec})
    }

    fn names(objects: &[Value]) -> Vec<String> {
        scaled(objects.iter()).iter().map(|(key, by)| format!("{}/{key}: {by}", key.group)).collect()
    }

    #[test]
    fn autoscalers_name_their_workload_in_every_version() {
        let reference = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"});
        for version in ["autoscaling/v1", "autoscaling/v2", "autoscaling/v2beta2"] {
            let hpa = object(version, "HorizontalPodAutoscaler", json!({"scaleTargetRef": reference}));
            let said = "argoproj.io/Rollout shop/web: HorizontalPodAutoscaler x scales it";
            assert_eq!(names(&[hpa]), [said], "{version}");
        }
        let keda = object("keda.sh/v1alpha1", "ScaledObject", json!({"scaleTargetRef": {"name": "web"}}));
        assert_eq!(names(&[keda]), ["apps/Deployment shop/web: ScaledObject x scales it"]);
        let other = object("example.com/v1", "ScaledObject", json!({"scaleTargetRef": {"name": "web"}}));
        assert!(names(&[other]).is_empty());
    }

    #[test]
    fn what_a_rollout_has_taken_over_is_the_rollouts() {
        let rollout = |scale_down: &str| {
            let reference = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": scale_down});
            object("argoproj.io/v1alpha1", "Rollout", json!({"workloadRef": reference}))
        };
        let hpa =
            object("autoscaling/v2", "HorizontalPodAutoscaler", json!({"scaleTargetRef": {"name": "web"}}));
        let both = [rollout("onsuccess"), hpa];
        assert_eq!(names(&both), ["apps/Deployment shop/web: Rollout x scales it"]);
        assert!(names(&[rollout("never")]).is_empty());
    }

    #[test]
    fn a_trace_is_known_whatever_the_program_is_called() {
        let live = |manager: &str, subresource: &str| {
            json!({"metadata": {"managedFields": [{"manager": manager, "subresource": subresource,
                "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}})
        };
        assert_eq!(traced(&live("k3s", "scale")), Some(Scaler::Program("k3s".to_owned())));
        assert_eq!(traced(&live("k3s", "")), None);
        assert_eq!(traced(&live("kubectl", "scale")), None, "a person is no autoscaler");
    }

    #[test]
    fn only_a_size_that_git_says_otherwise_is_kept() {
        let size = |n: i64| json!({"spec": {"replicas": n}});
        let by = Scaler::Rollout("web".to_owned());
        let mut wanted = size(2);
        assert_eq!(keep(&mut wanted, &size(8), None), None);
        assert_eq!(keep(&mut wanted, &size(2), Some(&by)), None);
        assert_eq!(
            keep(&mut wanted, &size(8), Some(&by)).as_deref(),
            Some("replicas 8 kept: Rollout web scales it")
        );
        assert_eq!(wanted, size(8));
        let mut silent = json!({"spec": {}});
        assert_eq!(keep(&mut silent, &size(8), Some(&by)), None, "Git says nothing");
        assert_eq!(silent, json!({"spec": {}}));
    }
}
