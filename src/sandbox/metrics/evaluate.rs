//! Decides the worth of a parsed query over the present series.
//! It never checks types again; the parser has.

use super::binary;
use super::number;
use super::tree::{Aggregate, Expr, Grouping, Labels, Matcher, NAME, Rule, Sample, Worth, Wrong};
use std::collections::BTreeMap;

/// The world a query sees.
pub(super) struct Scene {
    pub series: Vec<Sample>,
    /// The moment of the query, in seconds.
    pub now: f64,
}

/// Evaluates `expr`.
pub(super) fn evaluate(expr: &Expr, scene: &Scene) -> Result<Worth, Wrong> {
    match expr {
        Expr::Number(number) => Ok(Worth::Scalar(*number)),
        Expr::Text(text) => Ok(Worth::Text(text.clone())),
        Expr::Select { matchers, range } => {
            let holds = |s: &&Sample| matchers.iter().all(|m| m.holds(&s.labels));
            let found: Vec<Sample> = scene.series.iter().filter(holds).cloned().collect();
            Ok(if *range { Worth::Range(found) } else { Worth::Vector(found) })
        }
        Expr::Call { name, arguments } => call(name, arguments, scene),
        Expr::Aggregate { how, grouping, inner } => {
            Ok(Worth::Vector(aggregate(*how, grouping, evaluate(inner, scene)?.samples())))
        }
        Expr::Negate(inner) => match evaluate(inner, scene)? {
            Worth::Scalar(number) => Ok(Worth::Scalar(-number)),
            other => unnamed(other.samples(), |v| -v),
        },
        Expr::Binary { operator, truth, matching, left, right } => {
            let (left, right) = (evaluate(left, scene)?, evaluate(right, scene)?);
            binary::apply(*operator, *truth, matching, left, right)
        }
    }
}

fn scalar(worth: Option<Worth>, otherwise: f64) -> f64 {
    match worth {
        Some(Worth::Scalar(number)) => number,
        _ => otherwise,
    }
}

/// A vector with new values and without the metrics' names.
fn unnamed(samples: Vec<Sample>, value: impl Fn(f64) -> f64) -> Result<Worth, Wrong> {
    let change = |mut s: Sample| {
        s.labels.remove(NAME);
        s.value = value(s.value);
        s
    };
    Worth::vector(samples.into_iter().map(change).collect())
}

fn call(name: &str, arguments: &[Expr], scene: &Scene) -> Result<Worth, Wrong> {
    let mut values = arguments.iter().map(|a| evaluate(a, scene)).collect::<Result<Vec<_>, _>>()?.into_iter();
    let (first, second) = (values.next(), values.next());
    let vector = |first: Option<Worth>| first.map(Worth::samples).unwrap_or_default();
    match name {
        "time" => Ok(Worth::Scalar(scene.now)),
        "vector" => Ok(Worth::Vector(vec![Sample { labels: Labels::new(), value: scalar(first, f64::NAN) }])),
        "scalar" => Ok(Worth::Scalar(match vector(first).as_slice() {
            [only] => only.value,
            _ => f64::NAN,
        })),
        "absent" => {
            let labels = arguments.first().map(sure_labels).unwrap_or_default();
            let gone = vector(first).is_empty();
            Ok(Worth::Vector(if gone { vec![Sample { labels, value: 1.0 }] } else { Vec::new() }))
        }
        "last_over_time" => Ok(Worth::Vector(vector(first))),
        "abs" => unnamed(vector(first), f64::abs),
        "ceil" => unnamed(vector(first), f64::ceil),
        "floor" => unnamed(vector(first), f64::floor),
        "sqrt" => unnamed(vector(first), f64::sqrt),
        "ln" => unnamed(vector(first), f64::ln),
        "exp" => unnamed(vector(first), f64::exp),
        "sgn" => unnamed(vector(first), |v| if v == 0.0 || v.is_nan() { v } else { v.signum() }),
        "round" => {
            let inverse = 1.0 / scalar(second, 1.0);
            unnamed(vector(first), |v| (v * inverse + 0.5).floor() / inverse)
        }
        "clamp_min" => bounded(vector(first), scalar(second, f64::NAN), f64::max),
        "clamp_max" => bounded(vector(first), scalar(second, f64::NAN), f64::min),
        _ => unnamed(vector(first), |v| v), // rate and its kin: the annotation is the rate
    }
}

fn bounded(samples: Vec<Sample>, bound: f64, pick: fn(f64, f64) -> f64) -> Result<Worth, Wrong> {
    unnamed(samples, |v| if v.is_nan() || bound.is_nan() { f64::NAN } else { pick(v, bound) })
}

/// The labels that a selector is sure of: each asked for once, with `=`.
fn sure_labels(expr: &Expr) -> Labels {
    let Expr::Select { matchers, .. } = expr else { return Labels::new() };
    let once = |m: &&Matcher| matchers.iter().filter(|other| other.label == m.label).count() == 1;
    let sure = |m: &Matcher| match &m.rule {
        Rule::Equal(value) if m.label != NAME && !value.is_empty() => Some((m.label.clone(), value.clone())),
        _ => None,
    };
    matchers.iter().filter(once).filter_map(sure).collect()
}

fn aggregate(how: Aggregate, grouping: &Grouping, samples: Vec<Sample>) -> Vec<Sample> {
    let mut groups: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    for sample in samples {
        groups.entry(grouping.of(&sample.labels)).or_default().push(sample.value);
    }
    groups.into_iter().map(|(labels, values)| Sample { labels, value: fold(how, &values) }).collect()
}

#[allow(clippy::cast_precision_loss)] // counts of series are far below 2^52
fn fold(how: Aggregate, values: &[f64]) -> f64 {
    let count = values.len() as f64;
    // A value that is no number counts only when there is nothing else.
    let pick = |better: fn(&f64, &f64) -> bool| {
        values
            .iter()
            .copied()
            .fold(f64::NAN, |best, v| if best.is_nan() || better(&v, &best) { v } else { best })
    };
    match how {
        Aggregate::Sum => number::sum(values.iter().copied()),
        Aggregate::Avg => number::sum(values.iter().copied()) / count,
        Aggregate::Min => pick(|v, best| v < best),
        Aggregate::Max => pick(|v, best| v > best),
        Aggregate::Count => count,
        Aggregate::Group => 1.0,
    }
}
