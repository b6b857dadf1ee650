//! Scenarios told to the real program and the real git, from the command line to the objects in a cluster: what a
//! user does, and what must then be seen. It never calls the engine of this crate in its own process.
//!
//! ```text
//! cargo test --test e2e                                the embedded cluster, as `switchback sandbox` serves it
//! SWITCHBACK_KUBECONFIG=... cargo test --test e2e      a real control plane (tests/cluster/plane up)
//! ```

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)] // a test may stop where it stands

mod api;
mod controller;
mod crash;
mod definitions;
mod deliveries;
mod ends;
mod forms;
mod going;
mod jobs;
mod kubectl;
mod looking;
mod manifests;
mod measuring;
mod metadata;
mod numbers;
mod operators;
mod pages;
mod plugin;
mod program;
mod prometheus;
mod repository;
mod rights;
#[path = "../world/git/server.rs"]
#[allow(dead_code)] // the tests of Git use the rest of it
mod server;
mod stage;
mod story;
mod takeover;
mod trouble;
mod verbs;
mod versioned;
