//! Decides which provider a metric names, and what is said of a name that we do not know.
//! It never asks one.

use super::ALL;
use super::provider::Provider;
use crate::api::provider::MetricProvider;
use crate::logic::analysis::error::AnalysisError;

/// The provider that a metric names; none when we do not know it or none is named.
#[must_use]
pub fn of(named: &MetricProvider) -> Option<&'static Provider> {
    let (word, _) = named.named()?;
    ALL.iter().find(|provider| provider.word == word)
}

/// Why [`of`] found none.
#[must_use]
pub fn unknown(named: &MetricProvider) -> AnalysisError {
    let Some((word, _)) = named.named() else { return AnalysisError::NoProvider };
    let words: Vec<&str> = ALL.iter().map(|provider| provider.word).collect();
    let known = match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    };
    AnalysisError::UnknownProvider { word: word.to_owned(), known }
}
