//! Decides how it is said that a repository was not brought to the cluster, each time with what to do next.
//! It never tells it.

use crate::api::commit::short;
use crate::api::key::Key;
use crate::logic::delivery::order::Waits;
use crate::logic::manifest::Problem;
use crate::logic::plan::{InTheWay, prune};
use crate::logic::revert::RevertReason;
use crate::world::cluster::{ClusterError, MissingRight, right};
use crate::world::git::GitError;
use std::collections::BTreeSet;
use std::sync::Arc;
use thiserror::Error;

/// Why a repository was not brought to the cluster.
#[derive(Debug, Error)]
pub(crate) enum DeliverError {
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The manifests or the cluster.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Nothing is done until a person acts.
    #[error(transparent)]
    Held(#[from] Hold),
    /// Others have to be ready first.
    #[error(transparent)]
    Waits(#[from] Waits),
    /// What only a person can mend: it is not tried again before something has changed.
    #[error(transparent)]
    Stuck(Arc<DeliverError>),
}

impl From<ClusterError> for DeliverError {
    fn from(error: ClusterError) -> Self {
        Self::Sync(error.into())
    }
}

impl DeliverError {
    /// Whether trying again soon may help.
    #[must_use]
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Git(_) => true,
            Self::Sync(error) => error.is_passing(),
            Self::Held(_) | Self::Waits(_) | Self::Stuck(_) => false,
        }
    }

    /// Whether it may well be over after a while without a person, so that who waits for the end goes on waiting.
    #[must_use]
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Git(error) => error.may_pass(),
            Self::Sync(error) => error.may_pass(),
            Self::Held(hold) => matches!(hold, Hold::PushRace { .. }),
            Self::Waits(waits) => waits.may_pass(),
            Self::Stuck(_) => false,
        }
    }

    /// A word that programs read.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Git(_) => "Git",
            Self::Sync(error) => error.code(),
            Self::Held(hold) => hold.code(),
            Self::Waits(_) => "DependencyNotReady",
            Self::Stuck(error) => error.code(),
        }
    }

    /// The objects that cannot be made as Git says as long as they are as they are.
    #[must_use]
    pub(crate) fn in_the_way(&self) -> BTreeSet<Key> {
        match self {
            Self::Sync(error) => error.in_the_way(),
            Self::Stuck(error) => error.in_the_way(),
            Self::Git(_) | Self::Held(_) | Self::Waits(_) => BTreeSet::new(),
        }
    }
}

/// Why a commit was not applied.
#[derive(Debug, Error)]
pub(crate) enum SyncError {
    /// Mistakes in manifests; nothing was applied.
    #[error("{}", joined(.0, "\n"))]
    Manifests(Vec<Problem>),
    /// The cluster refuses or is away.
    #[error(transparent)]
    Cluster(ClusterError),
    /// Whoever acts may not do what has to be done; nothing was applied.
    #[error(
        "{}; nothing more is done until that is given, then it goes on by itself: {}",
        joined(.0, "; "), right::how_to_give(.0)
    )]
    Forbidden(Vec<MissingRight>),
    /// One object cannot be made as Git says.
    #[error("{key}: {why}; {}", .why.help())]
    InTheWay {
        /// Which.
        key: Key,
        /// Why.
        #[source]
        why: InTheWay,
    },
    /// Some objects could not be written; the others were.
    #[error("{} of {total} objects could not be written: {}", .failed.len(), joined(.failed, "; "))]
    Partly {
        /// Why, object by object.
        failed: Vec<SyncError>,
        /// Objects to be written.
        total: usize,
    },
}

impl From<ClusterError> for SyncError {
    fn from(error: ClusterError) -> Self {
        match error.lacks() {
            Some(right) => Self::Forbidden(vec![right.clone()]),
            None => Self::Cluster(error),
        }
    }
}

fn joined(all: &[impl ToString], between: &str) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

impl SyncError {
    /// Whether it may well be over after a while without a person.
    #[must_use]
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Cluster(error) => error.may_pass(),
            Self::InTheWay { why, .. } => matches!(why, InTheWay::BeingDeleted),
            Self::Partly { failed, .. } => failed.iter().all(Self::may_pass),
            Self::Manifests(_) | Self::Forbidden(_) => false,
        }
    }

    /// Whether trying again soon may help.
    fn is_passing(&self) -> bool {
        match self {
            Self::Cluster(error) => !error.is_invalid(),
            Self::Forbidden(_) => true,
            Self::InTheWay { .. } => self.may_pass(),
            Self::Partly { failed, .. } => failed.iter().any(Self::is_passing),
            Self::Manifests(_) => false,
        }
    }

    fn in_the_way(&self) -> BTreeSet<Key> {
        match self {
            Self::InTheWay { key, .. } => BTreeSet::from([key.clone()]),
            Self::Partly { failed, .. } => failed.iter().flat_map(Self::in_the_way).collect(),
            Self::Manifests(_) | Self::Cluster(_) | Self::Forbidden(_) => BTreeSet::new(),
        }
    }

    /// A word that programs read.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Manifests(_) => "Manifests",
            Self::Cluster(_) => "Cluster",
            Self::Forbidden(_) => "Forbidden",
            Self::InTheWay { why, .. } => why.code(),
            Self::Partly { .. } => "Partly",
        }
    }
}

/// Why nothing is done until a person acts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Hold {
    /// Later commits build on what has to go back.
    #[error(
        "{0} cannot be reverted on {branch}: later commits changed the same lines of {1}; the cluster stays on the \
         stable revision and nothing is forced. Revert by hand: git revert {0}, resolve, push; or push a fix",
        short(.commit), .paths.join(", ")
    )]
    Conflict {
        /// The commit that cannot be reverted.
        commit: String,
        /// The branch.
        branch: String,
        /// The files in conflict, sorted.
        paths: Vec<String>,
    },
    /// The revision that stays was not made from Git.
    #[error(
        "{rollout} must go back, but it was never healthy at a commit of this repository, so the good commit is not \
         known; revert by hand: git revert <commit>, then push"
    )]
    UnknownGood {
        /// The Rollout.
        rollout: Key,
    },
    /// Git does not go back for this reason.
    #[error(
        "{rollout} {}, and for that Git does not go back here; the cluster stays on the stable revision. Try again: \
         switchback retry {} -n {}; or push a fix; or revert by hand",
        went(*.reason), .rollout.name, .rollout.namespace
    )]
    NotForThisReason {
        /// The Rollout.
        rollout: Key,
        /// The reason.
        reason: RevertReason,
    },
    /// An update makes no progress, and nothing follows from that.
    #[error(
        "{at}{rollout} makes no progress ({why}); without progressDeadlineAbort: true in its spec nothing goes back, \
         neither in the cluster nor in Git. Go back in both: switchback abort {} -n {}; or push a fix",
        .rollout.name, .rollout.namespace
    )]
    Stuck {
        /// The Rollout.
        rollout: Key,
        /// Where it stands in Git, as `web.yaml:1: `; may be empty.
        at: String,
        /// How far it has come.
        why: String,
    },
    /// A Rollout cannot be acted on as it is written, or as what it refers to is.
    #[error(
        "{at}{why}; it is not acted on, its pods stay as they are, and nothing goes back in Git. Push a fix; or revert by \
         hand: git revert <commit>, then push. What is wrong now: switchback get rollout {} -n {}",
        .rollout.name, .rollout.namespace
    )]
    InvalidSpec {
        /// The Rollout.
        rollout: Key,
        /// Where it stands in Git, as `web.yaml:1: `; may be empty.
        at: String,
        /// What its controller says.
        why: String,
    },
    /// Somebody asks again for a template that failed.
    #[error(
        "{rollout} is asked to run a pod template that failed before and was reverted by {}; it is not applied again. \
         If it is meant: git revert {}, then push; or push another version",
        short(.revert), short(.revert)
    )]
    FailedBefore {
        /// The Rollout.
        rollout: Key,
        /// Our commit that took it back.
        revert: String,
    },
    /// A commit holds what has to go back and what has to stay in one document.
    #[error(
        "{} must go back for {}, but it also changed other objects in the same document (a List); the cluster stays on \
         the stable revision. Put that back by hand, then push; or push a fix",
        short(.commit), joined(.rollouts, ", ")
    )]
    Inseparable {
        /// The commit.
        commit: String,
        /// The Rollouts it has to go back for.
        rollouts: Vec<Key>,
    },
    /// The commit to go back to cannot be reached from the head.
    #[error(
        "{rollout} must go back to commit {}, but {why}; the cluster stays on the stable revision. Revert by hand: \
         git revert <commit>, then push",
        short(.good)
    )]
    Rewritten {
        /// The Rollout.
        rollout: Key,
        /// The commit it was to go back to.
        good: String,
        /// What is between the two.
        #[source]
        why: GitError,
    },
    /// The path holds no manifest, which would prune everything.
    #[error(
        "{} holds no manifests; {}. Commit some *.yaml files, or correct --path",
        place(.path), kept(.applied)
    )]
    NothingThere {
        /// The path; `.` for the whole repository.
        path: String,
        /// How many objects were applied before.
        applied: usize,
    },
    /// So much has left Git at once that it may be a mistake.
    #[error(
        "{count} of {of} objects have left Git at once; nothing is pruned, everything else is applied. Put them back, \
         or {}", prune::how_to_allow(*.count)
    )]
    PrunesTooMany {
        /// Objects that would be pruned.
        count: usize,
        /// Objects that are ours.
        of: usize,
    },
    /// Others were faster each time.
    #[error("others pushed to {branch} {tries} times while the revert was made; it is tried again")]
    PushRace {
        /// The branch.
        branch: String,
        /// How often it was tried.
        tries: usize,
    },
}

impl Hold {
    /// A word that programs read.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "Conflict",
            Self::UnknownGood { .. } => "UnknownGood",
            Self::NotForThisReason { .. } => "NotForThisReason",
            Self::Stuck { .. } => "Stuck",
            Self::InvalidSpec { .. } => "InvalidSpec",
            Self::FailedBefore { .. } => "FailedBefore",
            Self::Inseparable { .. } => "Inseparable",
            Self::Rewritten { .. } => "Rewritten",
            Self::NothingThere { .. } => "NothingThere",
            Self::PrunesTooMany { .. } => "PrunesTooMany",
            Self::PushRace { .. } => "PushRace",
        }
    }
}

/// What has happened to a Rollout, in words.
fn went(reason: RevertReason) -> &'static str {
    match reason {
        RevertReason::Analysis => "failed its analysis",
        RevertReason::Error => "was aborted because its analysis could not be measured",
        RevertReason::Deadline | RevertReason::Stuck => "made no progress in time",
        RevertReason::Pods => "was aborted because its new pods cannot run",
        RevertReason::Invalid | RevertReason::NoLongerValid => "cannot be acted on as it is written",
        RevertReason::User => "was aborted by a user",
        RevertReason::Undo => "was undone by a user",
    }
}

fn place(path: &str) -> &str {
    if path == "." { "the repository" } else { path }
}

fn kept(applied: &usize) -> String {
    match applied {
        0 => "nothing was applied".to_owned(),
        n => format!("the {n} objects applied before are kept and nothing is pruned"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    const BAD: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn each_reason_to_hold_says_what_to_do() {
        let rollout = Key::rollout("shop", "web");
        let (branch, paths) = ("main".to_owned(), vec!["a.yaml".to_owned(), "b.yaml".to_owned()]);
        let why = GitError::UnknownCommit { repo: "r".into(), commit: BAD.into() };
        let texts = [
            Hold::Conflict { commit: BAD.into(), branch: branch.clone(), paths },
            Hold::UnknownGood { rollout: rollout.clone() },
            Hold::Rewritten { rollout, good: BAD.into(), why: why.clone() },
            Hold::NothingThere { path: ".".into(), applied: 0 },
            Hold::NothingThere { path: "prod".into(), applied: 2 },
            Hold::PushRace { branch, tries: 5 },
            Hold::PrunesTooMany { count: 12, of: 14 },
        ]
        .map(|h| h.to_string());
        assert_eq!(
            texts,
            [
                "0123456 cannot be reverted on main: later commits changed the same lines of a.yaml, b.yaml; the \
                 cluster stays on the stable revision and nothing is forced. Revert by hand: git revert 0123456, \
                 resolve, push; or push a fix"
                    .to_owned(),
                "Rollout shop/web must go back, but it was never healthy at a commit of this repository, so the good \
                 commit is not known; revert by hand: git revert <commit>, then push"
                    .to_owned(),
                format!(
                    "Rollout shop/web must go back to commit 0123456, but {why}; the cluster stays on the stable \
                     revision. Revert by hand: git revert <commit>, then push"
                ),
                "the repository holds no manifests; nothing was applied. Commit some *.yaml files, or correct --path"
                    .to_owned(),
                "prod holds no manifests; the 2 objects applied before are kept and nothing is pruned. Commit some \
                 *.yaml files, or correct --path"
                    .to_owned(),
                "others pushed to main 5 times while the revert was made; it is tried again".to_owned(),
                "12 of 14 objects have left Git at once; nothing is pruned, everything else is applied. Put them back, \
                 or allow it by a commit with the line Switchback-Prune: 12, such as git commit --allow-empty -m \
                 'Prune 12 objects' -m 'Switchback-Prune: 12'"
                    .to_owned(),
            ]
        );
    }

    #[test]
    fn what_is_in_the_way_keeps_its_cause_and_its_key() {
        let key = Key::core("ConfigMap", "shop", "a");
        let error = SyncError::InTheWay { key, why: InTheWay::BeingDeleted };
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("it is being deleted"));
        let all = DeliverError::from(SyncError::Partly { failed: vec![error], total: 3 });
        let text = "1 of 3 objects could not be written: ConfigMap shop/a: it is being deleted; it is created anew \
                    once it is gone; finalizers may hold it";
        assert_eq!((all.to_string(), all.code(), all.is_passing()), (text.to_owned(), "Partly", true));
    }
}
