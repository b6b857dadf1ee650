//! The forges: hosts of repositories that let people ask for a change which nobody may push.
//! Nothing here decides whether a change is asked for. Each forge is one file, listed once in [`ALL`].
//!
//! - [`github`]: GitHub and GitHub Enterprise.
//! - [`gitlab`]: GitLab and its self-managed installations.

pub(crate) mod github;
pub(crate) mod gitlab;

/// A forge, as far as forges differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Forge {
    /// Its name, for people.
    pub(crate) name: &'static str,
    /// What it calls a change that is asked for.
    pub(crate) request: &'static str,
    /// The host of its public service.
    host: &'static str,
    /// The first part of the host's name where companies run it themselves.
    label: &'static str,
}

/// Every forge.
pub(crate) const ALL: &[&Forge] = &[&github::FORGE, &gitlab::FORGE];

/// The forge whose repositories are on `host`; none for a host that no forge is known by.
#[must_use]
pub(crate) fn of(host: &str) -> Option<&'static Forge> {
    let host = host.to_ascii_lowercase();
    let label = host.split_once('.').map(|(label, _)| label);
    ALL.iter().copied().find(|forge| host == forge.host || label == Some(forge.label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forges_are_known_by_their_hosts() {
        let name = |host: &str| of(host).map(|forge| forge.name);
        assert_eq!(name("GitHub.com"), Some("GitHub"));
        assert_eq!(name("github.example.com"), Some("GitHub"));
        assert_eq!(name("gitlab.com"), Some("GitLab"));
        assert_eq!(name("git.example.com"), None);
        assert_eq!(name("notgithub.com"), None);
        assert_eq!(name("github"), None);
    }
}
