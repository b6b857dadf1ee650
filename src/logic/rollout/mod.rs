//! How a Rollout climbs: from the facts about it to the writes that move it.
//! Nothing here knows Git; going back there is `logic::revert`.
//!
//! What a decision starts from and ends with:
//! - [`decide`]: the front door: what is to be done about one Rollout now
//! - [`view`]: the facts about one Rollout
//! - [`builder`], [`intent`], [`state`]: a decision in the making, what it wants about pauses and aborts, its state so far
//! - [`decision`], [`writes`]: what comes out; the planned changes as writes
//! - [`validate`], [`references`], [`askable`]: whether the Rollout can be acted on as it is written, with what it refers
//!   to, and whether its analyses can be measured
//! - [`status`], [`conditions`], [`phase`], [`pause`], [`abort`]: the status before and after a pass, the cause of an abort
//!
//! The strategies and what they stand on:
//! - [`canary`], [`bluegreen`]: by steps, by switch
//! - [`weight`], [`replicas`]: which weight a step asks for, and how many pods that means
//! - [`claim`], [`revision`], [`window`]: which ReplicaSets are its own, which the template has; the short way back
//! - [`fail_fast`]: whether pods that cannot run abort an update at once
//! - [`refused`], [`denied`]: what becomes of an update whose ReplicaSet the cluster refuses; of which it denies a write
//! - [`scaling`], [`services`]: how sets get another size, which revision a Service selects
//! - [`analyses`]: which AnalysisRuns are wanted, and what their ends mean
//! - [`presence`], [`injected`]: what is told when a Rollout comes and goes; what pods are given beside its template
//! - [`restart`], [`handover`]: new pods of the same revision; the pods of a referred workload
//!
//! What users say:
//! - [`act`], [`undo`], [`set_image`]: promote, abort, retry, pause and restart as patches; older revisions; other images
pub(crate) mod abort;
pub(crate) mod act;
pub(crate) mod analyses;
pub(crate) mod askable;
pub(crate) mod bluegreen;
pub(crate) mod builder;
pub mod canary;
pub(crate) mod claim;
pub mod conditions;
pub mod decide;
pub mod decision;
pub(crate) mod denied;
pub(crate) mod fail_fast;
pub(crate) mod handover;
pub(crate) mod injected;
pub(crate) mod intent;
pub(crate) mod pause;
pub mod phase;
pub(crate) mod presence;
pub(crate) mod references;
pub(crate) mod refused;
pub mod replicas;
pub(crate) mod restart;
pub(crate) mod revision;
pub(crate) mod scaling;
pub(crate) mod services;
pub(crate) mod set_image;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod undo;
pub(crate) mod validate;
pub mod view;
pub mod weight;
pub(crate) mod window;
pub(crate) mod writes;
