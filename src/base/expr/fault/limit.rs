//! Decides how it is reported that an expression takes too much.
//! It never decides how much is too much.

use thiserror::Error;

/// Which bound an evaluation has hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(in crate::expr) enum Limit {
    /// With the number of steps that it may take.
    #[error("the expression takes more than {0} steps; make it or its data smaller")]
    Steps(u64),
    /// Elements or bytes (source: vm.go, `memGrow`).
    #[error("memory budget exceeded")]
    Memory,
    /// Lists within lists.
    #[error("recursion depth exceeded")]
    Depth,
}
