//! The nouns on the wire: kinds, keys, Rollouts, analyses, and the facts about them that are data.
//! Nothing here decides what to do with an object.

pub mod defaults;
pub mod kinds;
pub mod listkeys;
pub mod podhash;
pub mod quantity;
