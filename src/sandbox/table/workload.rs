//! Decides what workloads show in a table.
//! It never counts a pod; the numbers are those of the objects' statuses.

use super::column::{AGE, CONTAINERS, IMAGES, NAME, SELECTOR, Sheet, number, text as column};
use super::show::{
    self, NONE, age, between, containers, count, deleting, list, pairs, selector, since, text, text_or,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const TEMPLATE: &str = "/spec/template/spec/containers";

pub(super) const POD_TEMPLATE: Sheet = Sheet {
    columns: &[
        NAME,
        column("Containers", "Names of the template's containers."),
        column("Images", "Images of the template's containers."),
        column("Pod Labels", "Labels that the template gives its pods."),
    ],
    cells: |object, _| {
        let (names, images) = containers(object, "/template/spec/containers");
        vec![show::name(object), names, images, pairs(object, "/template/metadata/labels").into()]
    },
};

const DESIRED: super::column::Column = number("Desired", "Pods that are wanted.");
const CURRENT: super::column::Column = number("Current", "Pods that are there.");
const READY: super::column::Column = number("Ready", "Pods that are ready.");

pub(super) const REPLICATION_CONTROLLER: Sheet = Sheet {
    columns: &[NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR],
    cells: |object, now| replicas(object, pairs(object, "/spec/selector"), now),
};

pub(super) const REPLICA_SET: Sheet = Sheet {
    columns: &[NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR],
    cells: |object, now| replicas(object, selector(object, "/spec/selector"), now),
};

fn replicas(object: &Value, selector: String, now: Timestamp) -> Vec<Value> {
    let (names, images) = containers(object, TEMPLATE);
    vec![
        show::name(object),
        count(object, "/spec/replicas").into(),
        count(object, "/status/replicas").into(),
        count(object, "/status/readyReplicas").into(),
        age(object, now),
        names,
        images,
        selector.into(),
    ]
}

pub(super) const DEPLOYMENT: Sheet = Sheet {
    columns: &[
        NAME,
        column("Ready", "Pods that are ready, of those wanted."),
        column("Up-to-date", "Pods of the present template."),
        column("Available", "Pods that have been ready for long enough."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, now| {
        let (names, images) = containers(object, TEMPLATE);
        vec![
            show::name(object),
            format!("{}/{}", count(object, "/status/readyReplicas"), count(object, "/spec/replicas")).into(),
            count(object, "/status/updatedReplicas").into(),
            count(object, "/status/availableReplicas").into(),
            age(object, now),
            names,
            images,
            selector(object, "/spec/selector").into(),
        ]
    },
};

pub(super) const STATEFUL_SET: Sheet = Sheet {
    columns: &[NAME, column("Ready", "Pods that are ready, of those wanted."), AGE, CONTAINERS, IMAGES],
    cells: |object, now| {
        let (names, images) = containers(object, TEMPLATE);
        let ready = format!("{}/{}", count(object, "/status/readyReplicas"), count(object, "/spec/replicas"));
        vec![show::name(object), ready.into(), age(object, now), names, images]
    },
};

pub(super) const DAEMON_SET: Sheet = Sheet {
    columns: &[
        NAME,
        number("Desired", "Nodes that should run the pod."),
        number("Current", "Nodes that run the pod."),
        number("Ready", "Nodes on which the pod is ready."),
        number("Up-to-date", "Nodes that run the pod of the present template."),
        number("Available", "Nodes on which the pod has been ready for long enough."),
        column("Node Selector", "Labels of the nodes that should run the pod."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, now| {
        let (names, images) = containers(object, TEMPLATE);
        vec![
            show::name(object),
            count(object, "/status/desiredNumberScheduled").into(),
            count(object, "/status/currentNumberScheduled").into(),
            count(object, "/status/numberReady").into(),
            count(object, "/status/updatedNumberScheduled").into(),
            count(object, "/status/numberAvailable").into(),
            pairs(object, "/spec/template/spec/nodeSelector").into(),
            age(object, now),
            names,
            images,
            selector(object, "/spec/selector").into(),
        ]
    },
};

pub(super) const CONTROLLER_REVISION: Sheet = Sheet {
    columns: &[
        NAME,
        column("Controller", "Object whose history this belongs to."),
        column("Revision", "Number in that history."),
        AGE,
    ],
    cells: |object, now| {
        let owners = list(object, "/metadata/ownerReferences");
        let owner = owners.iter().find(|o| o.get("controller") == Some(&json!(true)));
        let shown = owner.map_or_else(
            || NONE.to_owned(),
            |o| {
                let kind = text(o, "/kind").to_lowercase();
                match text(o, "/apiVersion").split_once('/') {
                    Some((group, _)) => format!("{kind}.{group}/{}", text(o, "/name")),
                    None => format!("{kind}/{}", text(o, "/name")),
                }
            },
        );
        vec![show::name(object), shown.into(), count(object, "/revision").into(), age(object, now)]
    },
};

pub(super) const JOB: Sheet = Sheet {
    columns: &[
        NAME,
        column("Status", "Whether the Job runs, waits or has ended."),
        column("Completions", "Pods that succeeded, of those wanted."),
        column("Duration", "How long the Job has run, or ran."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: job,
};

fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let done = count(object, "/status/succeeded");
    let completions = match object.pointer("/spec/completions").and_then(Value::as_i64) {
        Some(all) => format!("{done}/{all}"),
        None => match count(object, "/spec/parallelism") {
            many if many > 1 => format!("{done}/1 of {many}"),
            _ => format!("{done}/1"),
        },
    };
    let start = text(object, "/status/startTime").parse::<Timestamp>().ok();
    let end = text(object, "/status/completionTime").parse::<Timestamp>().unwrap_or(now);
    let (names, images) = containers(object, TEMPLATE);
    vec![
        show::name(object),
        job_state(object).into(),
        completions.into(),
        start.map(|s| between(s, end)).unwrap_or_default().into(),
        age(object, now),
        names,
        images,
        selector(object, "/spec/selector").into(),
    ]
}

fn job_state(object: &Value) -> &'static str {
    let all = list(object, "/status/conditions");
    let holds = |kind: &str| all.iter().any(|c| text(c, "/type") == kind && text(c, "/status") == "True");
    if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if deleting(object) {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

pub(super) const CRON_JOB: Sheet = Sheet {
    columns: &[
        NAME,
        column("Schedule", "When Jobs are made, in cron's notation."),
        column("Timezone", "Time zone of the schedule."),
        super::column::truth("Suspend", "Whether no Jobs are made for now."),
        number("Active", "Jobs that run."),
        column("Last Schedule", "Time since the last Job was made."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, now| {
        let (names, images) = containers(object, "/spec/jobTemplate/spec/template/spec/containers");
        let suspended = object.pointer("/spec/suspend") == Some(&json!(true));
        let last = match text(object, "/status/lastScheduleTime") {
            "" => NONE.to_owned(),
            _ => since(object, "/status/lastScheduleTime", now),
        };
        vec![
            show::name(object),
            text(object, "/spec/schedule").into(),
            text_or(object, "/spec/timeZone", NONE).into(),
            if suspended { "True" } else { "False" }.into(),
            list(object, "/status/active").len().into(),
            last.into(),
            age(object, now),
            names,
            images,
            selector(object, "/spec/jobTemplate/spec/selector").into(),
        ]
    },
};
