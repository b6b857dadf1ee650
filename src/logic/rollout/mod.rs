//! How a Rollout climbs: from the facts about it to the writes that move it.
//! Nothing here knows Git; going back there is `logic::revert`.
//!
//! What a decision starts from and ends with:
//! - [`decide`]: the front door: what is to be done about one Rollout now
//! - [`view`]: the facts about one Rollout
//! - [`work`], [`decision`], [`writes`]: the desk of one decision, what comes out, the changes on the desk as writes
//! - [`validate`]: whether the Rollout can be acted on at all
//! - [`status`], [`conditions`], [`phase`], [`pause`]: the status that a pass begins and ends with
//! - [`abort`]: the cause of an abort, written and read back
//!
//! The strategies and what they stand on:
//! - [`canary`], [`bluegreen`]: by steps, by switch
//! - [`weight`], [`replicas`]: which weight a step asks for, and how many pods that means
//! - [`revision`], [`window`]: which ReplicaSet the template has; the short way back
//! - [`scaling`], [`services`]: how sets get another size, which revision a Service selects
//! - [`analyses`]: which AnalysisRuns are wanted, and what their ends mean
//! - [`restart`], [`handover`]: new pods of the same revision; the pods of a referred workload
//!
//! What users say:
//! - [`act`], [`undo`]: promote, abort, retry, pause and restart as patches; the way back to an older revision

pub mod abort;
pub mod act;
pub mod analyses;
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
pub mod scaling;
pub mod services;
pub mod status;
pub mod undo;
pub mod validate;
pub mod view;
pub mod weight;
pub mod window;
pub mod work;
pub mod writes;
