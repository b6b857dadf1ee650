//! The forges: hosts of repositories that let people ask for a change which nobody may push.
//! Nothing here decides whether a change is asked for. Each forge is one file, listed once in [`ALL`].
//!
//! - [`host`]: what a forge is, and which hosts are its own
//! - [`github`]: GitHub and GitHub Enterprise
//! - [`gitlab`]: GitLab and its self-managed installations

pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod host;

pub(crate) use host::Forge;

/// Every forge.
pub(crate) const ALL: &[&Forge] = &[&github::FORGE, &gitlab::FORGE];

/// The forge whose repositories are on `host`; none for a host that no forge is known by.
#[must_use]
pub(crate) fn of(host: &str) -> Option<&'static Forge> {
    let host = host.to_ascii_lowercase();
    ALL.iter().copied().find(|forge| forge.owns(&host))
}
