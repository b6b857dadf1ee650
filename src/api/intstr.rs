//! Decides what a field that is "a number or a text" means: counts, percentages, durations.
//! It never rounds without being told which way.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A number or a text, as `intstr.IntOrString` of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A text, often a percentage.
    Text(String),
}

impl IntOrString {
    /// The number, or the number the text consists of; 0 otherwise, as Go's `IntValue`.
    #[must_use]
    pub fn int_value(&self) -> i64 {
        match self {
            Self::Int(n) => *n,
            Self::Text(t) => t.parse().unwrap_or(0),
        }
    }

    /// The count this stands for out of `total`. A text is a percentage, with or without the sign.
    ///
    /// # Errors
    /// A text that is no percentage.
    pub fn scaled(&self, total: i64, round_up: bool) -> Result<i64, NotAnAmount> {
        match self {
            Self::Int(n) => Ok(*n),
            Self::Text(text) => {
                let percent = text.trim_end_matches('%').parse();
                let percent: i64 = percent.map_err(|_| NotAnAmount { text: text.clone() })?;
                Ok(percent_of(percent, total, round_up))
            }
        }
    }
}

/// A text that stands where a number or a percentage must; write one of the two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither a number nor a percentage such as \"25%\"")]
pub struct NotAnAmount {
    text: String,
}

/// `percent` of `total`, rounded up or down to a whole number and held within 64 bits.
///
/// ```
/// use switchback_api::intstr::percent_of;
/// assert_eq!((percent_of(25, 10, true), percent_of(25, 10, false)), (3, 2));
/// ```
#[must_use]
pub fn percent_of(percent: i64, total: i64, round_up: bool) -> i64 {
    let hundredths = percent.saturating_mul(total);
    // whole division rounds towards the smaller number, also below zero
    if round_up { hundredths.saturating_add(99).div_euclid(100) } else { hundredths.div_euclid(100) }
}

impl std::fmt::Display for IntOrString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(n) => write!(f, "{n}"),
            Self::Text(t) => f.write_str(t),
        }
    }
}

impl JsonSchema for IntOrString {
    fn schema_name() -> Cow<'static, str> {
        "IntOrString".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_told() {
        let text = |t: &str| IntOrString::Text(t.to_owned());
        assert_eq!(text("25%").scaled(10, true), Ok(3));
        assert_eq!(text("25%").scaled(10, false), Ok(2));
        assert_eq!(text("25").scaled(8, false), Ok(2));
        assert_eq!(IntOrString::Int(4).scaled(10, true), Ok(4));
        assert!(text("oops").scaled(10, true).unwrap_err().to_string().contains("percentage"));
    }
}
