//! Decides the defaults of what runs pods: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob.
//! It never decides the defaults of the pods themselves.

use super::fill::{Fields, made, object, objects, pointer, text};
use super::pod::template_at;
use super::volume;
use serde_json::{Value, json};

/// A Deployment (source: pkg/apis/apps/v1/defaults.go, `SetDefaults_Deployment`).
pub(super) fn deployment(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "replicas", 1.into());
    pointer(spec, "revisionHistoryLimit", 10.into());
    pointer(spec, "progressDeadlineSeconds", 600.into());
    if let Some(strategy) = made(spec, "strategy") {
        text(strategy, "type", "RollingUpdate");
        if strategy.get("type") == Some(&Value::from("RollingUpdate"))
            && let Some(rolling) = made(strategy, "rollingUpdate")
        {
            pointer(rolling, "maxUnavailable", "25%".into());
            pointer(rolling, "maxSurge", "25%".into());
        }
    }
    template_at(spec, "template");
}

/// A ReplicaSet (source: pkg/apis/apps/v1/defaults.go, `SetDefaults_ReplicaSet`).
pub(super) fn replica_set(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "replicas", 1.into());
    template_at(spec, "template");
}

/// A ReplicationController: labels and selector come from the template
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_ReplicationController`).
pub(super) fn replication_controller(fields: &mut Fields) {
    let labels = template_labels(fields);
    labels_from(fields, labels.clone());
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "replicas", 1.into());
    if let Some(labels) = labels {
        let empty = object(spec, "selector").is_none_or(|s| s.is_empty());
        if empty {
            spec.insert("selector".to_owned(), labels);
        }
    }
    template_at(spec, "template");
}

/// The labels of the template, if it has any.
fn template_labels(fields: &Fields) -> Option<Value> {
    let labels = fields.get("spec")?.get("template")?.get("metadata")?.get("labels")?;
    labels.as_object().filter(|l| !l.is_empty()).map(|_| labels.clone())
}

/// An object without labels takes its template's.
fn labels_from(fields: &mut Fields, labels: Option<Value>) {
    let Some(labels) = labels else { return };
    if let Some(metadata) = made(fields, "metadata") {
        let empty = object(metadata, "labels").is_none_or(|l| l.is_empty());
        if empty {
            metadata.insert("labels".to_owned(), labels);
        }
    }
}

/// A StatefulSet (source: pkg/apis/apps/v1/defaults.go, `SetDefaults_StatefulSet`).
pub(super) fn stateful_set(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "replicas", 1.into());
    pointer(spec, "revisionHistoryLimit", 10.into());
    text(spec, "podManagementPolicy", "OrderedReady");
    if let Some(strategy) = made(spec, "updateStrategy") {
        let unnamed = strategy.get("type").is_none_or(|t| t.is_null() || t == "");
        text(strategy, "type", "RollingUpdate");
        let rolling = strategy.get("type") == Some(&Value::from("RollingUpdate"));
        if unnamed && rolling {
            pointer(strategy, "rollingUpdate", json!({}));
        }
        if rolling && let Some(update) = object(strategy, "rollingUpdate") {
            pointer(update, "partition", 0.into());
        }
    }
    if let Some(retention) = made(spec, "persistentVolumeClaimRetentionPolicy") {
        text(retention, "whenDeleted", "Retain");
        text(retention, "whenScaled", "Retain");
    }
    if let Some(ordinals) = object(spec, "ordinals") {
        pointer(ordinals, "start", 0.into());
    }
    for claim in objects(spec, "volumeClaimTemplates") {
        volume::claim_template(claim);
    }
    template_at(spec, "template");
}

/// A DaemonSet (source: pkg/apis/apps/v1/defaults.go, `SetDefaults_DaemonSet`).
pub(super) fn daemon_set(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "revisionHistoryLimit", 10.into());
    if let Some(strategy) = made(spec, "updateStrategy") {
        text(strategy, "type", "RollingUpdate");
        if strategy.get("type") == Some(&Value::from("RollingUpdate"))
            && let Some(rolling) = made(strategy, "rollingUpdate")
        {
            pointer(rolling, "maxUnavailable", 1.into());
            pointer(rolling, "maxSurge", 0.into());
        }
    }
    template_at(spec, "template");
}

/// A Job. Its selector and the labels with its uid are the server's to make
/// (source: pkg/apis/batch/v1/defaults.go, `SetDefaults_Job`).
pub(super) fn job(fields: &mut Fields) {
    let labels = template_labels(fields);
    labels_from(fields, labels);
    let Some(spec) = made(fields, "spec") else { return };
    let given = |spec: &Fields, key: &str| spec.get(key).is_some_and(|v| !v.is_null());
    if !given(spec, "completions") && !given(spec, "parallelism") {
        pointer(spec, "completions", 1.into());
    }
    pointer(spec, "parallelism", 1.into());
    let per_index = given(spec, "backoffLimitPerIndex");
    pointer(spec, "backoffLimit", if per_index { i32::MAX.into() } else { 6.into() });
    pointer(spec, "completionMode", "NonIndexed".into());
    pointer(spec, "suspend", false.into());
    pointer(spec, "manualSelector", false.into());
    let replacement = if given(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    pointer(spec, "podReplacementPolicy", replacement.into());
    if let Some(policy) = object(spec, "podFailurePolicy") {
        for rule in objects(policy, "rules") {
            for condition in objects(rule, "onPodConditions") {
                text(condition, "status", "True");
            }
        }
    }
    template_at(spec, "template");
}

/// A CronJob. The job it holds gets only the pod's defaults
/// (source: pkg/apis/batch/v1/defaults.go, `SetDefaults_CronJob`).
pub(super) fn cron_job(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    text(spec, "concurrencyPolicy", "Allow");
    pointer(spec, "suspend", false.into());
    pointer(spec, "successfulJobsHistoryLimit", 3.into());
    pointer(spec, "failedJobsHistoryLimit", 1.into());
    let Some(job) = made(spec, "jobTemplate") else { return };
    pointer(job, "metadata", json!({}));
    if let Some(spec) = made(job, "spec") {
        template_at(spec, "template");
    }
}
