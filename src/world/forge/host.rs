//! Decides what a forge is, as far as forges differ, and which hosts are its own.
//! It never knows one by its name; each stands in a file of its own.

/// A forge, as far as forges differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Forge {
    /// Its name, for people.
    pub name: &'static str,
    /// What it calls a change that is asked for.
    pub request: &'static str,
    /// The host of its public service.
    pub(super) host: &'static str,
    /// The first part of the host's name where companies run it themselves.
    pub(super) label: &'static str,
}

impl Forge {
    /// Whether its repositories are on `host`, which is in small letters.
    pub(super) fn owns(&self, host: &str) -> bool {
        let label = host.split_once('.').map(|(label, _)| label);
        host == self.host || label == Some(self.label)
    }
}

#[cfg(test)]
mod tests {
    use crate::world::forge::of;

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
