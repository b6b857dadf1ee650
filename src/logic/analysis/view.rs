//! Decides what is known of one AnalysisRun when it is reconciled.
//! It never decides what to do about it.

use crate::api::analysis::SecretKeyRef;
use crate::api::provider::ProviderDefaults;
use crate::api::run::{AnalysisRun, Phase};
use crate::api::time::Time;
use crate::logic::analysis::error::AnalysisError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All facts about one run.
#[derive(Clone, Debug, Default)]
pub struct RunView {
    /// The run.
    pub(crate) run: Arc<AnalysisRun>,
    /// Its Jobs, by name.
    pub(crate) jobs: BTreeMap<String, JobState>,
    /// Values of the Secrets it uses; only those that exist.
    pub(crate) secrets: BTreeMap<SecretKeyRef, String>,
    /// Names of those of the Secrets that do not exist.
    pub(crate) absent_secrets: BTreeSet<String>,
    /// Whether the Secrets were read.
    pub(crate) secrets_read: bool,
    /// Metrics that are being measured, or whose reports are at hand: nothing more is begun for them.
    pub(crate) asked: BTreeSet<String>,
    /// What the controller's flags say of providers, for metrics that leave it out.
    pub(crate) defaults: ProviderDefaults,
}

/// What is known of a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobState {
    /// Namespace.
    pub(crate) namespace: String,
    /// Uid.
    pub(crate) uid: String,
    /// When it was made.
    pub(crate) created: Option<Time>,
    /// `Successful`, `Failed`, or none while it runs.
    pub(crate) end: Option<Phase>,
    /// Name of the metric it measures.
    pub(crate) metric: String,
    /// Why it will never run, if that is known: a pod of it cannot get its image.
    pub(crate) stuck: Option<String>,
    /// Whether it is being deleted.
    pub(crate) is_going: bool,
}

impl RunView {
    /// The Secrets that the run's arguments name.
    #[must_use]
    pub(crate) fn secret_refs(&self) -> Vec<SecretKeyRef> {
        let refs = self.run.spec.args.iter().filter_map(|a| a.value_from.as_ref()?.secret_key_ref.clone());
        refs.collect()
    }

    /// What is missing of the Secrets, once they were read.
    #[must_use]
    pub(crate) fn missing_secret(&self) -> Option<AnalysisError> {
        let missing = self.secret_refs().into_iter().find(|r| !self.secrets.contains_key(r));
        let SecretKeyRef { name, key } = missing.filter(|_| self.secrets_read)?;
        Some(match self.absent_secrets.contains(&name) {
            true => AnalysisError::NoSecret(name),
            false => AnalysisError::NoSecretKey { key, secret: name },
        })
    }

    /// The values of arguments that come from Secrets, by the argument's name.
    #[must_use]
    pub(crate) fn secret_values(&self) -> BTreeMap<String, String> {
        let value = |a: &crate::api::analysis::Argument| {
            let key = a.value_from.as_ref()?.secret_key_ref.as_ref()?;
            Some((a.name.clone(), self.secrets.get(key)?.clone()))
        };
        self.run.spec.args.iter().filter_map(value).collect()
    }
}
