//! Decides what there is to show of one Rollout: its state, its revisions with their pods, its analyses.
//! It never decides how that looks.

use crate::api::condition::{ConditionReason, ConditionType};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::phase::RolloutPhase;
use crate::api::rollout::Rollout;
use crate::api::step::Step;
use crate::base::duration;
use crate::front::view::runs::{self, RunPicture};
use crate::logic::rollout::{phase, weight};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// One Rollout, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Picture {
    /// Namespace.
    pub(crate) namespace: String,
    /// Name.
    pub(crate) name: String,
    /// `canary` or `blueGreen`.
    pub(crate) strategy: &'static str,
    /// `Healthy`, `Progressing`, `Paused` or `Degraded`.
    pub(crate) phase: RolloutPhase,
    /// Why; may be empty.
    pub(crate) message: String,
    /// Why its delivery holds it until a person acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<String>,
    /// Whether the update was aborted and not tried again.
    #[serde(skip)]
    pub(crate) aborted: bool,
    /// Steps that are done.
    pub(crate) step: usize,
    /// Steps there are.
    pub(crate) steps: usize,
    /// The last weight that a step has set, in percent; 100 when the current revision is the stable one.
    pub(crate) set_weight: i64,
    /// Percent of the available pods that are of the current revision.
    pub(crate) actual_weight: i64,
    /// Revision number.
    pub(crate) revision: i64,
    /// The commit the current revision came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// Hash of the stable revision; empty before there is one.
    pub(crate) stable_hash: String,
    /// Hash of the current revision; empty before there is one.
    pub(crate) current_hash: String,
    /// The containers of its own pod template, with their images.
    pub(crate) containers: Vec<ContainerPicture>,
    /// Whether the controller counts its steps.
    #[serde(skip)]
    pub(crate) is_stepping: bool,
    /// Pods wanted, there, of the current revision, ready, and available.
    pub(crate) replicas: Counts,
    /// The step under way, in words; none when nothing is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) doing: Option<String>,
    /// What comes next, in words; none when nothing is to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<Timestamp>,
    /// Its ReplicaSets, newest revision first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) replica_sets: Vec<ReplicaSetPicture>,
    /// Its analyses, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) analysis_runs: Vec<RunPicture>,
}

/// Numbers of pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Wanted.
    pub(crate) desired: i32,
    /// There.
    pub(crate) current: i32,
    /// Of the current revision.
    pub(crate) updated: i32,
    /// Ready.
    pub(crate) ready: i32,
    /// Available.
    pub(crate) available: i32,
}

/// One container of a pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ContainerPicture {
    /// Name.
    pub(crate) name: String,
    /// Image.
    pub(crate) image: String,
}

/// The commit a revision came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Origin {
    /// Its id.
    pub(crate) commit: String,
    /// Subject and author, as `web: new checkout (Ada)`.
    pub(crate) subject: String,
}

/// One revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplicaSetPicture {
    /// Name.
    pub(crate) name: String,
    /// Revision number.
    pub(crate) revision: i64,
    /// `canary`, `stable`, `active` or `preview`.
    pub(crate) roles: Vec<&'static str>,
    /// Images.
    pub(crate) images: Vec<String>,
    /// Pods wanted.
    pub(crate) replicas: i64,
    /// Pods ready.
    pub(crate) ready: i64,
    /// When it will be scaled down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scale_down_at: Option<Timestamp>,
    /// The commit it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<Timestamp>,
    /// Its pods.
    pub(crate) pods: Vec<PodPicture>,
}

/// One pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PodPicture {
    /// Name.
    pub(crate) name: String,
    /// `running`, `pending`, `terminating`, or why its container waits.
    pub(crate) state: String,
    /// Whether it is ready.
    pub(crate) ready: bool,
    /// Restarts of its containers.
    pub(crate) restarts: i64,
}

fn meta(object: &Value) -> Meta {
    object.get("metadata").and_then(Meta::of).unwrap_or_default()
}

fn number(value: &Value, path: &str) -> i64 {
    value.pointer(path).and_then(Value::as_i64).unwrap_or(0)
}

/// The containers of the pod template of `object`, with their images.
fn containers(object: &Value) -> Vec<ContainerPicture> {
    let containers = object.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let text = |c: &Value, k: &str| c.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
    containers
        .into_iter()
        .flatten()
        .map(|c| ContainerPicture { name: text(c, "name"), image: text(c, "image") })
        .collect()
}

fn origin(meta: &Meta) -> Option<Origin> {
    let commit = meta.annotation(names::COMMIT).filter(|c| !c.is_empty())?.to_owned();
    let subject = meta.annotation(names::COMMIT_SUBJECT).unwrap_or_default().to_owned();
    Some(Origin { commit, subject })
}

impl Picture {
    /// The picture of `rollout` at `now`. Of `all_replica_sets`, `pods` and `runs` only its own are taken.
    #[must_use]
    pub(crate) fn of(
        rollout: &Value,
        all_replica_sets: &[Value],
        pods: &[Value],
        runs: &[Value],
        now: Timestamp,
    ) -> Self {
        let typed: Rollout = serde_json::from_value(rollout.clone())
            .unwrap_or_else(|_| Rollout { metadata: meta(rollout), ..Rollout::default() });
        let (spec, status) = (&typed.spec, &typed.status);
        let (phase, message) = phase::observed(&typed);
        let progressing = status.condition(&ConditionType::Progressing);
        let steps = spec.strategy.canary.as_ref().map_or(&[][..], |c| &c.steps);
        let step = usize::try_from(status.current_step_index.unwrap_or(0)).unwrap_or(0).min(steps.len());
        let promoted = phase::is_fully_promoted(status);
        let mut replica_sets: Vec<ReplicaSetPicture> = all_replica_sets
            .iter()
            .filter(|s| meta(s).is_controlled_by(&typed.metadata.uid))
            .map(|s| replica_set_picture(s, pods, &typed))
            .collect();
        replica_sets.sort_by_key(|s| std::cmp::Reverse((s.revision, s.created)));
        let set_weight = if promoted { weight::MAX_WEIGHT } else { weight::set_weight(spec, status) };
        let available = |hash: &str| {
            let of = all_replica_sets.iter().filter(|s| meta(s).is_controlled_by(&typed.metadata.uid));
            of.filter(|s| hash.is_empty() || meta(s).labels.get(names::POD_HASH).is_some_and(|h| h == hash))
                .map(|s| number(s, "/status/availableReplicas"))
                .sum::<i64>()
        };
        let (new, all) = (available(&status.current_pod_hash), available(""));
        Self {
            namespace: typed.metadata.namespace.clone(),
            name: typed.metadata.name.clone(),
            strategy: if spec.strategy.blue_green.is_some() { "blueGreen" } else { "canary" },
            phase,
            message,
            held: typed.metadata.annotation(names::HELD).map(str::to_owned),
            aborted: progressing.is_some_and(|c| c.reason == ConditionReason::RolloutAborted),
            step,
            steps: steps.len(),
            set_weight: i64::from(set_weight),
            actual_weight: if promoted { 100 } else { new * 100 / all.max(1) },
            revision: typed.metadata.revision(),
            origin: origin(&typed.metadata),
            stable_hash: status.stable_rs.clone(),
            current_hash: status.current_pod_hash.clone(),
            containers: containers(rollout),
            is_stepping: status.current_step_index.is_some(),
            replicas: Counts {
                desired: spec.replicas(),
                current: status.replicas,
                updated: status.updated_replicas,
                ready: status.ready_replicas,
                available: status.available_replicas,
            },
            doing: steps.get(step).filter(|_| !promoted && !status.abort).map(Step::in_words),
            next: next(&typed, step, now),
            created: typed.metadata.creation_timestamp.map(|t| t.at()),
            replica_sets,
            analysis_runs: runs::of(&typed.metadata, runs),
        }
    }
}

/// What comes next, in words.
fn next(rollout: &Rollout, step: usize, now: Timestamp) -> Option<String> {
    let (spec, status) = (&rollout.spec, &rollout.status);
    if status.abort || phase::is_fully_promoted(status) {
        return None;
    }
    if spec.paused {
        return Some("waits for a user".to_owned());
    }
    let waited = |seconds: i64| {
        let since = status.pause_conditions.first()?.start_time;
        let left = since.plus_seconds(seconds).duration_since(now);
        Some(duration::human(std::time::Duration::try_from(left).unwrap_or_default()))
    };
    if let Some(blue_green) = &spec.strategy.blue_green {
        let seconds = i64::from(blue_green.auto_promotion_seconds());
        return match (blue_green.promotes_itself(), status.pause_conditions.is_empty()) {
            (true, false) if seconds > 0 => Some(format!("switch in {}", waited(seconds)?)),
            (_, false) => Some("waits for a user, then switch".to_owned()),
            _ => Some("switch".to_owned()),
        };
    }
    let steps = &spec.strategy.canary.as_ref()?.steps;
    let after = steps.get(step + 1).map_or_else(|| "100 %".to_owned(), Step::in_words);
    let pause = steps.get(step).and_then(Step::pause);
    match pause {
        Some(pause) if !status.pause_conditions.is_empty() => match pause.duration {
            Some(_) => Some(format!("{after} in {}", waited(pause.seconds())?)),
            None => Some(format!("waits for a user, then {after}")),
        },
        _ if !status.pause_conditions.is_empty() => Some("waits for a user".to_owned()),
        _ => Some(after),
    }
}

fn replica_set_picture(replica_set: &Value, pods: &[Value], rollout: &Rollout) -> ReplicaSetPicture {
    let own = meta(replica_set);
    let hash = own.labels.get(names::POD_HASH).cloned().unwrap_or_default();
    let status = &rollout.status;
    let mut roles = Vec::new();
    let is = |other: &String| !hash.is_empty() && *other == hash;
    if rollout.spec.strategy.blue_green.is_some() {
        roles.extend(is(&status.blue_green.active_selector).then_some("active"));
        let preview = is(&status.blue_green.preview_selector) && !is(&status.blue_green.active_selector);
        roles.extend(preview.then_some("preview"));
    }
    roles.extend(is(&status.stable_rs).then_some("stable"));
    if rollout.spec.strategy.canary.is_some() && is(&status.current_pod_hash) && !is(&status.stable_rs) {
        roles.push("canary");
    }
    let deadline = own.annotation(names::SCALE_DOWN_DEADLINE).and_then(crate::api::time::Time::parse);
    let mut mine: Vec<PodPicture> =
        pods.iter().filter(|p| meta(p).is_controlled_by(&own.uid)).map(pod_picture).collect();
    mine.sort_by(|a, b| a.name.cmp(&b.name));
    ReplicaSetPicture {
        revision: own.revision(),
        roles,
        images: containers(replica_set).into_iter().map(|c| c.image).collect(),
        replicas: number(replica_set, "/spec/replicas"),
        ready: number(replica_set, "/status/readyReplicas"),
        scale_down_at: deadline.map(|t| t.at()),
        origin: origin(&own),
        created: own.creation_timestamp.map(|t| t.at()),
        pods: mine,
        name: own.name,
    }
}

fn pod_picture(pod: &Value) -> PodPicture {
    let text = |p: &str| pod.pointer(p).and_then(Value::as_str).unwrap_or_default();
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let containers: &[Value] = containers.map_or(&[], Vec::as_slice);
    let waiting = containers
        .iter()
        .find_map(|c| c.pointer("/state/waiting/reason").and_then(Value::as_str))
        .filter(|r| *r != "ContainerCreating");
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().any(|c| {
        c.get("type").and_then(Value::as_str) == Some("Ready")
            && c.get("status").and_then(Value::as_str) == Some("True")
    });
    let state = match (text("/metadata/deletionTimestamp"), waiting) {
        ("", Some(why)) => why.to_owned(),
        ("", None) => text("/status/phase").to_lowercase(),
        _ => "terminating".to_owned(),
    };
    PodPicture {
        name: text("/metadata/name").to_owned(),
        state: if state.is_empty() { "pending".to_owned() } else { state },
        ready,
        restarts: containers.iter().map(|c| number(c, "/restartCount")).sum(),
    }
}
