//! Decides whether Jobs and CronJobs are well formed and may change, and how a Job finds its own pods.
//! It never runs them.

use super::metadata;
use crate::api::check::at::At;
use crate::api::check::pod::rules::Rules;
use crate::api::check::pod::template::template;
use crate::api::selector::Labels;
use crate::base::json;
use crate::field::FieldError;
use crate::object::{self, meta};
use serde_json::{Value, json};

/// Gives a new Job without a selector of its own one that only its pods fit, and labels its pods for it.
pub(crate) fn own_selector(job: &mut Value) {
    if job.pointer("/spec/manualSelector").and_then(Value::as_bool).unwrap_or(false) {
        return;
    }
    let (uid, name) = (meta(job, "uid").to_owned(), meta(job, "name").to_owned());
    let spec = object::fields_mut(job, "spec");
    let selector = spec.entry("selector").or_insert(Value::Null);
    let chosen = object::as_fields(selector).entry("matchLabels").or_insert(Value::Null);
    object::as_fields(chosen).insert("batch.kubernetes.io/controller-uid".to_owned(), uid.as_str().into());
    let template = spec.entry("template").or_insert(Value::Null);
    let labels = object::meta_mut(template).entry("labels").or_insert(Value::Null);
    let labels = object::as_fields(labels);
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        labels.insert(key.to_owned(), value.as_str().into());
    }
}

/// The faults of a Job.
#[must_use]
pub(crate) fn job(job: &Value) -> Vec<FieldError> {
    let spec = At::root(job).field("spec");
    let mut errors = template_spec(&spec);
    let selector = spec.field("selector");
    if selector.is_set() {
        errors.extend(metadata::selector(&selector));
        let labels = spec.at(&["template", "metadata", "labels"]);
        if !Labels::from_object(selector.value).matches(&json::texts(labels.value, "")) {
            errors.push(labels.invalid("`selector` does not match template `labels`"));
        }
    } else {
        errors.push(selector.required(""));
    }
    errors
}

/// The faults of a Job's `spec` but for its selector, which the template of a CronJob does not have.
fn template_spec(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for number in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        errors.extend(spec.field(number).not_negative());
    }
    let mode = spec.field("completionMode");
    errors.extend(mode.one_of(&["NonIndexed", "Indexed"]));
    if mode.text() == "Indexed" && !spec.field("completions").is_set() {
        errors.push(spec.field("completions").required("when completion mode is Indexed"));
    }
    errors.extend(spec.field("podReplacementPolicy").one_of(&["Failed", "TerminatingOrFailed"]));
    errors.extend(template(&spec.field("template"), Rules::Server));
    let policy = spec.at(&["template", "spec", "restartPolicy"]);
    match policy.text() {
        "" | "Always" => errors.push(policy.required("valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" | "Never" => {}
        _ => errors.push(policy.not_supported(&["OnFailure", "Never"])),
    }
    errors
}

/// The faults of a changed Job.
#[must_use]
pub(crate) fn change(job: &Value, live: &Value) -> Vec<FieldError> {
    let (new, old) = (At::root(job).field("spec"), At::root(live).field("spec"));
    let mut errors = Vec::new();
    let indexed = old.field("completionMode").text() == "Indexed";
    if !indexed {
        errors.extend(new.field("completions").immutable(&old.field("completions")));
    }
    errors.extend(new.field("selector").immutable(&old.field("selector")));
    if !old.field("suspend").is_true() {
        errors.extend(new.field("template").immutable(&old.field("template")));
    }
    for field in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
    {
        errors.extend(new.field(field).immutable(&old.field(field)));
    }
    errors
}

/// The faults of a CronJob.
#[must_use]
pub(crate) fn cron_job(object: &Value) -> Vec<FieldError> {
    let spec = At::root(object).field("spec");
    let schedule = spec.field("schedule");
    let mut errors = Vec::new();
    if schedule.text().is_empty() {
        errors.push(schedule.required(""));
    } else {
        errors.extend(wrong_schedule(&schedule));
    }
    errors.extend(spec.field("startingDeadlineSeconds").not_negative());
    errors.extend(spec.field("concurrencyPolicy").one_of(&["Allow", "Forbid", "Replace"]));
    errors.extend(template_spec(&spec.at(&["jobTemplate", "spec"])));
    errors.extend(spec.field("successfulJobsHistoryLimit").not_negative());
    errors.extend(spec.field("failedJobsHistoryLimit").not_negative());
    if meta(object, "name").len() > 52 {
        let name = At::root(object).at(&["metadata", "name"]);
        errors.push(name.invalid("must be no more than 52 characters"));
    }
    errors
}

fn wrong_schedule(schedule: &At<'_>) -> Option<FieldError> {
    let cron = schedule.text();
    if cron.contains("TZ") {
        return Some(schedule.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
    }
    let fields: Vec<&str> = cron.split_whitespace().collect();
    if cron.starts_with('@') || fields.len() == 5 {
        return None;
    }
    let shown: Vec<String> = fields.iter().map(|f| json!(f).to_string()).collect();
    let detail = format!("expected exactly 5 fields, found {}: [{}]", fields.len(), shown.join(" "));
    Some(schedule.invalid(&detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Value {
        let mut job = json!({"metadata": {"name": "j", "uid": "u"}, "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}});
        own_selector(&mut job);
        job
    }

    #[test]
    fn a_job_selects_its_own_pods() {
        let job = made();
        let labels = &job["spec"]["template"]["metadata"]["labels"];
        assert_eq!(labels["batch.kubernetes.io/job-name"], "j");
        assert_eq!(
            job["spec"]["selector"]["matchLabels"],
            json!({"batch.kubernetes.io/controller-uid": "u"})
        );
        assert!(super::job(&job).is_empty());
    }

    #[test]
    fn what_may_not_change() {
        let live = made();
        let mut job = live.clone();
        job["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure".into();
        job["spec"]["parallelism"] = 3.into();
        let paths: Vec<String> = change(&job, &live).into_iter().map(|e| e.path).collect();
        assert_eq!(paths, ["spec.template"]);
    }

    #[test]
    fn schedules() {
        let faults = |schedule: &str| {
            let object = json!({"schedule": schedule});
            wrong_schedule(&At::root(&object).field("schedule")).map(|e| e.text()).unwrap_or_default()
        };
        assert_eq!(faults("*/5 * * * *"), "");
        assert!(faults("* *").contains("expected exactly 5 fields, found 2: [\"*\" \"*\"]"));
    }
}
