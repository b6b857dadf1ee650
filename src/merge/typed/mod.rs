//! Values read under the schema of their kind: their fields, their differences, one laid over another.
//! Nothing here decides who owns a field.
//!
//! - [`shape`](mod@shape): as what a value is read
//! - [`step`]: by which step a path leads to an item of a list
//! - [`leaves`]: which fields a value has, and what is left without some
//! - [`check`](mod@check): whether a configuration fits its schema
//! - [`compare`](mod@compare): which fields differ
//! - [`overlay`](mod@overlay): what an object is after a configuration has been laid over it

mod check;
mod compare;
mod leaves;
mod overlay;
mod shape;
mod step;

pub(super) use check::check;
pub(super) use compare::{Comparison, compare};
pub use leaves::{fields_of, without};
pub(super) use overlay::overlay;
pub(super) use shape::is_atomic;
use shape::{Shape, atomic_list, atomic_map, settled, shape};
use step::step_to;
