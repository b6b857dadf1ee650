//! What people can ask about: a page for each concept, and the fields of our kinds in their definitions' own words.
//! Nothing here asks a cluster. Arrows point downwards:
//!
//! - [`topics`]: the pages, and which word leads to which
//! - [`fields`]: a field by its path, as `kubectl explain` has it
//! - [`nearest`](mod@nearest): what somebody may have meant

pub(crate) mod fields;
pub(crate) mod nearest;
pub(crate) mod topics;
