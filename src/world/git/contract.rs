//! The nouns and verbs of Git that the rest of Switchback knows: commits, files, changes, and the trait [`Git`].
//! They say nothing about how objects are stored or moved; the simulation implements the same trait in memory.

use super::error::GitError;
use crate::api::ids::{CommitId, TreeId};
use crate::world::forge::Forge;
use bytes::Bytes;
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::sync::Arc;

/// A commit, as Git stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The commit's id.
    pub id: CommitId,
    /// The ids of its true parents, first parent first, also when a shallow mirror does not hold them.
    pub parents: Vec<CommitId>,
    /// The author's name.
    pub author: String,
    /// The author's e-mail address, possibly empty.
    pub email: String,
    /// When it was committed (the committer's time: unlike the author's it is not carried over by a rebase).
    pub time: Timestamp,
    /// The whole message as stored; bytes that are not text in the declared encoding become U+FFFD.
    pub message: String,
}

impl Commit {
    /// The message's first paragraph in one line, as `git log --format=%s` prints it.
    #[must_use]
    pub fn subject(&self) -> String {
        let lines = self.message.lines().skip_while(|line| line.trim().is_empty());
        lines.take_while(|line| !line.trim().is_empty()).map(str::trim_end).collect::<Vec<_>>().join(" ")
    }
}

/// What a path in a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A file, executable or not.
    Regular,
    /// A symbolic link; it is reported, never followed.
    Symlink,
    /// A symbolic link to a directory of the same commit; [`Git::changes`] does not look where a link leads.
    FolderLink,
    /// Another repository's commit; it is reported, never fetched.
    Submodule,
}

/// Says of a path and the id of the blob there whether its content is known, so that it is not read again.
pub type Known = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// Nothing is known, so that everything is read.
#[must_use]
pub fn nothing_known() -> Known {
    Arc::new(|_, _| false)
}

/// Which changes of commits are asked for, one commit after the other.
#[derive(Clone)]
pub struct Interest {
    /// Of which paths; others are not read.
    pub path: fn(&str) -> bool,
    /// Which of those; others are not kept.
    pub change: Arc<dyn Fn(&PathChange) -> bool + Send + Sync>,
}

impl Interest {
    /// All changes are asked for.
    #[must_use]
    pub fn all() -> Self {
        Self { path: |_| true, change: Arc::new(|_| true) }
    }
}

/// One path in a commit's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path from the repository's root, parts separated by `/`. A path that is not UTF-8 appears as
    /// `git ls-files` prints it: in double quotes with octal escapes, so that no two paths look the same.
    pub path: String,
    /// What is there.
    pub kind: FileKind,
    /// The blob's id, 40 hexadecimal digits; for a submodule the id of its commit.
    pub blob: String,
    /// The blob's size in bytes; 0 for a submodule and for what is known.
    pub size: u64,
    /// The content, byte for byte as committed; none when larger than the limit, not a regular file, or known.
    pub content: Option<Bytes>,
}

/// A path whose content or kind differs between a commit and its first parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// The path, written as in [`File::path`].
    pub path: String,
    /// What was there before; none when the commit added the path.
    pub old: Option<File>,
    /// What is there now; none when the commit removed the path.
    pub new: Option<File>,
}

/// A commit to be undone, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The commit.
    pub commit: CommitId,
    /// How much of it.
    pub how: UndoHow,
}

/// Files with their content, none where there is no file.
pub type Files = Vec<(String, Option<Bytes>)>;

/// How a commit is undone: the step that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoHow {
    /// From the commit to its first parent.
    Whole,
    /// From the commit to itself with these files.
    Part(Files),
    /// From what undoing the commits before it comes to with some files, to the same with others.
    Step {
        /// The files with what is undone.
        with: Files,
        /// The files without it.
        without: Files,
    },
}

impl Undo {
    /// The whole of a commit.
    #[must_use]
    pub fn whole(commit: CommitId) -> Self {
        Self { commit, how: UndoHow::Whole }
    }
}

/// What undoing commits comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverted {
    /// The tree in which the commits are undone; nothing is committed yet.
    Tree {
        /// The tree's id, for [`Git::commit`].
        id: TreeId,
        /// How many paths differ from the commit it is put onto.
        files: usize,
    },
    /// Nothing is left to revert: the commits are undone already.
    Empty,
    /// Later commits changed the same lines; a human has to decide.
    Conflict {
        /// The commit that cannot be undone.
        commit: CommitId,
        /// The paths in conflict, sorted.
        paths: Vec<String>,
    },
}

/// How a push ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The branch is at the commit.
    Done,
    /// Somebody moved the branch since it was fetched; fetch, and make the commit anew.
    Moved,
    /// The server (or the work tree's state) does not allow it.
    Refused {
        /// Its reason, made safe to show.
        why: String,
        /// The forge that the repository is on, where a change could be asked for instead.
        forge: Option<&'static Forge>,
    },
}

/// Who makes a commit: author and committer alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name; not empty once Git's cleaning has taken off surrounding punctuation.
    pub name: String,
    /// The e-mail address; may be empty.
    pub email: String,
}

/// One branch of one repository.
///
/// Commit and tree ids are 40 hexadecimal digits. Every method fails with a [`GitError`] that names the
/// repository and what to do next; an id that is not known is [`GitError::UnknownCommit`], one that is no id is
/// [`GitError::Invalid`].
pub trait Git: Send + Sync {
    /// The repository's address without credentials, for messages.
    fn name(&self) -> String;

    /// A word that changes with the credentials shown to the server; nobody can tell them from it.
    ///
    /// # Default
    /// Always the same: there are none.
    fn credentials(&self) -> String {
        String::new()
    }

    /// Brings the branch up to date, also after a forced push, and answers its head.
    fn fetch(&self) -> BoxFuture<'_, Result<Commit, GitError>>;

    /// The files of `commit` under `path` that `wanted` picks by their paths, and every link and submodule, sorted by
    /// path, read from the tree. `.` is the whole repository. What is not picked is neither read nor counted, and the
    /// content of what is `known` is not read.
    ///
    /// # Errors
    /// [`GitError::NoPath`] when the commit has nothing at `path`: a moved directory must not look like an empty
    /// one. [`GitError::TooLarge`] when there is more than the limits allow.
    fn files(
        &self,
        commit: &CommitId,
        path: &str,
        wanted: fn(&str) -> bool,
        known: Known,
    ) -> BoxFuture<'_, Result<Vec<File>, GitError>>;

    /// The same of a tree that [`Git::revert`] came to.
    fn files_in(
        &self,
        tree: &TreeId,
        path: &str,
        wanted: fn(&str) -> bool,
    ) -> BoxFuture<'_, Result<Vec<File>, GitError>>;

    /// The commits that `head` descends from and `until` does not, through all parents, every commit before its
    /// parents; empty when they are the same.
    ///
    /// # Errors
    /// [`GitError::Rewritten`] when `until` is not an ancestor of `head`; [`GitError::TooLong`] when there are more
    /// than `most`.
    fn history(
        &self,
        head: &CommitId,
        until: &CommitId,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Commit>, GitError>>;

    /// What each of `commits`, one after the other, changed under `path` against its first parent (everything, when it has
    /// none), by path, as far as it is of `interest`. A renamed file is one path removed and another added.
    fn changes(
        &self,
        commits: &[CommitId],
        path: &str,
        interest: Interest,
    ) -> BoxFuture<'_, Result<Vec<Vec<PathChange>>, GitError>>;

    /// All paths that `commit` changed against its first parent, in the whole repository, sorted.
    fn paths(&self, commit: &CommitId) -> BoxFuture<'_, Result<Vec<String>, GitError>>;

    /// Undoes `commits` on top of `onto`, one after the other in the order given (newest first), without
    /// committing. Merges are undone against their first parent.
    fn revert(&self, onto: &CommitId, commits: &[Undo]) -> BoxFuture<'_, Result<Reverted, GitError>>;

    /// Makes a commit of `tree` on top of `onto` and answers its id; nothing is pushed. The object is the one
    /// `git commit` would make at `time` in UTC, message and names cleaned as Git cleans them.
    fn commit(
        &self,
        onto: &CommitId,
        tree: &TreeId,
        message: &str,
        author: &Author,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<CommitId, GitError>>;

    /// Moves the branch to `commit`, only forward and only from where [`Git::fetch`] saw it last.
    fn push(&self, commit: &CommitId) -> BoxFuture<'_, Result<Pushed, GitError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_message(message: &str) -> Commit {
        Commit {
            id: "0".repeat(40).into(),
            parents: vec![],
            author: "Ada".into(),
            email: String::new(),
            time: Timestamp::UNIX_EPOCH,
            message: message.into(),
        }
    }

    #[test]
    fn the_subject_is_the_first_paragraph_in_one_line() {
        assert_eq!(with_message("web: new\ncheckout  \n\nbody\n").subject(), "web: new checkout");
        assert_eq!(with_message("\n\nlate\n").subject(), "late");
        assert_eq!(with_message("").subject(), "");
        assert_eq!(with_message("one\r\n\r\ntwo").subject(), "one");
    }
}
