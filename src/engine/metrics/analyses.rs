//! Decides what is shown of each AnalysisRun and of each template (source: controller/metrics/analysis.go and prommetrics.go).
//! It never keeps anything of one that is gone.

use crate::api::analysis::AnalysisTemplate;
use crate::api::object_name::ObjectName;
use crate::api::run::Phase;
use crate::engine::metrics::buckets::Buckets;
use crate::engine::metrics::page::{Kind, Page};
use crate::engine::metrics::rollouts::BOUNDS;
use crate::logic::analysis::shown::{ShownRun, provider};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Phases that the families of phases show, with the phase of what was not looked at yet.
const PHASES: [(&str, Phase); 6] = [
    ("Pending", Phase::Pending),
    ("Error", Phase::Error),
    ("Failed", Phase::Failed),
    ("Successful", Phase::Successful),
    ("Running", Phase::Running),
    ("Inconclusive", Phase::Inconclusive),
];

/// The series of analyses.
#[derive(Clone, Debug, Default)]
pub(super) struct Analyses {
    pub(super) runs: BTreeMap<ObjectName, RunSeries>,
    pub(super) templates: BTreeMap<ObjectName, Arc<AnalysisTemplate>>,
}

/// The series of one AnalysisRun.
#[derive(Clone, Debug, Default)]
pub(super) struct RunSeries {
    pub(super) shown: Arc<ShownRun>,
    reconciles: Buckets<5>,
    errors: u64,
}

impl RunSeries {
    /// A reconcile took `time`.
    pub(super) fn reconciled(&mut self, time: Duration, failed: bool) {
        self.reconciles.observe(&BOUNDS, time);
        self.errors += u64::from(failed);
    }
}

fn word(phase: Option<Phase>) -> &'static str {
    let known = PHASES.iter().find(|(_, known)| Some(*known) == phase);
    known.map_or("", |(word, _)| word)
}

/// The values of one thing in `phase`, one for each phase there is.
fn phases(page: &mut Page, family: &str, labels: &[(&str, &str)], phase: Option<Phase>) {
    for (word, each) in PHASES {
        let labels = [labels, &[("phase", word)]].concat();
        page.value(family, &labels, phase.unwrap_or_default() == each);
    }
}

fn named(name: &ObjectName) -> [(&str, &str); 2] {
    [("namespace", &name.namespace), ("name", &name.name)]
}

impl Analyses {
    /// Writes the families of all.
    pub(super) fn write(&self, page: &mut Page) {
        self.write_runs(page);
        self.write_metrics_of_runs(page);
        page.family("analysis_run_reconcile", Kind::Histogram, "Analysis Run reconciliation performance.");
        for (name, run) in self.runs.iter().filter(|(_, run)| !run.reconciles.is_empty()) {
            run.reconciles.write(page, "analysis_run_reconcile", &named(name), &BOUNDS);
        }
        let family = "analysis_run_reconcile_error";
        page.family(family, Kind::Counter, "Error occurring during the analysis run");
        for (name, run) in self.runs.iter().filter(|(_, run)| run.errors > 0) {
            page.value(family, &named(name), run.errors);
        }
        self.write_templates(page);
    }

    fn write_runs(&self, page: &mut Page) {
        page.family("analysis_run_info", Kind::Gauge, "Information about analysis run.");
        for (name, run) in &self.runs {
            let labels = [&named(name)[..], &[("phase", word(run.shown.phase))]].concat();
            page.value("analysis_run_info", &labels, 1);
        }
        let family = "analysis_run_phase";
        let help = "Information on the state of the Analysis Run (use analysis_run_info instead).";
        page.family(family, Kind::Gauge, help);
        for (name, run) in &self.runs {
            phases(page, family, &named(name), run.shown.phase);
        }
    }

    fn write_metrics_of_runs(&self, page: &mut Page) {
        let family = "analysis_run_metric_type";
        page.family(
            family,
            Kind::Gauge,
            "Information on the type of a specific metric in the Analysis Runs.",
        );
        for (name, run) in &self.runs {
            for metric in &run.shown.metrics {
                let more = [("metric", metric.name.as_str()), ("type", metric.provider)];
                page.value(family, &[&named(name)[..], &more].concat(), 1);
            }
        }
        let family = "analysis_run_metric_phase";
        page.family(
            family,
            Kind::Gauge,
            "Information on the state of a specific metric in the Analysis Run.",
        );
        for (name, run) in &self.runs {
            for metric in &run.shown.metrics {
                let dry = if metric.is_dry { "true" } else { "false" };
                let more = [("metric", metric.name.as_str()), ("type", metric.provider), ("dry_run", dry)];
                phases(page, family, &[&named(name)[..], &more].concat(), metric.phase);
            }
        }
    }

    fn write_templates(&self, page: &mut Page) {
        page.family("analysis_template_info", Kind::Gauge, "Information about analysis templates.");
        for name in self.templates.keys() {
            page.value("analysis_template_info", &named(name), 1);
        }
        let family = "analysis_template_metric_info";
        page.family(family, Kind::Gauge, "Information on metrics in analysis templates.");
        for (name, template) in &self.templates {
            for metric in &template.spec.metrics {
                let more = [("type", provider(&metric.provider)), ("metric", metric.name.as_str())];
                page.value(family, &[&named(name)[..], &more].concat(), 1);
            }
        }
    }
}
