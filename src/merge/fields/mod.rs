//! Sets of fields, as `metadata.managedFields` holds them, and the paths and values they are made of.
//! Nothing here decides who owns a set.
//!
//! - [`atom`]: how values inside paths compare
//! - [`step`]: what a path is and how it is printed
//! - [`set`]: how sets combine
//! - [`wire`]: how a set is written in `managedFields`

mod atom;
mod set;
mod step;
mod wire;

pub use super::typed::{fields_of, without};
pub use atom::Atom;
pub(crate) use atom::equal;
pub use set::FieldSet;
pub(crate) use step::below;
pub use step::{Path, Step, path_text};
pub use wire::FieldsError;

#[cfg(test)]
mod tests;
