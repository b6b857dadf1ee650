//! How a Rollout climbs: from the facts about it to the writes that move it.
//! Nothing here knows Git; going back there is `logic::revert`.

pub mod act;
pub mod bluegreen;
pub mod canary;
pub mod conditions;
pub mod decide;
pub mod decision;
pub mod handover;
pub mod pause;
pub mod phase;
pub mod replicas;
pub mod restart;
pub mod revision;
pub mod runs;
pub mod services;
pub mod status;
pub mod undo;
pub mod validate;
pub mod view;
pub mod weight;
pub mod work;
