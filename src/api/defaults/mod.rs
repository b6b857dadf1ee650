//! Decides which fields the API server fills in when an object leaves them out, for the built-in kinds.
//! It never allocates (cluster IPs, node ports, uids), never validates, and never runs admission.
//!
//! Objects whose fields have the wrong types are left alone there; validation speaks of them.
//!
//! - [`object`]: the door: which kind has which defaults
//! - [`pod`], [`volume`], [`workload`], [`service`], [`policy`]: the kinds
//! - [`image`]: when an image is pulled
//! - [`fill`]: when a field counts as not given
//! - [`equal`]: whether two templates are equal once defaults are filled in

mod equal;
mod fill;
mod image;
mod object;
mod pod;
mod policy;
mod service;
mod volume;
mod workload;

pub(crate) use equal::bare;
pub use equal::{Injected, templates_equal};
pub use object::apply;
pub use pod::pod_template;
