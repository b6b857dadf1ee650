//! Switchback: GitOps progressive delivery for Kubernetes that can go back, in the cluster and in Git.
//!
//! The map of the house. Arrows point downwards only; `tests/pure/house.rs` holds the law.
//!
//! ```text
//! front    cli, live view                    -> engine, logic, api, base, sandbox
//! engine   index, queue, loops               -> logic, world, api, base
//! logic    thinking (pure)                   -> api, base
//! world    touching (git, cluster, probes)   -> api, base
//! sandbox  an embedded Kubernetes API        -> logic::merge, api, base
//! api      nouns on the wire                 -> base
//! base     tools that know no Kubernetes
//! ```
//!
//! The flow reads down the page: `world::git` -> `logic::manifest` -> `logic::merge` -> `logic::plan` ->
//! `engine::deliver` -> `world::cluster` -> `engine::index` -> `logic::rollout` -> `world::cluster` ->
//! `logic::revert` -> `world::git`.

pub mod engine;
pub mod front;
pub mod logic;
pub mod world;

pub use switchback_api as api;
pub use switchback_base as base;
pub use switchback_merge as merge;
pub use switchback_sandbox as sandbox;
