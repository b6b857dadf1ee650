//! Decides the shapes of a parsed query, of its values and of what is wrong with it.
//! It never decides what a query means.

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Label names and values; the metric's name is the label `__name__`.
pub(super) type Labels = BTreeMap<String, String>;

pub(super) const NAME: &str = "__name__";

/// One series at one moment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub labels: Labels,
    pub value: f64,
}

/// What an expression is worth.
#[derive(Clone, Debug)]
pub(super) enum Worth {
    Scalar(f64),
    Vector(Vec<Sample>),
    /// A selector with a range; the samples are the present ones.
    Range(Vec<Sample>),
    Text(String),
}

impl Worth {
    /// The samples of a vector or a range.
    pub(super) fn samples(self) -> Vec<Sample> {
        match self {
            Self::Vector(samples) | Self::Range(samples) => samples,
            Self::Scalar(_) | Self::Text(_) => Vec::new(),
        }
    }

    /// A vector, unless two of its series have the same labels.
    pub(super) fn vector(samples: Vec<Sample>) -> Result<Self, Wrong> {
        let different: BTreeSet<&Labels> = samples.iter().map(|s| &s.labels).collect();
        if different.len() == samples.len() {
            return Ok(Self::Vector(samples));
        }
        Err(Wrong::Execution("vector cannot contain metrics with the same labelset".to_owned()))
    }
}

/// The types of expressions, as Prometheus names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Scalar,
    Vector,
    Range,
    Text,
}

impl Type {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Range => "range vector",
            Self::Text => "string",
        }
    }
}

/// One requirement of a selector.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    pub label: String,
    pub rule: Rule,
}

#[derive(Clone, Debug)]
pub(super) enum Rule {
    Equal(String),
    NotEqual(String),
    Like(Regex),
    NotLike(Regex),
}

impl Matcher {
    /// A label that is absent counts as an empty text.
    pub(super) fn holds(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        match &self.rule {
            Rule::Equal(text) => value == text,
            Rule::NotEqual(text) => value != text,
            Rule::Like(pattern) => pattern.is_match(value),
            Rule::NotLike(pattern) => !pattern.is_match(value),
        }
    }
}

/// How an aggregation groups and how two vectors match: by these labels or by all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

impl Grouping {
    /// The labels that count.
    pub(super) fn of(&self, labels: &Labels) -> Labels {
        let mut labels = labels.clone();
        match self {
            Self::By(names) => labels.retain(|k, _| names.contains(k)),
            Self::Without(names) => labels.retain(|k, _| k != NAME && !names.contains(k)),
        }
        labels
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Unless,
}

impl Operator {
    pub(super) fn compares(self) -> bool {
        use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }

    pub(super) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }
}

/// A parsed query.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Number(f64),
    Text(String),
    Select { matchers: Vec<Matcher>, range: bool },
    Call { name: &'static str, arguments: Vec<Expr> },
    Aggregate { how: Aggregate, grouping: Grouping, inner: Box<Expr> },
    Negate(Box<Expr>),
    Binary { operator: Operator, truth: bool, matching: Grouping, left: Box<Expr>, right: Box<Expr> },
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The query is no query; the byte at which that shows.
    Parse { at: usize, what: String },
    /// The query cannot be carried out on these series.
    Execution(String),
}

impl Wrong {
    pub(super) fn parse(at: usize, what: impl Into<String>) -> Self {
        Self::Parse { at, what: what.into() }
    }
}
