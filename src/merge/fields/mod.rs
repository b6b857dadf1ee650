//! Sets of fields, as `metadata.managedFields` holds them, and the paths and values they are made of.
//! Nothing here decides who owns a set.
//!
//! - [`atom`]: how values inside paths compare
//! - [`path`]: what a path is and how it is printed
//! - [`set`]: how sets combine
//! - [`wire`]: how a set is written in `managedFields`

mod atom;
mod path;
mod set;
mod wire;

pub use super::typed::{fields_of, without};
pub use atom::Atom;
pub(crate) use atom::equal;
pub(crate) use path::below;
pub use path::{Path, PathElement, path_text};
pub use set::FieldSet;
pub use wire::FieldsError;

#[cfg(test)]
mod tests;
