//! Something that happened, as people are notified of it: on the terminal, in the log, later in a chat or by mail.
//! It never decides who is notified.

use crate::event::Event;

/// Something that happened, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A commit was seen at the head of the branch.
    Head {
        /// The repository.
        repository: String,
        /// The commit.
        commit: String,
        /// Its subject.
        subject: String,
    },
    /// Files of a commit are no manifests and were passed over.
    Skipped {
        /// The repository.
        repository: String,
        /// Which, in a line.
        text: String,
    },
    /// A commit was applied.
    Synced {
        /// The commit.
        commit: String,
        /// Objects created, changed and pruned.
        counts: (usize, usize, usize),
    },
    /// What is waited for before the end.
    Waiting {
        /// What, one line each.
        text: String,
    },
    /// A commit cannot be applied, or a revert cannot be made; what to do is said.
    Problem {
        /// The repository.
        repository: String,
        /// What is wrong, as one word for programs; empty when there is none.
        code: &'static str,
        /// What is wrong.
        text: String,
    },
    /// A failed revision was reverted in Git.
    Reverted {
        /// The revert commit.
        commit: String,
        /// The commits it reverts.
        reverts: Vec<String>,
        /// The Rollouts, in words.
        rollouts: Vec<String>,
        /// Why.
        verdict: String,
        /// Whether it was pushed.
        pushed: bool,
    },
    /// An event was emitted about an object.
    Event {
        /// The object, in words.
        about: String,
        /// The event.
        event: Event,
    },
}
