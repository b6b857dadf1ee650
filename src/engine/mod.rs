//! The loops that turn what is seen into decisions and decisions into writes.
//! Nothing here knows how a rollout climbs or how Git is spoken.

pub mod act;
pub mod analyse;
pub mod context;
pub mod delivery;
pub mod facts;
pub mod index;
pub mod install;
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
pub mod view;
