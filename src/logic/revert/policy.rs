//! Decides for which reasons Git goes back, of a delivery or of one Rollout, and how they are written.
//! It never decides whether there is such a reason.

use crate::logic::revert::RevertReason;
use std::collections::BTreeSet;
use std::str::FromStr;
use thiserror::Error;

/// Every reason with its word; pods that cannot run are a failure like another. For two there is none: while the pods of an
/// update that is merely stuck are there, only an abort makes the cluster safe; and what was promoted before it became
/// invalid was good.
const WORDS: [(&str, RevertReason); 7] = [
    ("failed", RevertReason::Analysis),
    ("failed", RevertReason::Pods),
    ("error", RevertReason::Error),
    ("deadline", RevertReason::Deadline),
    ("abort", RevertReason::User),
    ("undo", RevertReason::Undo),
    ("invalid-spec", RevertReason::Invalid),
];

/// What is no reason unless somebody says so: when nobody could measure, nobody knows that the commit is bad, and what a
/// Rollout lacks may have been taken away in the cluster, by no commit at all.
const UNUSUAL: [RevertReason; 2] = [RevertReason::Error, RevertReason::Invalid];

/// The reasons for which Git goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackOn(BTreeSet<RevertReason>);

/// A word that names no reason.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no reason to go back; write none, or some of failed, error, deadline, abort, undo, invalid-spec with commas \
     between"
)]
pub struct NoReason(String);

impl Default for RollbackOn {
    /// All but `error` and `invalid-spec`.
    fn default() -> Self {
        Self(WORDS.iter().map(|(_, reason)| *reason).filter(|r| !UNUSUAL.contains(r)).collect())
    }
}

impl FromStr for RollbackOn {
    type Err = NoReason;

    fn from_str(text: &str) -> Result<Self, NoReason> {
        let words = text.split(',').map(str::trim).filter(|w| !w.is_empty() && *w != "none");
        let mut reasons = BTreeSet::new();
        for word in words {
            let found: Vec<RevertReason> =
                WORDS.iter().filter(|(known, _)| *known == word).map(|(_, reason)| *reason).collect();
            if found.is_empty() {
                return Err(NoReason(word.to_owned()));
            }
            reasons.extend(found);
        }
        Ok(Self(reasons))
    }
}

impl RollbackOn {
    /// Whether Git goes back for `reason`; what the Rollout itself says (`own`) comes first, if it can be read.
    #[must_use]
    pub fn allows(&self, reason: RevertReason, own: Option<&str>) -> bool {
        let own = own.and_then(|text| text.parse::<Self>().ok());
        own.as_ref().unwrap_or(self).0.contains(&reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_measure_stays_unless_it_is_asked_for() {
        let usual = RollbackOn::default();
        for (word, reason) in WORDS {
            assert_eq!(usual.allows(reason, None), !["error", "invalid-spec"].contains(&word), "{word}");
            assert!(usual.allows(reason, Some(word)), "{word}");
        }
        assert!(!usual.allows(RevertReason::Analysis, Some("none")));
        for reason in [RevertReason::Stuck, RevertReason::NoLongerValid] {
            assert!(!usual.allows(reason, None), "it is told and stays");
            assert!(!usual.allows(reason, Some("invalid-spec,deadline")));
        }
        assert!(usual.allows(RevertReason::Analysis, Some("faild")), "a slip of the pen changes nothing");
        assert!("deadline, error".parse::<RollbackOn>().unwrap().allows(RevertReason::Error, None));
        assert!("faild".parse::<RollbackOn>().unwrap_err().to_string().contains("`faild`"));
    }
}
