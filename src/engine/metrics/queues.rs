//! Decides what is shown of each queue of keys (source: client-go's util/workqueue/metrics.go and component-base's
//! metrics/prometheus/workqueue). It never decides which key is next.

use crate::engine::metrics::buckets::Buckets;
use crate::engine::metrics::page::{Kind, Page};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Bounds of the histograms, in seconds.
const BOUNDS: [f64; 12] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0];

/// The series of all queues, by name. Clones are the same series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues(Arc<Mutex<BTreeMap<&'static str, Series>>>);

#[derive(Clone, Debug, Default)]
struct Series {
    depth: usize,
    adds: u64,
    retries: u64,
    waited: Buckets<12>,
    worked: Buckets<12>,
    began: Vec<Instant>,
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Series>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many keys wait in the queue `name`.
    #[cfg(test)]
    pub(crate) fn depth(&self, name: &str) -> usize {
        self.lock().get(name).map_or(0, |series| series.depth)
    }

    /// A key waits in the queue `name`.
    pub(crate) fn added(&self, name: &'static str) {
        let mut all = self.lock();
        let series = all.entry(name).or_default();
        (series.depth, series.adds) = (series.depth + 1, series.adds + 1);
    }

    /// A key that has waited so long is taken, at `began`.
    pub(crate) fn taken(&self, name: &'static str, waited: Duration, began: Instant) {
        let mut all = self.lock();
        let series = all.entry(name).or_default();
        series.depth = series.depth.saturating_sub(1);
        series.waited.observe(&BOUNDS, waited);
        series.began.push(began);
    }

    /// Work on a key that was taken at `began` has ended.
    pub(crate) fn ended(&self, name: &'static str, began: Instant) {
        let mut all = self.lock();
        let series = all.entry(name).or_default();
        series.worked.observe(&BOUNDS, began.elapsed());
        if let Some(at) = series.began.iter().position(|one| *one == began) {
            series.began.swap_remove(at);
        }
    }

    /// A key is to be tried again after a failure.
    pub(crate) fn retried(&self, name: &'static str) {
        self.lock().entry(name).or_default().retries += 1;
    }

    /// Writes the families of all.
    pub(super) fn write(&self, page: &mut Page) {
        let all = self.lock().clone();
        let now = Instant::now();
        let mut figures = |family: &str, kind: Kind, help: &str, figure: &dyn Fn(&Series) -> f64| {
            page.family(family, kind, help);
            for (name, series) in &all {
                page.value(family, &[("name", name)], figure(series));
            }
        };
        #[allow(clippy::cast_precision_loss)] // exact up to 2^53
        {
            let (gauge, counter) = (Kind::Gauge, Kind::Counter);
            figures("workqueue_depth", gauge, "Current depth of workqueue", &|s| s.depth as f64);
            let help = "Total number of adds handled by workqueue";
            figures("workqueue_adds_total", counter, help, &|s| s.adds as f64);
            let help = "Total number of retries handled by workqueue";
            figures("workqueue_retries_total", counter, help, &|s| s.retries as f64);
            let ages = |s: &Series| -> Vec<f64> {
                s.began.iter().map(|at| now.duration_since(*at).as_secs_f64()).collect()
            };
            let help = "How many seconds of work is in progress and has not been observed by work_duration.";
            let unfinished = |s: &Series| ages(s).into_iter().fold(0.0, |all, age| all + age);
            figures("workqueue_unfinished_work_seconds", gauge, help, &unfinished);
            let help = "How many seconds the longest running processor has been running.";
            let longest = |s: &Series| ages(s).into_iter().fold(0.0, f64::max);
            figures("workqueue_longest_running_processor_seconds", gauge, help, &longest);
        }
        let waited = "workqueue_queue_duration_seconds";
        let help = "How long in seconds an item stays in workqueue before being requested.";
        page.family(waited, Kind::Histogram, help);
        for (name, series) in &all {
            series.waited.write(page, waited, &[("name", name)], &BOUNDS);
        }
        let worked = "workqueue_work_duration_seconds";
        page.family(worked, Kind::Histogram, "How long in seconds processing an item from workqueue takes.");
        for (name, series) in &all {
            series.worked.write(page, worked, &[("name", name)], &BOUNDS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_queue_shows_what_waits_what_is_worked_on_and_for_how_long() {
        let queues = Queues::default();
        let began = Instant::now();
        queues.added("Rollouts");
        queues.added("Rollouts");
        queues.taken("Rollouts", Duration::from_millis(50), began);
        queues.retried("Rollouts");
        tokio::time::advance(Duration::from_secs(3)).await;
        let text = || {
            let mut page = Page::default();
            queues.write(&mut page);
            page.text()
        };
        let shows = |text: &str, line: &str| assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        let busy = text();
        for (family, value) in [
            ("depth", "1"),
            ("adds_total", "2"),
            ("retries_total", "1"),
            ("unfinished_work_seconds", "3"),
            ("longest_running_processor_seconds", "3"),
            ("queue_duration_seconds_count", "1"),
            ("queue_duration_seconds_sum", "0.05"),
            ("work_duration_seconds_count", "0"),
        ] {
            shows(&busy, &format!("workqueue_{family}{{name=\"Rollouts\"}} {value}"));
        }
        shows(&busy, "workqueue_queue_duration_seconds_bucket{name=\"Rollouts\",le=\"0.1\"} 1");
        queues.ended("Rollouts", began);
        let idle = text();
        shows(&idle, "workqueue_unfinished_work_seconds{name=\"Rollouts\"} 0");
        shows(&idle, "workqueue_work_duration_seconds_sum{name=\"Rollouts\"} 3");
    }
}
