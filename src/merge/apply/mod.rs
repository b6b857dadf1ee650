//! Decides what server-side apply makes of an object, and who owns which fields after any write. It never stores
//! anything, sets no default and checks no value; what an API server does before and after is its caller's.
//!
//! Ownership is per manager, operation (apply or any other write), version and subresource. Applying takes the
//! fields of the configuration, refuses (or, with force, takes away) those that others set to something else, and
//! removes from the object what the manager applied before, no longer applies, and nobody else owns.
//!
//! - [`write`](mod@write): who writes, through which door and when
//! - [`configure`]: what a configuration makes of an object
//! - [`track`]: who owns what after a write that is no apply
//! - [`kubectl`]: taking over from `kubectl apply`
//! - [`conflict`]: how conflicts are reported
//! - [`error`]: why a configuration cannot be applied
//! - [`reset`]: which fields each door ignores
//! - [`scale`]: who owns the replicas that are written through `scale`

mod configure;
mod conflict;
mod error;
mod kubectl;
mod reset;
pub mod scale;
mod track;
mod write;

pub use super::managed::{ManagedError, Manager, Operation};
pub use configure::apply;
pub use conflict::{Conflict, Conflicts};
pub use error::ApplyError;
pub use reset::reset_fields;
pub use track::{keep_times, track_update};
pub use write::Write;
