//! The nouns on the wire: kinds, keys, Rollouts, analyses, and the facts about them that are data.
//! Nothing here decides what to do with an object.
//!
//! Kubernetes' nouns:
//! - [`kinds`]: which resource a kind is served as
//! - [`key`], [`object_name`]: what makes two objects the same one, and how one is named
//! - [`object`], [`raw_object`]: an object as it is sent: what of it is read, and what stays text at first
//! - [`meta`]: an object's metadata, and who owns it
//! - [`selector`]: whether labels match
//! - [`quantity`], [`intstr`], [`time`]: amounts, counts or percentages, moments
//! - [`watch`], [`write`](mod@write): what following a kind brings; a write before it is made
//! - [`event`]: the reasons of Events
//!
//! What Kubernetes knows of its kinds:
//! - [`defaults`]: which fields are filled in
//! - [`listkeys`]: how lists merge, and by which keys
//! - [`podhash`]: the hash of a pod template, which names a ReplicaSet
//! - [`check`]: what is refused of a pod template, and in which words
//!
//! Argo Rollouts' nouns:
//! - [`rollout`], [`strategy`], [`step`]: a Rollout, canary and blue-green, the steps of a canary
//! - [`status`], [`phase`], [`condition`]: how a Rollout stands
//! - [`pod_metadata`]: labels and annotations that pods get
//! - [`analysis`], [`run`]: templates of analyses; an AnalysisRun
//! - [`provider`]: where a metric's number comes from, one file for each provider
//! - [`sample`]: a question to a provider, and its answer
//! - [`crd`], [`schema`]: the definitions of these kinds
//!
//! Our own:
//! - [`names`]: labels and annotations
//! - [`config_policy`]: whether configuration travels with the revision
//! - [`delivery_name`]: the name of a delivery and its inventory
//! - [`delivery`]: what is brought from where, as an object of the cluster
//! - [`inventory`]: what is written down of a delivery
//! - [`seal`]: what of a Secret is written down
//! - [`commit`], [`ids`]: what is known of a commit; names of things in Git
//! - [`notice`]: what people are told
//! - [`word`]: how words become types

#![warn(unreachable_pub)]

use switchback_base as base;

pub mod analysis;
pub mod check;
pub mod commit;
pub mod condition;
pub mod config_policy;
pub mod crd;
pub mod defaults;
pub mod delivery;
pub mod delivery_name;
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
pub mod object;
pub mod object_name;
pub mod phase;
pub mod pod_metadata;
pub mod podhash;
pub mod provider;
pub mod quantity;
pub mod raw_object;
pub mod rollout;
pub mod run;
pub mod sample;
mod schema;
pub mod seal;
pub mod selector;
pub mod status;
pub mod step;
pub mod strategy;
pub mod time;
pub mod watch;
mod word;
pub mod write;
