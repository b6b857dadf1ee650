//! Decides what is counted, and what of it is forgotten with the object that it is about.
//! It never decides anything by what it counts.

use crate::api::analysis::AnalysisTemplate;
use crate::api::object_name::ObjectName;
use crate::api::rollout::Rollout;
use crate::api::write::Target;
use crate::engine::metrics::analyses::Analyses;
use crate::engine::metrics::buckets::Buckets;
use crate::engine::metrics::page::{Kind, Page};
use crate::engine::metrics::process;
use crate::engine::metrics::queues::Queues;
use crate::engine::metrics::rollouts::{self, Series};
use crate::logic::analysis::shown::ShownRun;
use crate::world::cluster::connect::Tally;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bounds of the histogram of plans, in seconds.
const PLANS: [f64; 6] = [0.05, 0.2, 0.5, 1.0, 5.0, 30.0];

/// What is counted. Clones count together.
#[derive(Clone, Default)]
pub(crate) struct Metrics {
    inner: Arc<Mutex<Inner>>,
    tally: Option<Tally>,
    queues: Queues,
}

#[derive(Default)]
struct Inner {
    rollouts: BTreeMap<ObjectName, Series>,
    analyses: Analyses,
    /// By delivery: whether it is stalled, and how many of its Rollouts are held.
    deliveries: BTreeMap<String, (bool, usize)>,
    plans: Buckets<6>,
    leads: bool,
}

impl Metrics {
    /// Metrics that show the requests `tally` counts besides what they are given.
    #[must_use]
    pub(crate) fn new(tally: Option<Tally>) -> Self {
        Self { tally, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is counted of queues.
    #[must_use]
    pub(crate) fn queues(&self) -> Queues {
        self.queues.clone()
    }

    /// How the delivery `name` fares: whether it is stalled, and how many of its Rollouts are held.
    pub(crate) fn delivery(&self, name: &str, is_stalled: bool, held: usize) {
        self.lock().deliveries.insert(name.to_owned(), (is_stalled, held));
    }

    /// A delivery has ended.
    pub(crate) fn delivery_is_gone(&self, name: &str) {
        self.lock().deliveries.remove(name);
    }

    /// A plan was made of a commit `time` after it was fetched.
    pub(crate) fn planned(&self, time: Duration) {
        self.lock().plans.observe(&PLANS, time);
    }

    /// Whether this process acts now.
    pub(crate) fn leads(&self, leads: bool) {
        self.lock().leads = leads;
    }

    /// A Rollout is there; none when it cannot be read.
    pub(crate) fn rollout(&self, name: &ObjectName, rollout: Option<Arc<Rollout>>) {
        let mut inner = self.lock();
        match inner.rollouts.get_mut(name) {
            Some(series) => series.rollout = rollout,
            None => drop(inner.rollouts.insert(name.clone(), Series::of(rollout))),
        }
    }

    /// A Rollout is gone; so is every series of it.
    pub(crate) fn rollout_is_gone(&self, name: &ObjectName) {
        self.lock().rollouts.remove(name);
    }

    /// A reconcile of a Rollout took `time`.
    pub(crate) fn reconciled(&self, name: &ObjectName, time: Duration, failed: bool) {
        // One that went while it was reconciled has no series any more.
        if let Some(series) = self.lock().rollouts.get_mut(name) {
            series.reconciled(time, failed);
        }
    }

    /// How an AnalysisRun stands; none when it is gone, and with it every series of it.
    pub(crate) fn run(&self, name: &ObjectName, shown: Option<Arc<ShownRun>>) {
        let runs = &mut self.lock().analyses.runs;
        match shown {
            Some(shown) => runs.entry(name.clone()).or_default().shown = shown,
            None => drop(runs.remove(name)),
        }
    }

    /// A template of analyses; none when it is gone.
    pub(crate) fn template(&self, name: &ObjectName, template: Option<Arc<AnalysisTemplate>>) {
        let templates = &mut self.lock().analyses.templates;
        match template {
            Some(template) => drop(templates.insert(name.clone(), template)),
            None => drop(templates.remove(name)),
        }
    }

    /// A reconcile of an AnalysisRun took `time`.
    pub(crate) fn reconciled_run(&self, name: &ObjectName, time: Duration, failed: bool) {
        if let Some(run) = self.lock().analyses.runs.get_mut(name) {
            run.reconciled(time, failed);
        }
    }

    /// An event about an object was recorded; those about Rollouts are counted.
    pub(crate) fn event(&self, about: &Target, warning: bool, reason: &str) {
        if !about.is_rollout() {
            return;
        }
        let name = ObjectName::new(&about.namespace, &about.name);
        if let Some(series) = self.lock().rollouts.get_mut(&name) {
            *series.events.entry((warning, reason.to_owned())).or_insert(0) += 1;
        }
    }

    /// Number of objects that series are kept of, for the test that nothing is remembered of what is gone.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        let inner = self.lock();
        inner.rollouts.len() + inner.analyses.runs.len() + inner.analyses.templates.len()
    }

    /// Everything, as Prometheus reads it.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let mut page = Page::default();
        {
            let inner = self.lock();
            // What a page says is written after the lock is given back: the loop waits for nobody who reads it.
            let all: Vec<(ObjectName, Series)> =
                inner.rollouts.iter().map(|(name, series)| (name.clone(), series.clone())).collect();
            let analyses = inner.analyses.clone();
            own(&mut page, &inner);
            drop(inner);
            let all: Vec<(&str, &str, &Series)> = all
                .iter()
                .map(|(name, series)| (name.namespace.as_str(), name.name.as_str(), series))
                .collect();
            rollouts::write(&mut page, &all);
            analyses.write(&mut page);
        }
        let name = "controller_clientset_k8s_request_total";
        page.family(name, Kind::Counter, "Number of kubernetes requests executed.");
        for (asked, count) in self.tally.iter().flat_map(Tally::counts) {
            let code = asked.code.to_string();
            let (kind, namespace) =
                (("kind", asked.resource.as_str()), ("namespace", asked.namespace.as_str()));
            // Upstream names many of the objects; a series for each of them would outlive it.
            let more = [("name", "N/A"), ("verb", asked.verb), ("status_code", &code)];
            page.value(name, &[&[kind, namespace][..], &more].concat(), count);
        }
        let name = "argo_rollouts_controller_info";
        page.family(name, Kind::Gauge, "Version of the controller.");
        page.value(name, &[("version", concat!("switchback-", env!("CARGO_PKG_VERSION")))], 1);
        self.queues.write(&mut page);
        process::write(&mut page);
        page.text()
    }
}

/// Writes the families that only we have.
fn own(page: &mut Page, inner: &Inner) {
    let (stalled, held) = ("switchback_delivery_stalled", "switchback_delivery_held_rollouts");
    let help =
        "Whether a delivery gets no further until a person acts, or its repository has been away for long.";
    page.family(stalled, Kind::Gauge, help);
    for (name, (is_stalled, _)) in &inner.deliveries {
        page.value(stalled, &[("delivery", name)], *is_stalled);
    }
    page.family(held, Kind::Gauge, "Rollouts of a delivery that are held until a person acts.");
    for (name, (_, count)) in &inner.deliveries {
        page.value(held, &[("delivery", name)], *count);
    }
    let plans = "switchback_delivery_plan_seconds";
    page.family(
        plans,
        Kind::Histogram,
        "Seconds from a commit that was fetched to the plan of what it changes.",
    );
    inner.plans.write(page, plans, &[], &PLANS);
    page.family("switchback_leader", Kind::Gauge, "Whether this process acts.");
    page.value("switchback_leader", &[], inner.leads);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::names;
    use crate::api::run::Phase;
    use crate::logic::analysis::shown::ShownMetric;
    use serde_json::json;

    #[test]
    fn a_delivery_shows_whether_it_is_stalled_and_how_many_of_its_rollouts_are_held() {
        let metrics = Metrics::new(None);
        for (is_stalled, count) in [(true, 2), (false, 0)] {
            metrics.delivery("switchback-shop", is_stalled, count);
            for (name, value) in [("stalled", usize::from(is_stalled)), ("held_rollouts", count)] {
                let wanted = format!("switchback_delivery_{name}{{delivery=\"switchback-shop\"}} {value}\n");
                assert!(metrics.text().contains(&wanted), "{}", metrics.text());
            }
        }
    }

    #[test]
    fn what_is_counted_of_a_rollout_has_its_name_and_goes_with_it() {
        let (metrics, name) = (Metrics::new(None), ObjectName::new("shop", "web"));
        let (one, two) = (
            Target::new(names::ARGO, "Rollout", "shop", "web"),
            Target::new(names::ARGO, "AnalysisRun", "shop", "web"),
        );
        metrics.reconciled(&name, Duration::ZERO, true);
        assert!(!metrics.text().contains("\"web\""), "it is not there");
        metrics.rollout(&name, Some(Arc::default()));
        metrics.reconciled(&name, Duration::from_millis(200), true);
        for about in [&one, &one, &two] {
            metrics.event(about, true, "RolloutAborted");
        }
        let text = metrics.text();
        let labels = "namespace=\"shop\",name=\"web\"";
        for line in [
            format!("rollout_reconcile_bucket{{{labels},le=\"0.15\"}} 0"),
            format!("rollout_reconcile_bucket{{{labels},le=\"0.25\"}} 1"),
            format!("rollout_reconcile_error{{{labels}}} 1"),
            format!("rollout_events_total{{{labels},type=\"Warning\",reason=\"RolloutAborted\"}} 2"),
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        metrics.rollout_is_gone(&name);
        assert!(!metrics.text().contains("\"web\"") && metrics.remembered() == 0);
    }

    #[test]
    fn what_is_shown_of_an_analysis_goes_with_it() {
        let (metrics, name) = (Metrics::new(None), ObjectName::new("shop", "web-1"));
        let metric = ShownMetric {
            name: "errors".to_owned(),
            provider: "Prometheus",
            is_dry: true,
            phase: Some(Phase::Failed),
        };
        let run = ShownRun { phase: Some(Phase::Running), metrics: vec![metric] };
        metrics.run(&name, Some(Arc::new(run)));
        metrics.reconciled_run(&name, Duration::from_millis(5), true);
        let template = json!({"spec": {"metrics": [{"name": "load", "provider": {"job": {}}}]}});
        let template: AnalysisTemplate = serde_json::from_value(template).unwrap();
        let of_cluster = ObjectName::new("", "all");
        metrics.template(&of_cluster, Some(Arc::new(template)));
        let text = metrics.text();
        let labels = "namespace=\"shop\",name=\"web-1\"";
        let metric = format!("{labels},metric=\"errors\",type=\"Prometheus\"");
        for line in [
            format!("analysis_run_info{{{labels},phase=\"Running\"}} 1"),
            format!("analysis_run_phase{{{labels},phase=\"Running\"}} 1"),
            format!("analysis_run_phase{{{labels},phase=\"Error\"}} 0"),
            format!("analysis_run_metric_type{{{metric}}} 1"),
            format!("analysis_run_metric_phase{{{metric},dry_run=\"true\",phase=\"Failed\"}} 1"),
            format!("analysis_run_metric_phase{{{metric},dry_run=\"true\",phase=\"Pending\"}} 0"),
            format!("analysis_run_reconcile_bucket{{{labels},le=\"0.01\"}} 1"),
            format!("analysis_run_reconcile_error{{{labels}}} 1"),
            "analysis_template_info{namespace=\"\",name=\"all\"} 1".to_owned(),
            "analysis_template_metric_info{namespace=\"\",name=\"all\",type=\"Job\",metric=\"load\"} 1"
                .to_owned(),
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        metrics.run(&name, None);
        metrics.template(&of_cluster, None);
        assert!(!metrics.text().contains("name=\"web-1\"") && metrics.remembered() == 0);
    }
}
