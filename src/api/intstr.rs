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
    pub fn scaled(&self, total: i64, round_up: bool) -> Result<i64, String> {
        match self {
            Self::Int(n) => Ok(*n),
            Self::Text(text) => {
                let percent: i64 = text
                    .trim_end_matches('%')
                    .parse()
                    .map_err(|_| format!("{text:?} is neither a number nor a percentage such as \"25%\""))?;
                let hundredths = percent.saturating_mul(total);
                Ok(if round_up {
                    hundredths.saturating_add(99).div_euclid(100)
                } else {
                    hundredths.div_euclid(100)
                })
            }
        }
    }
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
        assert!(text("oops").scaled(10, true).unwrap_err().contains("percentage"));
    }
}
