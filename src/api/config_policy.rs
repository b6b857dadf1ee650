//! Decides how it is written whether the ConfigMaps and Secrets of pods travel with their revision.
//! It never decides which objects that concerns.

use std::str::FromStr;
use thiserror::Error;

/// How ConfigMaps and Secrets from Git reach the pods that use them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfigPolicy {
    /// Under the names that Git gives them: a change reaches all pods, stable ones too.
    #[default]
    Plain,
    /// Under names with the hash of their content: a change is a revision.
    Versioned,
}

/// A word that names no policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no way to bring configuration to pods; write versioned or plain")]
pub struct NoPolicy(String);

impl FromStr for ConfigPolicy {
    type Err = NoPolicy;

    fn from_str(text: &str) -> Result<Self, NoPolicy> {
        match text.trim() {
            "plain" => Ok(Self::Plain),
            "versioned" => Ok(Self::Versioned),
            other => Err(NoPolicy(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_two() {
        assert_eq!("plain".parse(), Ok(ConfigPolicy::default()));
        assert_eq!(" versioned".parse(), Ok(ConfigPolicy::Versioned));
        let other = "hashed".parse::<ConfigPolicy>().unwrap_err().to_string();
        assert!(other.contains("`hashed`") && other.contains("versioned or plain"), "{other}");
    }
}
