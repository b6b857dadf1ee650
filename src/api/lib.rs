//! The nouns on the wire: kinds, keys, Rollouts, analyses, and the facts about them that are data.
//! Nothing here decides what to do with an object.
//!
//! - Kubernetes' nouns: [`kinds`], [`key`], [`object_name`], [`meta`], [`selector`], [`quantity`], [`intstr`], [`time`],
//!   [`watch`], [`write`](mod@write), [`event`]
//! - What Kubernetes knows of its kinds: [`defaults`], [`listkeys`], [`podhash`]
//! - Argo Rollouts' nouns: [`rollout`], [`strategy`], [`step`], [`status`], [`phase`], [`condition`], [`pod_metadata`];
//!   their definitions: [`crd`], [`schema`]
//! - Argo's analyses: [`analysis`], [`run`], [`provider`], [`sample`]
//! - Ours: [`names`], [`inventory`], [`commit`], [`ids`], [`notice`]
//! - How words become types: [`word`]

#![warn(unreachable_pub)]
#![deny(rustdoc::broken_intra_doc_links)]
#![allow(rustdoc::private_intra_doc_links)] // the maps name what is private too

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
pub mod pod_metadata;
pub mod podhash;
pub mod provider;
pub mod quantity;
pub mod rollout;
pub mod run;
pub mod sample;
mod schema;
pub mod selector;
pub mod status;
pub mod step;
pub mod strategy;
pub mod time;
pub mod watch;
mod word;
pub mod write;
