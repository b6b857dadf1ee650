//! The invariants, each by its name: what must hold after every store revision and every change of Git.
//! Numbers are those of the design's list; what has none here needs a part that does not exist yet.
//!
//! | nr | invariant | where |
//! |---|---|---|
//! | 1, 2 | enough pods are ready; never more than the surge allows | `pods` |
//! | 4, 5, 9 | no step before its time; the step never falls; a pause lasts | `climb` |
//! | 6 | nothing grows after a failed analysis; an undecided one pauses | `verdict` |
//! | 7 | what is active is ready and was passed; the old one stays for its delay | `switch` |
//! | 8, 12, 13 | no orphans, history bounded; foreign fields stay; only ours is deleted | `property` |
//! | 14 | Git moves forward, to the good tree, once | `history` |
//! | 16, 17, 18 | generations, times of conditions, secrets | `words` |
//! | 21 | pods say what their role asks for, and no revision is made for it | `metadata` |
//!
//! 10 (rest) and 20 (the same seed, the same run) are held by the runs themselves.

mod climb;
mod history;
mod metadata;
mod pods;
mod property;
mod switch;
mod verdict;
mod words;

use crate::world::{Seen, World};

/// One thing that must always hold.
pub trait Invariant: Send {
    /// Its number in the design and its name.
    fn name(&self) -> &'static str;

    /// Whether it holds after what was just seen; else why not.
    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String>;
}

/// All of them, fresh.
pub fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(pods::Availability::default()),
        Box::new(pods::Surge::default()),
        Box::new(climb::StepsInOrder),
        Box::new(climb::StepNeverFalls),
        Box::new(climb::PausesLast::default()),
        Box::new(verdict::NothingGrowsAfterFailure::default()),
        Box::new(verdict::UndecidedPauses::default()),
        Box::new(switch::ActiveIsReady::default()),
        Box::new(switch::SwitchAfterAnalysis::default()),
        Box::new(switch::OldStaysForItsDelay::default()),
        Box::new(property::NoOrphans::default()),
        Box::new(property::ForeignFieldsStay),
        Box::new(property::OnlyOursIsDeleted),
        Box::new(history::RevertIsForward::default()),
        Box::new(history::BadIsNotAppliedAgain::default()),
        Box::new(words::GenerationNotAhead),
        Box::new(words::TimesMoveForward),
        Box::new(words::SecretsStaySecret),
        Box::new(metadata::RolesAreWorn::default()),
    ]
}
