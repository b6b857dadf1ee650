//! GitHub: which hosts are its own, and what it calls a change that is asked for.
//! It never asks GitHub anything.

use super::host::Forge;

/// GitHub.
pub(crate) const FORGE: Forge =
    Forge { name: "GitHub", request: "pull request", host: "github.com", label: "github" };
