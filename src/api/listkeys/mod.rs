//! Decides what merging must know about a kind: which fields it has, how each list and map merges, and by which keys.
//! It never looks at an object, never validates one and never asks a server; it is data and a way to walk it.
//!
//! Two systems of list keys live side by side, as in Kubernetes: a strategic merge patch finds the items of a list
//! by **one** key ([`PatchStrategy`]), server-side apply by several ([`Relation::Keys`]). A container's ports merge by
//! `containerPort` in the first and by `containerPort` and `protocol` in the second.
//!
//! ```
//! use switchback_api::listkeys::{Relation, Schema};
//! let deployment = Schema::of("apps/v1", "Deployment").expect("a kind of Kubernetes");
//! let containers = deployment.at(&["spec", "template", "spec", "containers"]).expect("declared");
//! assert_eq!(containers.patch().key(), Some("name"));
//! let ports = containers.items().field("ports").expect("declared");
//! let keys = ["containerPort".to_owned(), "protocol".to_owned()];
//! assert!(matches!(ports.list().map(|l| &l.relation), Some(Relation::Keys(k)) if *k == keys));
//! ```
//!
//! - [`schema`]: the door: a kind's schema, and how it is walked
//! - [`graph`]: what the types of a schema are made of
//! - [`table`]: the built-in kinds, read from `builtin.txt`
//! - [`openapi`]: the definitions of custom resources

mod graph;
mod openapi;
mod schema;
mod table;
#[cfg(test)]
mod tests;

pub use graph::{List, Map, PatchStrategy, Relation, Scalar};
pub use schema::Schema;
