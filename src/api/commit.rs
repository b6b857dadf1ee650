//! Decides what is known of a commit: its names, its words and the files it changed.
//! It never reads a repository.

use jiff::Timestamp;

/// A commit as it is written down in a history, apart from how Git stores it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitRecord {
    /// 40 hexadecimal digits.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When it was made.
    pub time: Timestamp,
    /// The whole message.
    pub message: String,
    /// Its parents, first parent first.
    pub parents: Vec<String>,
}

impl CommitRecord {
    /// The first line of the message.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// The first digits of the name, enough for people.
    #[must_use]
    pub fn short(&self) -> &str {
        short(&self.id)
    }
}

/// The first digits of a commit's name, enough for people.
#[must_use]
pub fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

/// A file that a commit changed, compared with its first parent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChange {
    /// Path from the root of the repository.
    pub path: String,
    /// Content before; none when the file is new.
    pub old: Option<Vec<u8>>,
    /// Content after; none when the file is gone.
    pub new: Option<Vec<u8>>,
}
