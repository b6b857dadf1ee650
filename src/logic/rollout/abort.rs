//! Decides how the reason of an abort is written into the status, and reads it back from there.
//! It never decides that an update is aborted. The status has no field for the reason but the sentence that Argo Rollouts'
//! controller writes, too, so that sentence is taken apart here, and nowhere else.

use crate::api::condition::ConditionType;
use crate::api::run::Phase;
use crate::api::status::RolloutStatus;
use crate::logic::rollout::analyses::purpose::Purpose;

/// What every message about an abort begins with; the number of the revision follows.
const ABORTED: &str = "Rollout aborted update to revision ";
/// What every message about pods that cannot run begins with.
const FAIL_FAST: &str = "Fail-fast";
/// What every message about a missed deadline ends with.
const TIMED_OUT: &str = "\" has timed out progressing.";

/// Why an update was aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AbortCause {
    /// An analysis went badly or could not be measured.
    Analysis {
        /// What it measured for.
        purpose: Purpose,
        /// What the run says; may be empty.
        message: String,
    },
    /// The progress deadline was missed.
    Deadline(Stuck),
    /// Pods of the new revision cannot run.
    Pods {
        /// Which, and why.
        said: String,
    },
    /// A user, or a controller whose words are not ours.
    User {
        /// What was said of it; mostly empty.
        said: String,
    },
}

/// What made no progress before its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// The ReplicaSet of this name.
    ReplicaSet(String),
    /// The Rollout of this name, which has no ReplicaSet for its template yet.
    Rollout(String),
}

impl Stuck {
    /// What the status says of it
    /// (source: utils/conditions/conditions.go, `ReplicaSetTimeOutMessage` and `RolloutTimeOutMessage`).
    #[must_use]
    pub(crate) fn message(&self) -> String {
        let (kind, name) = match self {
            Self::ReplicaSet(name) => ("ReplicaSet", name),
            Self::Rollout(name) => ("Rollout", name),
        };
        format!("{kind} \"{name}{TIMED_OUT}")
    }

    fn read(message: &str) -> Option<Self> {
        let (kind, name) = message.strip_suffix(TIMED_OUT)?.split_once(" \"")?;
        match kind {
            "ReplicaSet" => Some(Self::ReplicaSet(name.to_owned())),
            "Rollout" => Some(Self::Rollout(name.to_owned())),
            _ => None,
        }
    }
}

impl AbortCause {
    /// The cause in the words of the status; empty when there is nothing to say.
    #[must_use]
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Analysis { purpose, message } if message.is_empty() => purpose.failure().to_owned(),
            Self::Analysis { purpose, message } => format!("{}: {message}", purpose.failure()),
            Self::Deadline(stuck) => stuck.message(),
            Self::Pods { said } => format!("{FAIL_FAST}: {said}"),
            Self::User { said } => said.clone(),
        }
    }

    /// The message of an abort of the update to `revision` (source: rollout/sync.go, `calculateRolloutConditions`).
    #[must_use]
    pub(crate) fn message(&self, revision: i64) -> String {
        match self.detail().as_str() {
            "" => format!("{ABORTED}{revision}"),
            detail => format!("{ABORTED}{revision}: {detail}"),
        }
    }

    /// The cause that `detail` speaks of.
    #[must_use]
    pub(crate) fn read(detail: &str) -> Self {
        if let Some(stuck) = Stuck::read(detail) {
            return Self::Deadline(stuck);
        }
        let all = Purpose::ALL.into_iter().map(Some).chain([None]);
        for purpose in all {
            let begins = purpose.map_or(FAIL_FAST, Purpose::failure);
            let Some(rest) = detail.strip_prefix(begins) else { continue };
            if let Some(said) = rest.strip_prefix(": ").or(rest.is_empty().then_some("")) {
                let said = said.to_owned();
                return match purpose {
                    Some(purpose) => Self::Analysis { purpose, message: said },
                    None => Self::Pods { said },
                };
            }
        }
        Self::User { said: detail.to_owned() }
    }

    /// Why the update that `status` calls aborted was so. What stands there in words that are not ours is an
    /// analysis' when the status names one that went badly: other versions of the controller word it otherwise.
    #[must_use]
    pub(crate) fn of(status: &RolloutStatus) -> Self {
        let progressing = status.condition(&ConditionType::Progressing);
        let message = progressing.map(|c| c.message.as_str()).unwrap_or_default();
        if let Some(stuck) = Stuck::read(message) {
            return Self::Deadline(stuck); // the deadline was missed first, and no pass has followed yet
        }
        match Self::read(message.split_once(": ").map(|(_, detail)| detail).unwrap_or_default()) {
            Self::User { said } if !said.is_empty() => match failed_purpose(status) {
                Some(purpose) => Self::Analysis { purpose, message: said },
                None => Self::User { said },
            },
            cause => cause,
        }
    }
}

/// What the analysis that went badly was for, if the status names one.
fn failed_purpose(status: &RolloutStatus) -> Option<Purpose> {
    let is_bad = |p: &Purpose| {
        p.named(status).is_some_and(|r| matches!(r.phase(), Some(Phase::Failed | Phase::Error)))
    };
    Purpose::ALL.into_iter().find(is_bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::condition::{Condition, ConditionReason, ConditionStatus};
    use crate::api::status::RunStatus;
    use crate::api::time::Time;

    fn status(message: &str) -> RolloutStatus {
        let at = Time::of(jiff::Timestamp::UNIX_EPOCH);
        let condition = Condition {
            r#type: ConditionType::Progressing,
            status: ConditionStatus::False,
            last_update_time: at,
            last_transition_time: at,
            reason: ConditionReason::RolloutAborted,
            message: message.to_owned(),
        };
        RolloutStatus { abort: true, conditions: vec![condition], ..RolloutStatus::default() }
    }

    /// Texts that runs and users may say, some of them meant to mislead.
    const SAID: [&str; 5] = [
        "",
        "Metric \"errors\" assessed Failed due to failed (2) > failureLimit (1)",
        "the query: timed out progressing",
        "ReplicaSet \"web\" has timed out progressing. It was slow",
        "Step-based analysis of something else",
    ];

    #[test]
    fn every_cause_is_read_back_as_it_was_written() {
        let mut causes: Vec<AbortCause> =
            SAID.iter().map(|s| AbortCause::User { said: (*s).to_owned() }).collect();
        for purpose in Purpose::ALL {
            let analysis = |said: &str| AbortCause::Analysis { purpose, message: said.to_owned() };
            causes.extend(SAID.iter().map(|s| analysis(s)));
        }
        causes.extend(SAID.iter().map(|s| AbortCause::Pods { said: (*s).to_owned() }));
        for name in ["web", "web-6f5d", "a.b"] {
            causes.push(AbortCause::Deadline(Stuck::ReplicaSet(name.to_owned())));
            causes.push(AbortCause::Deadline(Stuck::Rollout(name.to_owned())));
        }
        for cause in causes {
            assert_eq!(AbortCause::read(&cause.detail()), cause);
            assert_eq!(AbortCause::of(&status(&cause.message(7))), cause);
        }
    }

    #[test]
    fn the_words_on_the_wire_are_those_of_argo_rollouts() {
        let analysis = AbortCause::Analysis { purpose: Purpose::Step, message: "it failed".to_owned() };
        assert_eq!(
            analysis.message(2),
            "Rollout aborted update to revision 2: Step-based analysis phase error/failed: it failed"
        );
        let deadline = AbortCause::Deadline(Stuck::ReplicaSet("web-1".to_owned()));
        assert_eq!(
            deadline.message(3),
            "Rollout aborted update to revision 3: ReplicaSet \"web-1\" has timed out progressing."
        );
        let user = AbortCause::User { said: String::new() };
        assert_eq!(user.message(4), "Rollout aborted update to revision 4");
    }

    #[test]
    fn a_deadline_is_known_before_the_abort_is_written() {
        let stuck = Stuck::Rollout("web".to_owned());
        assert_eq!(AbortCause::of(&status(&stuck.message())), AbortCause::Deadline(stuck));
        assert_eq!(AbortCause::of(&RolloutStatus::default()), AbortCause::User { said: String::new() });
        let climbing = status("ReplicaSet \"web-1\" is progressing.");
        assert_eq!(AbortCause::of(&climbing), AbortCause::User { said: String::new() });
    }

    #[test]
    fn foreign_words_about_an_analysis_that_failed_are_an_analysis() {
        let mut foreign = status("Rollout aborted update to revision 2: metric errors is too high");
        let said = "metric errors is too high".to_owned();
        assert_eq!(AbortCause::of(&foreign), AbortCause::User { said: said.clone() });
        foreign.canary.current_background_analysis_run_status = Some(RunStatus::new("r", Phase::Failed, ""));
        let cause = AbortCause::Analysis { purpose: Purpose::Background, message: said };
        assert_eq!(AbortCause::of(&foreign), cause);
    }
}
