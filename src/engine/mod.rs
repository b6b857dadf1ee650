//! The loops that turn what is seen into decisions and decisions into writes.
//! Nothing here knows how a rollout climbs or how Git is spoken.
//!
//! ```text
//! pump     watches -> index -> queue          index    rows of what is known, never whole caches
//! queue    what to look at, when              gate     what we wrote ourselves, before the watch brings it
//! roll     one Rollout: decide, write         analyse  one AnalysisRun: ask, judge, write
//! release  one Service that nobody names
//! deliver  one repository: Git -> cluster     back     one repository: cluster -> Git
//! run      the one loop over all of them
//! act      a user's word, carried out          install  the definitions of our kinds, brought to a cluster
//! ```

pub mod act;
pub mod analyse;
pub mod back;
pub mod context;
pub mod deliver;
pub mod facts;
pub mod index;
pub mod install;
pub mod ledger;
pub mod links;
pub mod meter;
pub mod open;
pub mod pump;
pub mod queue;
pub mod record;
pub mod release;
pub mod roll;
pub mod rows;
pub mod run;
pub mod sync;
pub mod view;
