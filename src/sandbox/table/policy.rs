//! Decides what budgets, autoscalers and bindings show in a table.
//! It never decides what they allow.

use super::column::{AGE, NAME, Sheet, number, text as column};
use super::show::{self, UNKNOWN, UNSET, age, count, list, plain_or, text};
use serde_json::Value;

pub(super) const BUDGET: Sheet = Sheet {
    columns: &[
        NAME,
        column("Min Available", "Pods that must stay."),
        column("Max Unavailable", "Pods that may be missing."),
        number("Allowed Disruptions", "Pods that may go now."),
        AGE,
    ],
    cells: |object, now| {
        vec![
            show::name(object),
            plain_or(object, "/spec/minAvailable", "N/A").into(),
            plain_or(object, "/spec/maxUnavailable", "N/A").into(),
            count(object, "/status/disruptionsAllowed").into(),
            age(object, now),
        ]
    },
};

pub(super) const BINDING: Sheet = Sheet {
    columns: &[
        NAME,
        column("Role", "Role that is given."),
        AGE,
        column("Users", "Users who get it.").wide(),
        column("Groups", "Groups that get it.").wide(),
        column("ServiceAccounts", "ServiceAccounts that get it.").wide(),
    ],
    cells: |object, now| {
        let subjects = |kind: &str| -> Value {
            let one = |s: &Value| match kind {
                "ServiceAccount" => format!("{}/{}", text(s, "/namespace"), text(s, "/name")),
                _ => text(s, "/name").to_owned(),
            };
            let all = list(object, "/subjects").iter().filter(|s| text(s, "/kind") == kind);
            all.map(one).collect::<Vec<_>>().join(", ").into()
        };
        let role = format!("{}/{}", text(object, "/roleRef/kind"), text(object, "/roleRef/name"));
        vec![
            show::name(object),
            role.into(),
            age(object, now),
            subjects("User"),
            subjects("Group"),
            subjects("ServiceAccount"),
        ]
    },
};

pub(super) const AUTOSCALER: Sheet = Sheet {
    columns: &[
        NAME,
        column("Reference", "What is scaled."),
        column("Targets", "Present and wanted values of the metrics."),
        column("MinPods", "Fewest pods."),
        column("MaxPods", "Most pods."),
        column("Replicas", "Pods that are there."),
        AGE,
    ],
    cells: |object, now| {
        let scaled = format!(
            "{}/{}",
            text(object, "/spec/scaleTargetRef/kind"),
            text(object, "/spec/scaleTargetRef/name")
        );
        vec![
            show::name(object),
            scaled.into(),
            targets(object).into(),
            plain_or(object, "/spec/minReplicas", UNSET).into(),
            count(object, "/spec/maxReplicas").into(),
            count(object, "/status/currentReplicas").into(),
            age(object, now),
        ]
    },
};

/// How many metrics a cell shows.
const MOST: usize = 2;

fn targets(object: &Value) -> String {
    let metrics = list(object, "/spec/metrics");
    if metrics.is_empty() {
        return "<none>".to_owned();
    }
    let current = list(object, "/status/currentMetrics");
    let all: Vec<String> = metrics.iter().enumerate().map(|(i, m)| target(m, current.get(i))).collect();
    let shown = all.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > MOST { format!("{shown} + {} more...", all.len() - MOST) } else { shown }
}

/// Present and wanted value of one metric.
fn target(metric: &Value, current: Option<&Value>) -> String {
    let (part, named) = match text(metric, "/type") {
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "External" => ("external", false),
        _ => return "<unknown type>".to_owned(),
    };
    let wanted = |field: &str| metric.pointer(&format!("/{part}/target/{field}")).filter(|v| !v.is_null());
    let is = |field: &str| {
        current
            .map_or_else(|| UNKNOWN.to_owned(), |c| plain_or(c, &format!("/{part}/current/{field}"), UNKNOWN))
    };
    let shown = match (named, wanted("averageValue"), wanted("averageUtilization")) {
        (true, Some(value), _) => format!("{}/{}", is("averageValue"), show::plain(value)),
        (true, None, Some(percent)) => {
            let now = is("averageUtilization");
            let now = if now == UNKNOWN { now } else { format!("{now}%") };
            format!("{now}/{}%", show::plain(percent))
        }
        (true, None, None) => format!("{}/<auto>", is("averageUtilization")),
        (false, Some(value), _) if part == "pods" => format!("{}/{}", is("averageValue"), show::plain(value)),
        (false, Some(value), _) => format!("{}/{} (avg)", is("averageValue"), show::plain(value)),
        (false, None, _) => {
            format!("{}/{}", is("value"), plain_or(metric, &format!("/{part}/target/value"), UNKNOWN))
        }
    };
    if named { format!("{}: {shown}", text(metric, &format!("/{part}/name"))) } else { shown }
}
