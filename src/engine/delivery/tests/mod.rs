//! Random histories of a repository, and what must be left of them once a revision has gone back.
//! No cluster takes part: only Git, the choice of commits, and undoing them.
//!
//! - [`model`]: what the repository says, as objects, and what must be left of it
//! - [`graph`]: commits, branches and merges that say it
//! - [`histories`]: a bad template somewhere in them goes back

mod graph;
mod histories;
mod model;
