//! Switchback: GitOps progressive delivery for Kubernetes that can go back, in the cluster and in Git.
//!
//! The map of the house, from the roof down. Arrows point downwards only; `tests/pure/house` holds the laws.
//!
//! - [`front`]: command line, live view, pages; uses engine, logic, api, base, sandbox
//! - [`engine`]: index, queue, controllers, delivery; uses logic, world, api, base
//! - [`logic`]: thinking, pure; uses merge, api, base
//! - [`world`]: touching: Git, cluster, providers, forges; uses merge, api, base, never logic
//! - [`sandbox`]: an embedded Kubernetes API; uses merge, api, base
//! - [`merge`]: what to send to a cluster, and what it makes of it; uses api, base
//! - [`api`]: nouns on the wire; uses base
//! - [`base`]: tools that know no Kubernetes
//!
//! The four lowest are crates of their own where they stand, so that rustc holds their arrows.
//!
//! The flow reads down the page: [`world::git`] -> [`logic::manifest`] -> [`merge`] -> [`logic::plan`] ->
//! [`engine::delivery`] -> [`world::cluster`] -> [`engine::index`] -> [`logic::rollout`] -> [`world::cluster`] ->
//! [`logic::revert`] -> [`world::git`].
//!
//! Every folder has such a map, so each file is a few links away:
//!
//! | what | where |
//! |---|---|
//! | from a canary's weight to numbers of pods | [`logic::rollout::weight`], [`logic::rollout::replicas`] |
//! | from a failed analysis to a revert in Git | [`logic::rollout::analyses`], [`logic::revert`], [`engine::delivery`] |
//! | where a credential for Git is read | [`engine::setup`] (of a Secret), [`world::git`] (shown, never told) |
//! | by which key a list merges | [`api::listkeys`], [`merge`] |
//! | how the patch of a status is made | [`logic::rollout::status`], [`logic::analysis::status`] |
//! | a new metric provider | [`logic::analysis::providers`], its settings [`api::provider`] |
//! | a new traffic router | [`logic::traffic::routers`] |
//! | a new forge | [`world::forge`] |
//! | a new verb of the command line | [`front::cli::verbs`] |
//!
//! Words of the field and of our own:
//!
//! | word | meaning |
//! |---|---|
//! | [Rollout](api::rollout::Rollout) | a Deployment that climbs: by steps (canary) or by a switch (blue-green) |
//! | ReplicaSet | the pods of one template; a Rollout has one for each revision that it keeps |
//! | revision | one pod template of a Rollout, by its number or by its [hash](api::podhash) |
//! | stable, canary | the revision promoted last; the one that is to follow it |
//! | [step](api::step::Step), [weight](logic::rollout::weight) | one rung of the climb; the percentage that the canary gets |
//! | [AnalysisRun](api::run::AnalysisRun) | one measuring of metrics while a Rollout climbs; its end moves the Rollout or aborts it |
//! | [source](engine::delivery) | one branch and folder of a repository |
//! | delivery | bringing a source to the cluster: read, plan, apply, prune, go back |
//! | [inventory](api::inventory::Inventory) | what is written down in the cluster of a delivery: which objects are ours |
//! | [fence](api::inventory::Fence) | a commit that is not applied again until somebody reverts its revert |
//! | [pending revert](logic::revert::PendingRevert) | a revert that a failed Rollout, or a user's undo, asks of Git; tried until Git takes it |
//! | [index](engine::index), row | what the engine knows of the cluster; what it keeps of one object |
//! | reconcile | one pass over one object or source: read, decide, write |
//! | debounce | to hold back a status that differs only in counts, for more of them |
//! | wake | to say that something is to be reconciled again, now or at a time |
//! | floor, room, map | a part of this house; a file; the opening of its folder that names all files in it |
// The maps name the rooms that are ours alone too.
// What nobody outside uses is not `pub`, so that the compiler sees what nobody uses at all.
#![deny(unreachable_pub)]

pub mod engine;
pub mod front;
pub mod logic;
pub mod world;

pub use switchback_api as api;
pub use switchback_base as base;
pub use switchback_merge as merge;
pub use switchback_sandbox as sandbox;
