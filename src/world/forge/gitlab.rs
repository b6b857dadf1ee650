//! GitLab: which hosts are its own, and what it calls a change that is asked for.
//! It never asks GitLab anything.

use super::host::Forge;

/// GitLab.
pub(crate) const FORGE: Forge =
    Forge { name: "GitLab", request: "merge request", host: "gitlab.com", label: "gitlab" };
