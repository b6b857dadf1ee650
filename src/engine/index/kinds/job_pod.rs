//! Decides what is kept of a pod of a Job that measures: what keeps it from ever running. Such pods are followed once a Job
//! of ours runs. It never decides what becomes of the measurement.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::base::json;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::rows::JobPodRow;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::Table;
use crate::engine::key::Key;
use serde_json::Value;

/// Pods of Jobs that measure.
pub(crate) static FOLLOWED: Followed =
    Followed::of::<JobPodRow>("JobPod", "v1", "Pod", Picked::With(names::JOB_RUN_UID), Presence::OnDemand);

/// Why a container waits that will not run before somebody does something (source: metricproviders/job/job.go,
/// `terminalWaitingReasons`).
const FOR_GOOD: [&str; 3] = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"];

impl Row for JobPodRow {
    fn of(object: RawObject, _before: Option<&Self>, _scope: &Scope) -> Option<Self> {
        let (meta, status) = (object.metadata, object.status.value());
        let job_uid = meta.controller()?.uid.clone();
        let run_uid = meta.labels.get(names::JOB_RUN_UID)?.clone();
        let containers = || {
            let first = json::list(&status, "/initContainerStatuses").iter();
            first.chain(json::list(&status, "/containerStatuses"))
        };
        let stuck = containers().find_map(|container| stuck(&meta.name, container));
        Some(Self { run_uid, job_uid, stuck })
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.job_pods
    }

    fn links(&self, _name: &ObjectName) -> Vec<To> {
        vec![To::JobOfPod(self.job_uid.clone())]
    }

    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        let now = index.job_pods.get(name);
        if now.and_then(|row| row.stuck.as_ref()) == before.and_then(|row| row.stuck.as_ref()) {
            return Effects::default(); // how the Job ends, the Job tells
        }
        let rows = now.into_iter().chain(before);
        let runs = rows.flat_map(|row| index.links.to(&To::Run(row.run_uid.clone())));
        Effects::keys(runs.cloned().map(Key::AnalysisRun).collect())
    }
}

/// What keeps a container from ever running.
fn stuck(pod: &str, container: &Value) -> Option<String> {
    let why = json::text(container, "/state/waiting/reason");
    FOR_GOOD.contains(&why).then(|| {
        let (name, message) =
            (json::text(container, "/name"), json::text(container, "/state/waiting/message"));
        format!("Pod {pod}, container {name} has terminal error ({why}): {message}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_container_without_its_image_is_told_init_containers_first() {
        let waits = |name: &str, why: &str| json!({"name": name, "state": {"waiting": {"reason": why, "message": "no"}}});
        let row = |init: Value, main: Value| {
            let pod = json!({
                "metadata": {"name": "p", "namespace": "shop", "labels": {names::JOB_RUN_UID: "r"},
                    "ownerReferences": [{"kind": "Job", "name": "j", "uid": "u", "controller": true}]},
                "status": {"initContainerStatuses": [init], "containerStatuses": [main]},
            });
            JobPodRow::of(RawObject::of(&pod).unwrap(), None, &Scope::default()).unwrap()
        };
        let none = row(waits("a", "PodInitializing"), waits("b", "CrashLoopBackOff"));
        assert_eq!((none.run_uid.as_str(), none.job_uid.as_str(), none.stuck), ("r", "u", None));
        for why in FOR_GOOD {
            let want = format!("Pod p, container b has terminal error ({why}): no");
            assert_eq!(row(waits("a", ""), waits("b", why)).stuck, Some(want));
        }
        let both = row(waits("a", "ErrImagePull"), waits("b", "ErrImagePull")).stuck.unwrap();
        assert!(both.contains("container a "), "{both}");
    }
}
