//! Switchback: GitOps progressive delivery for Kubernetes that can go back, in the cluster and in Git.
//!
//! The map of the house. Arrows point downwards only; `tests/pure/house.rs` holds the law.
//!
//! - [`front`] (command line, live view, pages) -> engine, logic, api, base, sandbox
//! - [`engine`] (index, queue, controllers, delivery) -> logic, world, api, base
//! - [`logic`] (thinking, pure) and [`world`] (touching: Git, cluster, providers) -> merge, api, base; never each other
//! - [`sandbox`] (an embedded Kubernetes API) -> merge, api, base
//! - [`merge`] (what to send to a cluster, and what it makes of it) -> api, base
//! - [`api`] (nouns on the wire) -> base
//! - [`base`] (tools that know no Kubernetes)
//!
//! The four lowest are crates of their own where they stand, so that rustc holds their arrows.
//!
//! The flow reads down the page: [`world::git`] -> [`logic::manifest`] -> [`merge`] -> [`logic::plan`] ->
//! [`engine::delivery`] -> [`world::cluster`] -> [`engine::index`] -> [`logic::rollout`] -> [`world::cluster`] ->
//! [`logic::revert`] -> [`world::git`].

#![deny(rustdoc::broken_intra_doc_links)]
// The maps name the rooms that are ours alone too.
#![allow(rustdoc::private_intra_doc_links)]
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
