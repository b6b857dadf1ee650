//! How a Rollout climbs: from the facts about it to the writes that move it.
//! Nothing here knows Git; reverting there is `logic::revert`.
//!
//! The front door is [`decide`]; what it starts from and ends with:
//! - [`view`] the facts about one Rollout, [`builder`] one decision in the making with its [`intent`] about pauses
//!   and aborts and its [`state`] so far, [`decision`] what comes out, [`writes`] the planned changes as writes
//! - [`validate`] whether the Rollout can be acted on at all
//! - [`status`] the status that a pass begins and ends with, with [`conditions`], [`phase`], [`pause`] and
//!   [`abort`] (the cause of an abort, written and read back)
//!
//! The strategies and what they stand on:
//! - [`canary`] by steps: [`weight`] says which weight a step asks for, [`replicas`] how many pods that means
//! - [`bluegreen`] by switch
//! - [`revision`] which ReplicaSet the template has, [`scaling`] how ReplicaSets get another size and how long they
//!   stay, [`services`] which revision a Service selects, [`window`] the short way back
//! - [`analyses`] which AnalysisRuns are wanted, and what their ends mean
//! - [`restart`] new pods of the same revision, [`handover`] the pods of a referred workload
//!
//! What users say:
//! - [`act`] promote, abort, retry, pause and restart as patches, [`undo`] the way back to an older revision

pub(crate) mod abort;
pub(crate) mod act;
pub(crate) mod analyses;
pub(crate) mod bluegreen;
pub(crate) mod builder;
pub mod canary;
pub mod conditions;
pub mod decide;
pub(crate) mod decision;
pub(crate) mod handover;
pub(crate) mod intent;
pub(crate) mod pause;
pub mod phase;
pub mod replicas;
pub(crate) mod restart;
pub(crate) mod revision;
pub(crate) mod scaling;
pub(crate) mod services;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod undo;
pub(crate) mod validate;
pub mod view;
pub mod weight;
pub(crate) mod window;
pub(crate) mod writes;
