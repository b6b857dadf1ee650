//! Decides how it is reported why an analysis cannot be put together, measured or judged.
//! It never decides what follows from it.

use crate::base::duration::BadDuration;
use crate::base::expr::ExprError;
use crate::base::jsonpath::BadPath;
use crate::base::template::TemplateError;
use std::borrow::Cow;
use std::error::Error;

/// Why an analysis goes no further. People read these texts in the status of runs and Rollouts, as Argo writes them.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// A field path that leads nowhere in the Rollout.
    #[error("invalid path {0} in rollout")]
    NoField(String),
    /// A word in a field path that is no index where a list is.
    #[error("invalid index '{0}'")]
    BadIndex(String),
    /// An index in a field path that is behind the end of the list.
    #[error("index {0} out of range")]
    IndexOutOfRange(usize),
    /// A field path that leads to a list or an object.
    #[error("path {0} in rollout must terminate in a primitive value")]
    NotPrimitive(String),
    /// An argument without a value.
    #[error("args.{0} was not resolved")]
    Unresolved(String),
    /// A tag in a metric that no argument resolves.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A metric or a Rollout that is no JSON, or no metric any more with its arguments put in.
    #[error(transparent)]
    Json(#[from] serde_json::Error),

    /// A template that is not there.
    #[error("{kind} '{name}' not found")]
    NoTemplate {
        /// Kind of the template.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// An argument to which two templates give different values.
    #[error("Argument `{name}` specified multiple times with different values: '{first}', '{second}'")]
    ArgumentTwice {
        /// Name of the argument.
        name: String,
        /// One value.
        first: String,
        /// The other.
        second: String,
    },
    /// Two metrics of one name in what is merged.
    #[error("two metrics have the same name '{0}'")]
    MetricTwice(String),
    /// Two rules of one kind for one metric.
    #[error("two {rules} metric rules have the same name '{name}'")]
    RuleTwice {
        /// `Dry-Run` or `Measurement Retention`.
        rules: &'static str,
        /// The pattern they share.
        name: String,
    },
    /// A rule for no metric, among them one that is no regular expression.
    #[error("{rules}[{index}]: Rule didn't match any metric name(s)")]
    RuleUnused {
        /// `dryRun` or `measurementRetention`.
        rules: &'static str,
        /// Index of the rule.
        index: usize,
    },

    /// The arguments of a run cannot be put into its metrics.
    #[error("Unable to resolve metric arguments: {0}")]
    Arguments(#[source] Box<AnalysisError>),
    /// The metrics of a run make no sense.
    #[error("Analysis spec invalid: {0}")]
    Invalid(#[source] Box<AnalysisError>),
    /// There is nothing to measure.
    #[error("no metrics specified")]
    NoMetrics,
    /// One metric makes no sense.
    #[error("metrics[{index}]: {source}")]
    Metric {
        /// Index of the metric.
        index: usize,
        /// Why.
        source: Box<AnalysisError>,
    },
    /// A name that an earlier metric has.
    #[error("duplicate name '{0}'")]
    DuplicateName(String),
    /// A limit below what it may be.
    #[error("{0} must be >= 0")]
    NegativeLimit(&'static str),
    /// A failure limit below -1.
    #[error("failureLimit must be >= 0, or -1 to be disabled")]
    FailureLimit,
    /// Nothing would ever end the metric.
    #[error("failureLimit and consecutiveSuccessLimit cannot both be disabled")]
    LimitsDisabled,
    /// Too few measurements to reach the two limits.
    #[error(
        "count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failures} + {successes}) if both >= 0"
    )]
    CountBelowBoth {
        /// Number of measurements.
        count: i64,
        /// The failure limit.
        failures: i64,
        /// The limit of successes in a row.
        successes: i64,
    },
    /// Too few measurements to reach a limit.
    #[error("count must be >= {0}")]
    CountBelow(&'static str),
    /// Several measurements without a time between them.
    #[error("interval must be specified when count > 1")]
    NoInterval,
    /// A span of time that cannot be read.
    #[error("invalid {what} string: {source}")]
    Span {
        /// What it is for, in Argo's words.
        what: &'static str,
        /// Why.
        source: BadDuration,
    },

    /// A metric without a provider.
    #[error("no provider specified")]
    NoProvider,
    /// A metric with more than one provider.
    #[error("multiple providers specified")]
    SeveralProviders,
    /// A provider this version does not know.
    #[error(
        "provider.{word}: this version of Switchback does not ask it yet; use {known}, or leave it to Argo \
         Rollouts"
    )]
    UnknownProvider {
        /// Its word.
        word: String,
        /// Those we know, in words.
        known: String,
    },
    /// A setting of a provider that this version does not act on.
    #[error(
        "provider.{field}: this version of Switchback does not act on it yet; remove it, or leave it to Argo \
         Rollouts"
    )]
    UnsupportedSetting {
        /// Its path below `provider`.
        field: String,
    },
    /// A Secret that is not there.
    #[error("secrets \"{0}\" not found")]
    NoSecret(String),
    /// A key of a Secret that is not there.
    #[error("key '{key}' does not exist in secret '{secret}'")]
    NoSecretKey {
        /// The key.
        key: String,
        /// Name of the Secret.
        secret: String,
    },
    /// Settings that make no question; the text is the provider's.
    #[error("{0}")]
    Settings(Cow<'static, str>),
    /// An open measurement that has lost what it needs to go on; the text is the provider's.
    #[error("{0}")]
    Lost(Cow<'static, str>),
    /// The provider could not be asked, or the cluster did not do what a measurement needs.
    #[error(transparent)]
    Undone(Box<dyn Error + Send + Sync>),
    /// An answer that is none, or an error that the provider reports; the text is the provider's.
    #[error("{0}")]
    Answer(Cow<'static, str>),
    /// An answer with a bad status code.
    #[error("received non 2xx response code: {0}")]
    Status(u16),
    /// Nothing at the JSONPath, or no JSONPath.
    #[error("Could not find JSONPath in body: {0}")]
    JsonPath(#[from] BadPath),
    /// An answer that is no JSON, where a part of it is to be measured.
    #[error(
        "the answer is no JSON, so nothing is at jsonPath {path}; leave the jsonPath out to judge the text"
    )]
    NoJson {
        /// The JSONPath.
        path: String,
    },
    /// A measurement that would go on asking.
    #[error(
        "the provider was asked {0} questions for one measurement and has no value yet; narrow the query"
    )]
    TooManyQuestions(u32),
    /// An answer to another question.
    #[error("the provider's answer does not fit the question; report this")]
    Unfitting,
    /// A condition that does not compile.
    #[error("{}", .0.message())]
    Condition(#[from] ExprError),
    /// A condition that does not compile or cannot be evaluated on what was measured.
    #[error("could not evaluate {which} \"{condition}\": {}", .source.message())]
    NotEvaluated {
        /// `successCondition` or `failureCondition`.
        which: &'static str,
        /// The condition.
        condition: String,
        /// Why.
        source: ExprError,
    },
    /// A condition that cannot be evaluated because nothing was measured.
    #[error(
        "could not evaluate {which} \"{condition}\": metric result is nil or empty: no data returned from the \
         metric provider"
    )]
    NoData {
        /// `successCondition` or `failureCondition`.
        which: &'static str,
        /// The condition.
        condition: String,
    },
}

impl AnalysisError {
    /// Whether a template is not there (yet); otherwise something is wrong with what is there.
    #[must_use]
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::NoTemplate { .. })
    }

    /// Settings that make no question.
    pub(crate) fn settings(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Settings(text.into())
    }

    /// An answer that cannot be used.
    pub(crate) fn answer(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Answer(text.into())
    }

    /// A word for programs that stays when the text changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoField(_) | Self::BadIndex(_) | Self::IndexOutOfRange(_) | Self::NotPrimitive(_) => {
                "FieldPath"
            }
            Self::Unresolved(_) | Self::Template(_) | Self::Json(_) | Self::ArgumentTwice { .. } => {
                "Arguments"
            }
            Self::NoTemplate { .. } => "TemplateNotFound",
            Self::MetricTwice(_) | Self::RuleTwice { .. } => "Templates",
            Self::RuleUnused { .. } => "Rules",
            Self::Arguments(inner) | Self::Invalid(inner) | Self::Metric { source: inner, .. } => {
                inner.code()
            }
            Self::NoMetrics | Self::DuplicateName(_) | Self::NoInterval | Self::Span { .. } => "Metric",
            Self::NegativeLimit(_)
            | Self::FailureLimit
            | Self::LimitsDisabled
            | Self::CountBelowBoth { .. }
            | Self::CountBelow(_) => "Limits",
            Self::NoProvider
            | Self::SeveralProviders
            | Self::UnknownProvider { .. }
            | Self::UnsupportedSetting { .. } => "Provider",
            Self::NoSecret(_) | Self::NoSecretKey { .. } => "SecretNotFound",
            Self::Settings(_) => "Settings",
            Self::Undone(_) => "Undone",
            Self::Answer(_)
            | Self::Status(_)
            | Self::JsonPath(_)
            | Self::NoJson { .. }
            | Self::Unfitting
            | Self::Lost(_) => "Answer",
            Self::TooManyQuestions(_) => "TooManyQuestions",
            Self::Condition(_) | Self::NotEvaluated { .. } | Self::NoData { .. } => "Condition",
        }
    }
}
