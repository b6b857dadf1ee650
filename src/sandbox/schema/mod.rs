//! Structural schemas of custom kinds: what a definition says about the fields of its objects, and what follows.
//! Nothing here knows a kind; CEL rules (`x-kubernetes-validations`) are not evaluated.
//!
//! - [`view`]: how a schema is read
//! - [`check`]: what is wrong with an object
//! - [`lists`]: whether sets and maps hold every item once
//! - [`format`](mod@format): whether a text has a format
//! - [`fill`]: defaults, and nulls that are no values
//! - [`prune`]: fields that the schema does not know
//! - [`whole`]: whole numbers without a fraction

pub(crate) mod check;
pub(crate) mod fill;
pub(crate) mod format;
pub(crate) mod lists;
pub(crate) mod prune;
mod view;
mod whole;

pub(crate) use view::Schema;
pub(crate) use whole::whole_numbers;
