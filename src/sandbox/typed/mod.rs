//! Decides what the kinds of Kubernetes itself look like: which fields they have, of which Go type, and which of them
//! are written out when they are empty. It is data; `fit` and `strict` read objects with it and never change it.
//!
//! - [`shape`]: what can be said of a value's shape
//! - [`table`]: which types and kinds there are
//! - [`fit`]: how a JSON object becomes an object of a kind
//! - [`strict`]: which fields a kind does not have, and which occur twice

pub(crate) mod fit;
mod shape;
pub(crate) mod strict;
mod table;

pub(crate) use shape::{Field, Shape, Type};
pub(crate) use table::{at, named, of};
