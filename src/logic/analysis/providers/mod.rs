//! What each metric provider is asked, and what its answers mean: one file per provider, each listed once in [`ALL`].
//! Nothing here sends a question, and nothing outside knows a provider by its word.
//!
//! - [`provider`]: the seam: what a provider is, and what it says is next
//! - [`prometheus`], [`web`], [`job`]: the providers
//!
//! A new provider is a file here, a line in [`ALL`] and its settings in `api::provider`.

pub(crate) mod job;
pub(crate) mod prometheus;
pub mod provider;
pub(crate) mod web;

use crate::api::provider::MetricProvider;
use crate::logic::analysis::error::AnalysisError;
use provider::Provider;

/// Every provider we know.
pub(crate) const ALL: &[Provider] = &[prometheus::PROVIDER, web::PROVIDER, job::PROVIDER];

/// The provider that a metric names; none when we do not know it or none is named.
#[must_use]
pub(crate) fn of(named: &MetricProvider) -> Option<&'static Provider> {
    let (word, _) = named.named()?;
    ALL.iter().find(|provider| provider.word == word)
}

/// Why [`of`] found none.
#[must_use]
pub(crate) fn unknown(named: &MetricProvider) -> AnalysisError {
    let Some((word, _)) = named.named() else { return AnalysisError::NoProvider };
    let words: Vec<&str> = ALL.iter().map(|provider| provider.word).collect();
    let known = match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    };
    AnalysisError::UnknownProvider { word: word.to_owned(), known }
}
