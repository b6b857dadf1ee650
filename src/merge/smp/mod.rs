//! Strategic merge patches: what they do to an object of a built-in kind, and which of them leads where.
//! Nothing here knows which kind it is: the schema says how each list and map merges.
//!
//! - [`apply`](mod@apply): what a patch does
//! - [`keyed`]: which patch to send, with the lists whose key does not tell their items apart
//! - [`doubles`]: the items of a list in which one key stands twice
//! - [`delta`]: which patch leads from one state to another
//! - [`order`]: the order of a merged list
//! - [`directive`]: how directives are written
//!
//! A patch may hold these directives, which work as on an API server:
//!
//! | in | directive | effect |
//! |---|---|---|
//! | a map | `$patch: replace` | the map becomes what else the patch says |
//! | a map | `$patch: delete` | the map becomes empty |
//! | an item of a merging list | `$patch: delete` | every item with the same merge key goes |
//! | an item of a merging list | `$patch: replace` | the list becomes the other items of the patch |
//! | a map | `$retainKeys: [a, b]` | all other fields go |
//! | beside a list `x` | `$deleteFromPrimitiveList/x` | these scalars go |
//! | beside a list `x` | `$setElementOrder/x` | the items stand in this order |
//!
//! `$patch: merge` is what happens anyway; API servers refuse to read it, and so does this module.

mod apply;
pub(super) mod delta;
pub(super) mod directive;
mod doubles;
mod keyed;
pub(super) mod order;

pub use apply::apply;
pub use keyed::{diff, strategic, three_way};
