//! The loops that turn what is seen into decisions and decisions into writes.
//! Nothing here knows how a rollout climbs or how Git is spoken.
//!
//! ```text
//! pump     watches -> index -> queue          index    rows of what is known, never whole caches
//! queue    what to look at, when              gate     what we wrote ourselves, before the watch brings it
//! roll     one Rollout: decide, write         analyse  one AnalysisRun: ask, judge, write
//! release  one Service that nobody names
//! deliver  one repository: Git -> cluster     back     one repository: cluster -> Git
//! run      the one loop over all of them      setup    clusters, repositories and credentials, for people
//! delivery one repository: Git -> cluster, and what fails there back in Git
//! run      the one loop over all of them
//! ```

pub mod analyse;
pub mod context;
pub mod delivery;
pub mod facts;
pub mod index;
pub mod links;
pub mod meter;
pub mod pump;
pub mod queue;
pub mod record;
pub mod release;
pub mod roll;
pub mod rows;
pub mod run;
pub mod setup;
pub mod sync;
pub mod view;
