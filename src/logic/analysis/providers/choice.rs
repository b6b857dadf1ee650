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

/// Checks that we can ask the provider that a metric names in the way it says.
///
/// # Errors
/// A provider we do not know, or a setting of one that we do not act on; the field is named.
pub fn askable(named: &MetricProvider) -> Result<(), AnalysisError> {
    let Some((word, settings)) = named.named() else { return Err(AnalysisError::NoProvider) };
    let provider = of(named).ok_or_else(|| unknown(named))?;
    match (provider.unsupported)(settings) {
        None => Ok(()),
        Some(setting) => Err(AnalysisError::UnsupportedSetting { field: format!("{word}.{setting}") }),
    }
}
