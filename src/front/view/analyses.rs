//! Decides how AnalysisRuns look side by side.
//! It never reads them, and never judges a value.

use crate::front::view::draw::age;
use crate::front::view::runs::RunPicture;
use crate::front::view::table::{Column, Layout};

/// AnalysisRuns as `get` shows them.
pub(crate) const RUNS: &Layout<RunPicture> = &Layout {
    namespace: Column("NAMESPACE", |r, _| r.namespace.clone()),
    usual: &[
        Column("NAME", |r, _| r.name.clone()),
        Column("STATUS", |r, _| r.phase.word().to_owned()),
        Column("METRICS", |r, _| r.metrics.len().to_string()),
        Column("AGE", |r, now| r.created.map(|c| age(c, now)).unwrap_or_default()),
    ],
    wide: &[
        Column("REVISION", |r, _| if r.revision > 0 { r.revision.to_string() } else { "-".to_owned() }),
        Column("MEASURED", |r, _| {
            let words = r.metrics.iter().map(|m| format!("{} {}", m.name, m.value).trim_end().to_owned());
            words.collect::<Vec<_>>().join(", ")
        }),
        Column("MESSAGE", |r, _| if r.message.is_empty() { "-".to_owned() } else { r.message.clone() }),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::view::runs::picture;
    use crate::front::view::table::Wanted;
    use serde_json::json;

    #[test]
    fn they_stand_side_by_side_and_widely_with_what_was_measured() {
        let run = json!({"metadata": {"name": "web-5-2", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {"rollout.argoproj.io/revision": "5"}},
            "spec": {"metrics": [{"name": "errors", "provider": {}}]},
            "status": {"phase": "Failed", "message": "too many", "metricResults": [{"name": "errors", "phase": "Failed",
                "failed": 1, "measurements": [{"phase": "Failed", "value": "[0.4]"}]}]}});
        let run = picture(&serde_json::from_value(run).unwrap());
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let wanted = Wanted { namespaces: true, wide: true, ..Wanted::default() };
        let text = RUNS.draw(&[run], wanted, now);
        let row: Vec<&str> =
            text.lines().nth(1).unwrap().split("   ").map(str::trim).filter(|c| !c.is_empty()).collect();
        assert_eq!(row, ["shop", "web-5-2", "Failed", "1", "60s", "5", "errors 0.4", "too many"]);
    }
}
