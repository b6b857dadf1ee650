//! Merging: what to send to a cluster so that it holds what Git says, and what an API server makes of it.
//! Nothing here reads, writes or waits; everything is a function from JSON values to JSON values.
//!
//! - [`json`]: RFC 7396 merge patches; kubectl patch --type merge, custom resources
//! - [`smp`]: strategic merge patches; kubectl apply, kubectl patch, built-in kinds
//! - [`three`]: three-way merge of last applied, desired and live; what kubectl apply and the operator send
//! - [`fields`]: sets of fields, as managedFields holds them
//! - [`managed`]: how their owners are read and written
//! - [`apply`]: server-side apply, and tracking of other writes
//! - [`typed`]: values read under the schema of their kind
//! - [`text`]: values as Go prints them
//!
//! By which key a list merges is data: [`listkeys`](crate::api::listkeys).
//!
//! The operator plans with it and the sandbox answers with it, so each test against a real API server proves both.
#![warn(unreachable_pub)]

use switchback_api as api;
use switchback_base as base;

pub mod apply;
pub mod fields;
pub mod json;
mod managed;
pub mod smp;
mod text;
pub mod three;
mod typed;

use serde_json::{Map, Value};

/// A JSON object.
type Object = Map<String, Value>;

/// Why a patch cannot be made or applied. The texts are an API server's own, so that the sandbox can answer with
/// them; [`MergeError::status`] is the HTTP status that goes with each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The patch or the object is not a JSON object.
    #[error("invalid JSON document")]
    NotAnObject,
    /// An item of a merging list lacks the field that tells it apart; add that field to the item.
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item, as Go prints maps.
        item: String,
        /// The field.
        key: String,
    },
    /// The items of a merging list are lists.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// A `$deleteFromPrimitiveList/x` has no `x`.
    #[error("invalid patch format of primitive list")]
    PrimitiveListFormat,
    /// A `$retainKeys` is no list, or lacks a field that the patch sets.
    #[error("invalid patch format of retainKeys")]
    RetainKeysFormat,
    /// A `$setElementOrder/x` is no list or has no `x`, or two patches to be combined differ in theirs.
    #[error("invalid patch format of setElementOrder list")]
    ElementOrderFormat,
    /// A `$patch` says something else than `replace` or `delete`.
    #[error("unknown patch type: {directive} in map: {item}")]
    UnknownDirective {
        /// What it says.
        directive: String,
        /// The map it stands in, as Go prints maps.
        item: String,
    },
    /// An item of a list says `$patch: merge`, which is the default and cannot be said.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    /// The items of a merging list are of different types.
    #[error("list element types are not identical: {lists}")]
    MixedItems {
        /// The lists, as Go prints them.
        lists: String,
    },
    /// An order is given for a list that is empty.
    #[error("no elements in any of the given slices")]
    NoItems,
    /// The list holds maps, but the kind declares no field that tells them apart.
    #[error("cannot merge lists without merge key for struct")]
    NoKeyDeclared,
    /// A value is of another type than its place demands.
    #[error("expected a {expected}, but received a {found}")]
    WrongType {
        /// Go's name of the demanded type.
        expected: &'static str,
        /// Go's name of the type found.
        found: &'static str,
    },
    /// The items of a list stand in another order than its `$setElementOrder` says, or are missing in it.
    #[error("The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n")]
    Order {
        /// The list, as Go prints it.
        patch: String,
        /// The order, as Go prints it.
        order: String,
    },
}

impl MergeError {
    /// The HTTP status an API server answers with: 400 for a malformed patch, 422 for lists of lists, else 500.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotAnObject
            | Self::PrimitiveListFormat
            | Self::RetainKeysFormat
            | Self::ElementOrderFormat => 400,
            Self::ListOfLists => 422,
            _ => 500,
        }
    }
}
