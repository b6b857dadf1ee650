//! The forges: hosts of repositories that let people ask for a change which nobody may push.
//! Nothing here decides whether a change is asked for. Each forge is one file, listed once in [`ALL`].
//!
//! - [`host`]: what a forge is, and which hosts are its own
//! - [`github`]: GitHub and GitHub Enterprise
//! - [`gitlab`]: GitLab and its self-managed installations

pub mod github;
pub mod gitlab;
pub mod host;

pub use host::Forge;

/// Every forge.
pub const ALL: &[&Forge] = &[&github::FORGE, &gitlab::FORGE];

/// The forge whose repositories are on `host`; none for a host that no forge is known by.
#[must_use]
pub fn of(host: &str) -> Option<&'static Forge> {
    let host = host.to_ascii_lowercase();
    ALL.iter().copied().find(|forge| forge.owns(&host))
}
