//! Decides whether an update is aborted at once because its pods cannot run: a container that crashes again and again
//! while the stable pods run, or an image that cannot be had. It never looks at a pod by itself.

use crate::api::meta::Meta;
use crate::api::names;
use crate::api::time::Time;
use crate::logic::rollout::abort::AbortCause;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::{PodFault, PodRow};
use jiff::Timestamp;

/// How long an image may be refused, in seconds.
const IMAGE_PATIENCE: i64 = 30;

/// Whether the pods of a Rollout are looked at: of those that Git delivers, and where people want it so.
#[must_use]
pub(crate) fn is_on(meta: &Meta) -> bool {
    match meta.annotation(names::FAIL_FAST) {
        Some("disabled") => false,
        Some("enabled") => true,
        _ => meta.annotation(names::SOURCE).is_some(),
    }
}

/// Why the update is to be aborted now, if it is. When only time is missing, the Rollout is reconciled again then.
pub(crate) fn cause(builder: &mut Builder<'_>) -> Option<AbortCause> {
    let view = builder.view();
    if view.running.is_empty() || builder.is_aborted() || builder.old().promote_full {
        return None; // as mostly
    }
    let (new, stable) = (builder.new_replica_set()?, builder.stable_replica_set()?);
    if new.meta.name == stable.meta.name {
        return None;
    }
    let (new, stable) = (new.meta.uid.as_str(), stable.meta.uid.as_str());
    let stable_pods: Vec<&PodRow> = view.running.iter().filter(|pod| pod.owner == stable).collect();
    let mut due: Option<Timestamp> = None;
    for pod in view.running.iter().filter(|pod| pod.owner == new) {
        let said = match &pod.fault {
            None => continue,
            Some(PodFault::Crash { container, restarts, why }) => {
                if !stable_runs(&stable_pods, pod.created) {
                    continue;
                }
                format!(
                    "container {container} of pod {} has crashed {restarts} times ({why}) while the stable pods run",
                    pod.name
                )
            }
            Some(PodFault::Image { container, image, why, since }) => {
                let at = since.plus_seconds(IMAGE_PATIENCE);
                if at > builder.now() {
                    due = Some(due.map_or(at, |d| d.min(at)));
                    continue;
                }
                format!("image {image} of container {container} of pod {} cannot be had ({why})", pod.name)
            }
        };
        return Some(AbortCause::Pods { said });
    }
    due.into_iter().for_each(|at| builder.wake_at(at));
    None
}

/// Whether the stable pods run, and have done so without a crash since `since`: else what is wrong may be wrong with both.
fn stable_runs(pods: &[&PodRow], since: Option<Time>) -> bool {
    let is_well =
        |pod: &&PodRow| pod.is_ready && pod.last_crash.is_none_or(|at| since.is_some_and(|s| at < s));
    !pods.is_empty() && pods.iter().all(is_well)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::{ReplicaSet, View};
    use serde_json::json;
    use std::sync::Arc;

    fn at(seconds: i64) -> Time {
        Time::of(Timestamp::from_second(seconds).unwrap())
    }

    fn pod(name: &str, owner: &str, fault: Option<PodFault>) -> PodRow {
        let (name, owner) = (name.to_owned(), owner.to_owned());
        PodRow { name, owner, created: Some(at(100)), is_ready: fault.is_none(), last_crash: None, fault }
    }

    /// An update from `a` to `b`, which has the pods `new`; the one stable pod is `stable`.
    fn view(new: PodRow, stable: PodRow) -> View {
        let set = |hash: &str| {
            let mut set = ReplicaSet { hash: hash.to_owned(), ..ReplicaSet::default() };
            set.meta.name = format!("web-{hash}");
            set.meta.uid = format!("uid-{hash}");
            set
        };
        let rollout = json!({"metadata": {"name": "web"}, "spec": {"strategy": {"canary": {}}},
            "status": {"stableRS": "a", "currentPodHash": "b"}});
        View {
            rollout: serde_json::from_value(rollout).unwrap(),
            pod_hash: "b".to_owned(),
            replica_sets: vec![set("a"), set("b")],
            running: vec![stable, new],
            ..View::default()
        }
    }

    fn crash() -> Option<PodFault> {
        Some(PodFault::Crash { container: "c".to_owned(), restarts: 3, why: "exit code 1".to_owned() })
    }

    fn said(view: &View, now: i64) -> (Option<String>, Option<Timestamp>) {
        let mut builder = Builder::new(view, Timestamp::from_second(now).unwrap());
        let said = cause(&mut builder).map(|c| c.detail());
        (said, builder.wake())
    }

    #[test]
    fn a_crash_of_new_pods_alone_aborts_and_names_pod_and_container() {
        let text = "Fail-fast: container c of pod web-b-1 has crashed 3 times (exit code 1) while the stable pods run";
        let mut view = view(pod("web-b-1", "uid-b", crash()), pod("web-a-1", "uid-a", None));
        assert_eq!(said(&view, 200).0.as_deref(), Some(text));
        view.running[0].last_crash = Some(at(50));
        assert!(said(&view, 200).0.is_some(), "that was before");
        Arc::make_mut(&mut view.rollout).status.promote_full = true;
        assert_eq!(said(&view, 200).0, None, "a person wants it");
    }

    #[test]
    fn a_crash_that_stable_pods_share_does_not_abort() {
        let new = || pod("web-b-1", "uid-b", crash());
        let stable = |is_ready, last_crash| PodRow { is_ready, last_crash, ..pod("web-a-1", "uid-a", None) };
        for shared in [stable(false, None), stable(true, Some(at(150))), pod("x", "other", None)] {
            assert_eq!(said(&view(new(), shared), 200).0, None);
        }
        assert_eq!(said(&view(pod("web-b-1", "uid-b", None), pod("web-a-1", "uid-a", crash())), 200).0, None);
    }

    #[test]
    fn an_image_may_be_refused_for_half_a_minute() {
        let image = PodFault::Image {
            container: "c".to_owned(),
            image: "web:2".to_owned(),
            why: "ImagePullBackOff".to_owned(),
            since: at(100),
        };
        let view = view(pod("web-b-1", "uid-b", Some(image)), pod("web-a-1", "uid-a", None));
        assert_eq!(said(&view, 129), (None, Some(Timestamp::from_second(130).unwrap())));
        let text = "Fail-fast: image web:2 of container c of pod web-b-1 cannot be had (ImagePullBackOff)";
        assert_eq!(said(&view, 130).0.as_deref(), Some(text));
    }

    #[test]
    fn it_is_on_for_what_git_delivers_and_people_have_the_last_word() {
        let is_on = |annotations: serde_json::Value| {
            is_on(&serde_json::from_value(json!({"annotations": annotations})).unwrap())
        };
        assert!(!is_on(json!({})) && is_on(json!({(names::SOURCE): "x"})));
        assert!(!is_on(json!({(names::SOURCE): "x", (names::FAIL_FAST): "disabled"})));
        assert!(is_on(json!({(names::FAIL_FAST): "enabled"})));
    }
}
