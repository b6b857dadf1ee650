//! Decides which Deliveries share a mirror: those of the same branch of the same repository with the same credentials.
//! It never fetches.

use crate::api::object_name::ObjectName;
use crate::engine::setup::GitCredentials;
use crate::world::git::{GitError, Mirror, Options};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

/// What makes two mirrors the same: URL, branch, the Secret with credentials, and which of its contents.
type Same = (String, String, Option<ObjectName>, u64);

/// The mirrors in use.
pub(crate) struct Repositories {
    cache: PathBuf,
    open: BTreeMap<Same, Weak<Mirror>>,
}

impl Repositories {
    /// None yet; they live in the folder `cache`.
    #[must_use]
    pub(crate) fn new(cache: PathBuf) -> Self {
        Self { cache, open: BTreeMap::new() }
    }

    /// The mirror of a branch, reached with the credentials of a Secret in their state `number`.
    ///
    /// # Errors
    /// An address or a branch that is none.
    pub(crate) fn open(
        &mut self,
        url: &str,
        branch: &str,
        secret: Option<(&ObjectName, &GitCredentials, u64)>,
    ) -> Result<Arc<Mirror>, GitError> {
        let number = secret.map_or(0, |(_, _, number)| number);
        let same = (url.to_owned(), branch.to_owned(), secret.map(|(name, _, _)| name.clone()), number);
        if let Some(mirror) = self.open.get(&same).and_then(Weak::upgrade) {
            return Ok(mirror);
        }
        let mut options = Options::new(url, branch, &self.cache);
        if let Some((_, credentials, _)) = secret {
            credentials.put_into(&mut options);
        }
        let mirror = Arc::new(Mirror::open(options)?);
        self.open.retain(|_, mirror| mirror.strong_count() > 0);
        self.open.insert(same, Arc::downgrade(&mirror));
        Ok(mirror)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mirror_serves_all_who_deliver_the_same() {
        let mut all = Repositories::new("/m".into());
        let mut open = |url: &str, branch: &str| all.open(url, branch, None).unwrap();
        let (one, two) =
            (open("https://example.com/a.git", "main"), open("https://example.com/a.git", "main"));
        assert!(Arc::ptr_eq(&one, &two));
        assert!(!Arc::ptr_eq(&one, &open("https://example.com/a.git", "next")));
        drop((one, two));
        open("https://example.com/b.git", "main");
        assert_eq!(all.open.len(), 1, "those that nobody uses are forgotten");
        let (name, shown) = (ObjectName::new("shop", "git"), GitCredentials::default());
        let mut with =
            |number| all.open("https://example.com/b.git", "main", Some((&name, &shown, number))).unwrap();
        assert!(!Arc::ptr_eq(&with(1), &with(2)), "other credentials are shown from then on");
    }
}
