//! The web server: how pages are served, and which there are; each page, or group of pages, is a router in one file.
//! Nothing here decides which of them an engine has.
//!
//! - [`server`]: on which port pages are served, and how they end
//! - [`metrics`]: what Prometheus reads
//! - [`health`]: whether we live, and are ready

pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod server;

pub(crate) use server::{Server, listen};
