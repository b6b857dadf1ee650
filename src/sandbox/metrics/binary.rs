//! Decides what two values joined by an operator are worth: arithmetic, comparison, sets, and who matches whom.
//! It never evaluates an operand.

use super::tree::{Grouping, Labels, NAME, Operator, Sample, Worth, Wrong};
use std::collections::{BTreeMap, BTreeSet};

/// Joins two values. With `truth`, comparisons answer 0 or 1 in place of dropping what does not hold.
pub(super) fn apply(
    operator: Operator,
    truth: bool,
    matching: &Grouping,
    left: Worth,
    right: Worth,
) -> Result<Worth, Wrong> {
    match (left, right) {
        (Worth::Scalar(a), Worth::Scalar(b)) => Ok(Worth::Scalar(if operator.compares() {
            f64::from(compare(operator, a, b))
        } else {
            reckon(operator, a, b)
        })),
        (left, Worth::Scalar(b)) => with_scalar(left.samples(), truth, operator, |v| (v, b)),
        (Worth::Scalar(a), right) => with_scalar(right.samples(), truth, operator, |v| (a, v)),
        (left, right) => {
            let (left, right) = (left.samples(), right.samples());
            if operator.is_set() {
                return Ok(Worth::Vector(set(operator, matching, left, right)));
            }
            pairs(operator, truth, matching, left, &right).map(Worth::Vector)
        }
    }
}

fn compare(operator: Operator, a: f64, b: f64) -> bool {
    match operator {
        Operator::Equal => a == b,
        Operator::NotEqual => a != b,
        Operator::Less => a < b,
        Operator::LessEqual => a <= b,
        Operator::Greater => a > b,
        _ => a >= b,
    }
}

fn reckon(operator: Operator, a: f64, b: f64) -> f64 {
    match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div => a / b,
        Operator::Mod => a % b,
        Operator::Pow => a.powf(b),
        _ => f64::NAN,
    }
}

/// What a pair of values gives: none when the comparison drops it.
fn outcome(operator: Operator, truth: bool, kept: f64, (a, b): (f64, f64)) -> Option<f64> {
    if !operator.compares() {
        return Some(reckon(operator, a, b));
    }
    match (compare(operator, a, b), truth) {
        (holds, true) => Some(f64::from(holds)),
        (true, false) => Some(kept),
        (false, false) => None,
    }
}

/// Whether the result is another metric than the operand.
fn renames(operator: Operator, truth: bool) -> bool {
    truth || !operator.compares()
}

fn with_scalar(
    vector: Vec<Sample>,
    truth: bool,
    operator: Operator,
    pair: impl Fn(f64) -> (f64, f64),
) -> Result<Worth, Wrong> {
    let one = |mut sample: Sample| {
        sample.value = outcome(operator, truth, sample.value, pair(sample.value))?;
        if renames(operator, truth) {
            sample.labels.remove(NAME);
        }
        Some(sample)
    };
    Worth::vector(vector.into_iter().filter_map(one).collect())
}

/// The labels by which a series finds its partner.
fn signature(matching: &Grouping, labels: &Labels) -> Labels {
    matching.of(labels)
}

fn set(operator: Operator, matching: &Grouping, left: Vec<Sample>, right: Vec<Sample>) -> Vec<Sample> {
    let signatures = |side: &[Sample]| -> BTreeSet<Labels> {
        side.iter().map(|s| signature(matching, &s.labels)).collect()
    };
    let (ours, theirs) = (signatures(&left), signatures(&right));
    let among = |s: &Sample, all: &BTreeSet<Labels>| all.contains(&signature(matching, &s.labels));
    match operator {
        Operator::And => left.into_iter().filter(|s| among(s, &theirs)).collect(),
        Operator::Unless => left.into_iter().filter(|s| !among(s, &theirs)).collect(),
        _ => {
            let rest = right.into_iter().filter(|s| !among(s, &ours));
            left.into_iter().chain(rest).collect()
        }
    }
}

/// Joins every series of the left with its one partner on the right.
fn pairs(
    operator: Operator,
    truth: bool,
    matching: &Grouping,
    left: Vec<Sample>,
    right: &[Sample],
) -> Result<Vec<Sample>, Wrong> {
    let mut partners: BTreeMap<Labels, &Sample> = BTreeMap::new();
    for sample in right {
        let group = signature(matching, &sample.labels);
        if let Some(other) = partners.insert(group.clone(), sample) {
            return Err(Wrong::Execution(format!(
                "found duplicate series for the match group {} on the right hand-side of the operation: [{}, \
                 {}];many-to-many matching not allowed: matching labels must be unique on one side",
                show(&group),
                show(&sample.labels),
                show(&other.labels),
            )));
        }
    }
    let mut taken = BTreeSet::new();
    let mut found = Vec::new();
    for sample in left {
        let group = signature(matching, &sample.labels);
        let Some(partner) = partners.get(&group) else { continue };
        let value = outcome(operator, truth, sample.value, (sample.value, partner.value));
        let Some(value) = value else { continue };
        if !taken.insert(group) {
            let what =
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
            return Err(Wrong::Execution(what.to_owned()));
        }
        found.push(Sample { labels: joined(operator, truth, matching, sample.labels), value });
    }
    Ok(found)
}

/// The labels of a joined pair: those of the left, as far as they matched.
fn joined(operator: Operator, truth: bool, matching: &Grouping, mut labels: Labels) -> Labels {
    if renames(operator, truth) {
        labels.remove(NAME);
    }
    match matching {
        Grouping::By(names) => labels.retain(|k, _| names.contains(k)),
        Grouping::Without(names) => labels.retain(|k, _| !names.contains(k)),
    }
    labels
}

/// Labels as Prometheus shows them: `name{a="b"}`.
fn show(labels: &Labels) -> String {
    let pairs: Vec<String> =
        labels.iter().filter(|(k, _)| *k != NAME).map(|(k, v)| format!("{k}={v:?}")).collect();
    let name = labels.get(NAME).map_or("", String::as_str);
    if pairs.is_empty() && !name.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", pairs.join(", "))
    }
}
