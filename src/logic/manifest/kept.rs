//! Decides what is kept of the files of a commit, so that the next one is read only where it differs. It never holds a
//! file that something was wrong with: that one is read, and told, each time.

use crate::api::kinds::Kind;
use crate::logic::manifest::Manifest;
use crate::logic::manifest::skipped::Skipped;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a file came to.
#[derive(Debug, PartialEq)]
pub(crate) struct ReadFile {
    /// Its content.
    pub(crate) content: Bytes,
    /// The manifests in it.
    pub(crate) manifests: Vec<Manifest>,
    /// What of it is no manifest.
    pub(crate) skipped: Vec<Skipped>,
    /// The kinds that it defines.
    pub(crate) kinds: Vec<Kind>,
}

/// What the files of one commit came to, by path, each with its blob.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadFiles {
    files: BTreeMap<String, (String, Arc<ReadFile>)>,
}

impl ReadFiles {
    /// What the file at `path` came to, if its content is `blob` still.
    #[must_use]
    pub(crate) fn get(&self, path: &str, blob: &str) -> Option<&Arc<ReadFile>> {
        self.files.get(path).filter(|(known, _)| known == blob).map(|(_, file)| file)
    }

    /// Keeps what the file at `path` came to.
    pub(crate) fn insert(&mut self, path: &str, blob: &str, file: Arc<ReadFile>) {
        self.files.insert(path.to_owned(), (blob.to_owned(), file));
    }

    /// How many files are kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }
}
