//! Decides the shape of a metric's provider on the wire, and the settings of each provider we know.
//! It never asks one; `logic::analysis::providers` decides what is asked.
//!
//! - [`prometheus`], [`web`], [`job`]: typed settings, one file per provider
//! - [`header`]: what several providers have in common
//! - [`lenient`]: how settings are read that no schema has checked

pub mod header;
pub mod job;
pub mod lenient;
pub mod prometheus;
pub mod web;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The provider whose settings are one more level deep, by the name of the plugin.
const PLUGIN: &str = "plugin";

/// Where a metric's number comes from: a word and its settings, kept exactly as they were written, so that what we
/// do not know survives and a run's digest stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetricProvider {
    wire: Value,
}

impl MetricProvider {
    /// The word and the settings of the provider; none when none is named.
    #[must_use]
    pub fn named(&self) -> Option<(&str, &Value)> {
        self.wire.as_object()?.iter().find(|(_, v)| !v.is_null()).map(|(k, v)| (k.as_str(), v))
    }

    /// How many providers are named; each plugin counts (source: `utils/analysis/factory.go`, `ValidateMetric`).
    #[must_use]
    pub fn count(&self) -> usize {
        let plugins = |settings: &Value| settings.as_object().map_or(0, serde_json::Map::len);
        let named = self.wire.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null());
        named.map(|(word, settings)| if word == PLUGIN { plugins(settings) } else { 1 }).sum()
    }
}

/// What the controller's flags say of providers, for metrics that leave it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderDefaults {
    /// Address of Prometheus, such as `http://prometheus:9090`.
    pub prometheus_address: Option<String>,
}

#[cfg(test)]
mod tests;
