//! Measurements are taken action by action, whichever their provider; the errors keep their texts.
//! Nothing is asked: each reply is made up.
//!
//! - [`measuring`]: one measurement of any provider, and what the others share
//! - [`web`], [`prometheus`], [`job`]: what each provider is asked, and what its answers mean
//! - [`secret`]: what comes from Secrets
//! - [`spec`]: which runs are refused before anything is measured

mod job;
mod measuring;
mod prometheus;
mod secret;
mod spec;
mod web;
