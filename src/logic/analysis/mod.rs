//! How analyses are put together, measured and judged.
//! Nothing here asks a metric provider; `world::probe` does.

pub mod args;
pub mod compose;
pub mod decide;
pub mod judge;
pub mod measure;
pub mod prometheus;
pub mod validate;
