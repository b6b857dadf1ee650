//! Decides nothing but who is being asked: metrics of AnalysisRuns are measured beside the reconciles, so that none of
//! those waits for a provider, and each report is kept until its run is reconciled again. It never judges a report.

use crate::api::object_name::ObjectName;
use crate::engine::worker::words_of;
use crate::logic::analysis::task::Report;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::AssertUnwindSafe;
use tokio::task::{AbortHandle, JoinSet};

/// A measurement for which somebody is to be asked.
pub(crate) struct Ask {
    /// Which.
    pub(crate) metric: MetricOfRun,
    /// Asks, and reports.
    pub(crate) report: BoxFuture<'static, Report>,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask({:?})", self.metric)
    }
}

/// One metric of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetricOfRun {
    /// The run.
    pub(crate) run: ObjectName,
    /// Its uid: another run may have its name by now.
    pub(crate) uid: String,
    /// Name of the metric.
    pub(crate) name: String,
}

/// The measurements under way, and the reports that nobody has taken yet.
#[derive(Default)]
pub(super) struct Asking {
    tasks: JoinSet<(MetricOfRun, Result<Report, String>)>,
    runs: BTreeMap<ObjectName, Asked>,
}

/// What is under way for one run.
#[derive(Default)]
struct Asked {
    uid: String,
    open: BTreeMap<String, AbortHandle>,
    reports: Vec<Report>,
}

impl Asking {
    /// Begins a measurement.
    pub(super) fn begin(&mut self, ask: Ask) {
        let Ask { metric, report } = ask;
        if self.runs.get(&metric.run).is_some_and(|asked| asked.uid != metric.uid) {
            self.forget(&metric.run);
        }
        let asked = self.runs.entry(metric.run.clone()).or_default();
        asked.uid.clone_from(&metric.uid);
        let name = metric.name.clone();
        let task = async move {
            let came = AssertUnwindSafe(report).catch_unwind().await;
            (metric, came.map_err(|panic| words_of(panic.as_ref())))
        };
        let former = asked.open.insert(name, self.tasks.spawn(task));
        former.inspect(AbortHandle::abort);
    }

    /// The next run of which a measurement has ended, and whether there is a report; none while none is under way.
    pub(super) async fn ended(&mut self) -> Option<(ObjectName, bool)> {
        loop {
            // An error means that it was stopped.
            if let Ok((metric, came)) = self.tasks.join_next().await?
                && let Some(ended) = self.keep(metric, came)
            {
                return Some(ended);
            }
        }
    }

    /// The same, if one has ended already.
    pub(super) fn ended_at_hand(&mut self) -> Option<(ObjectName, bool)> {
        loop {
            if let Ok((metric, came)) = self.tasks.try_join_next()?
                && let Some(ended) = self.keep(metric, came)
            {
                return Some(ended);
            }
        }
    }

    fn keep(&mut self, metric: MetricOfRun, came: Result<Report, String>) -> Option<(ObjectName, bool)> {
        let asked = self.runs.get_mut(&metric.run).filter(|asked| asked.uid == metric.uid)?;
        asked.open.remove(&metric.name)?;
        let has_report = match came {
            Ok(report) => {
                asked.reports.push(report);
                true
            }
            Err(words) => {
                let (run, name) = (&metric.run, &metric.name);
                tracing::error!(%run, metric = name, "a measurement panicked: {words}; it is taken again. Please report this");
                false
            }
        };
        self.drop_if_done(&metric.run);
        Some((metric.run, has_report))
    }

    /// Takes the reports of the run with this uid; what belongs to another of its name is forgotten.
    pub(super) fn take(&mut self, run: &ObjectName, uid: &str) -> Vec<Report> {
        if self.runs.get(run).is_some_and(|asked| asked.uid != uid) {
            self.forget(run);
        }
        let reports = self.runs.get_mut(run).map(|asked| std::mem::take(&mut asked.reports));
        self.drop_if_done(run);
        reports.unwrap_or_default()
    }

    /// The metrics of a run that are being measured.
    #[must_use]
    pub(super) fn open(&self, run: &ObjectName) -> BTreeSet<String> {
        self.runs.get(run).into_iter().flat_map(|asked| asked.open.keys().cloned()).collect()
    }

    /// Stops all that is under way for a run, which is over or gone.
    pub(super) fn forget(&mut self, run: &ObjectName) {
        for handle in self.runs.remove(run).into_iter().flat_map(|asked| asked.open.into_values()) {
            handle.abort();
        }
    }

    fn drop_if_done(&mut self, run: &ObjectName) {
        if self.runs.get(run).is_some_and(|asked| asked.open.is_empty() && asked.reports.is_empty()) {
            self.runs.remove(run);
        }
    }

    /// Whether nothing is under way or waits to be taken.
    #[must_use]
    pub(super) fn is_idle(&self) -> bool {
        self.runs.is_empty()
    }
}
