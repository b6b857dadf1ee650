//! What each metric provider is asked, and what its answers mean: one file per provider, each listed once in [`ALL`].
//! Nothing here sends a question, and nothing outside knows a provider by its word.
//!
//! - [`provider`]: the seam: what a provider is, and what it says is next
//! - [`choice`]: which of them a metric names
//! - [`prometheus`], [`web`], [`job`]: the providers
//!
//! A new provider is a file here, a line in [`ALL`] and its settings in `api::provider`.

pub mod choice;
pub mod job;
pub mod prometheus;
pub mod provider;
pub mod web;

pub use choice::{askable, of, unknown};
use provider::Provider;

/// Every provider we know.
pub const ALL: &[Provider] = &[prometheus::PROVIDER, web::PROVIDER, job::PROVIDER];
