//! The nouns on the wire: kinds, keys, Rollouts, analyses, and the facts about them that are data.
//! Nothing here decides what to do with an object.

use switchback_base as base;

pub mod analysis;
pub mod commit;
pub mod condition;
pub mod crd;
pub mod defaults;
pub mod event;
pub mod ids;
pub mod intstr;
pub mod inventory;
pub mod key;
pub mod kinds;
pub mod listkeys;
pub mod meta;
pub mod names;
pub mod notice;
pub mod object_name;
pub mod phase;
pub mod podhash;
pub mod provider;
pub mod quantity;
pub mod rollout;
pub mod run;
pub mod sample;
pub mod selector;
pub mod status;
pub mod step;
pub mod strategy;
pub mod time;
pub mod watch;
mod word;
pub mod write;
