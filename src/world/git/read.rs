//! Reading trees: the files of a commit, within limits of size and number.
//! It never checks anything out, never follows a link, and trusts no name in a tree.

use super::contract::{self, File, FileKind, Known};
use super::error::GitError;
use super::store::Store;
use super::text::shown;
use super::trouble::{Outcome, Trouble};
use crate::api::ids::{CommitId, TreeId};
use bytes::Bytes;
use git2::{ObjectType, Odb, Oid};
use std::collections::BTreeMap;
use std::fmt;

/// The deepest directory that is looked into.
const DEEPEST: usize = 100;
/// The longest text of a link that is looked at, in bytes.
const LONGEST_LINK: usize = 4096;
const TREE: i32 = 0o040_000;
const LINK: i32 = 0o120_000;
const COMMIT: i32 = 0o160_000;

/// An entry of a tree: its mode and what it names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// What kind it is of, and its rights.
    pub mode: i32,
    /// What it names.
    pub id: Oid,
}

impl Entry {
    /// The entry of a tree.
    pub(super) fn tree(id: Oid) -> Self {
        Self { mode: TREE, id }
    }

    fn kind(self) -> FileKind {
        match self.mode & 0o170_000 {
            LINK => FileKind::Symlink,
            COMMIT => FileKind::Submodule,
            _ => FileKind::Regular,
        }
    }

    /// The file it names, without size and content.
    fn file(self, path: &[u8]) -> File {
        File { path: shown(path), kind: self.kind(), blob: self.id.to_string(), size: 0, content: None }
    }

    /// Whether it names a directory.
    pub(super) fn is_tree(self) -> bool {
        is_tree(self.mode)
    }

    /// Whether it is of the same kind and content as another.
    pub(super) fn is_as(self, other: Self) -> bool {
        self.id == other.id && self.kind() == other.kind() && self.is_tree() == other.is_tree()
    }
}

/// Whether a mode is that of a directory.
pub(super) fn is_tree(mode: i32) -> bool {
    mode & 0o170_000 == TREE
}

/// How many names are listed of a directory that lacks one.
const NAMED: usize = 10;

/// How far a path leads that leads nowhere.
#[derive(Debug)]
pub(super) enum Gap {
    /// Its first part names something that has nothing below it.
    NoDirectory { place: String, kind: FileKind },
    /// A directory, the root when `place` is empty, lacks the next part; a few names it has instead.
    Missing { place: String, part: String, names: Vec<String>, more: bool },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDirectory { place, kind } => {
                let what = match kind {
                    FileKind::Symlink | FileKind::FolderLink => "a symbolic link, which is not followed",
                    FileKind::Submodule => "a submodule, which is not fetched",
                    FileKind::Regular => "a file",
                };
                write!(f, "`{place}` is {what}; name a directory")
            }
            Self::Missing { place, part, names, more } => {
                let place = if place.is_empty() { "the root".to_owned() } else { format!("`{place}`") };
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let has = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
                let more = if *more { ", …" } else { "" };
                write!(f, "{place} has no `{part}`, it has {has}{more}")
            }
        }
    }
}

/// One walk through trees, and what it has cost so far.
pub(super) struct Reader<'a> {
    store: &'a Store,
    odb: Odb<'a>,
    entries: usize,
    bytes: u64,
}

/// See [`Git::files`](super::contract::Git::files).
pub(super) fn files(
    store: &Store,
    commit: &CommitId,
    path: &str,
    wanted: fn(&str) -> bool,
    known: &Known,
) -> Outcome<Vec<File>> {
    let (_, raw) = store.find(commit)?;
    all_in(store, commit, raw.tree, path, wanted, known)
}

/// See [`Git::files_in`](super::contract::Git::files_in).
pub(super) fn files_in(
    store: &Store,
    tree: &TreeId,
    path: &str,
    wanted: fn(&str) -> bool,
) -> Outcome<Vec<File>> {
    let id = Oid::from_str(tree)?;
    all_in(store, &CommitId::from(tree.as_str()), id, path, wanted, &contract::nothing_known())
}

/// The files of `tree`, which is that of `commit`, under `path`.
fn all_in(
    store: &Store,
    commit: &CommitId,
    tree: Oid,
    path: &str,
    wanted: fn(&str) -> bool,
    known: &Known,
) -> Outcome<Vec<File>> {
    let parts = parts(path)?;
    let mut reader = Reader::new(store)?;
    let found = reader.descend(tree, &parts)?;
    let entry = found.map_err(|gap| GitError::NoPath {
        path: path.to_owned(),
        commit: commit.clone(),
        why: gap.to_string(),
    })?;
    let mut leaves = Vec::new();
    reader.leaves(parts.join("/").into_bytes(), entry, wanted, &mut leaves)?;
    let mut files = Vec::with_capacity(leaves.len());
    for (path, entry) in leaves {
        if let Some(file) = Some(entry).filter(|e| e.kind() == FileKind::Regular).map(|e| e.file(&path))
            && known(&file.path, &file.blob)
        {
            files.push(file);
            continue;
        }
        let mut file = reader.file(&path, entry)?;
        if file.kind == FileKind::Symlink && reader.leads_to_folder(tree, &path, entry)? {
            file.kind = FileKind::FolderLink;
        }
        files.push(file);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The parts of a path within the repository; `.` and `/` at the end mean nothing, `..` is refused.
pub(super) fn parts(path: &str) -> Result<Vec<&str>, GitError> {
    let bad = |why: &str| GitError::Invalid { what: format!("path {path:?}"), why: why.to_owned() };
    if path.starts_with('/') {
        return Err(bad("it begins at the root; write it from the repository's root, without `/` in front"));
    }
    if path.contains('\0') {
        return Err(bad("it has a NUL byte; remove it"));
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err(bad("`..` could lead out of the repository; write the path without it"));
    }
    Ok(parts)
}

impl<'a> Reader<'a> {
    pub(super) fn new(store: &'a Store) -> Outcome<Self> {
        Ok(Self { store, odb: store.repo.odb()?, entries: 0, bytes: 0 })
    }

    /// Begins another answer, which has the limits for itself.
    pub(super) fn begin(&mut self) {
        (self.entries, self.bytes) = (0, 0);
    }

    /// Counts so many entries that were looked at against the limit.
    pub(super) fn count(&mut self, entries: usize) -> Outcome<()> {
        self.entries = self.entries.saturating_add(entries);
        let limit = self.store.call.upstream.limits.paths;
        if self.entries > limit {
            return Err(self.too_large(format!("{} paths", self.entries), format!("{limit} paths")));
        }
        Ok(())
    }

    /// Refuses names that no honest tree has.
    pub(super) fn honest(&self, name: &[u8]) -> Outcome<()> {
        if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') {
            let why = format!("a tree has an entry named `{}`; run `git fsck` there", shown(name));
            return Err(GitError::Failed { repo: self.store.name(), why, source: None }.into());
        }
        Ok(())
    }

    /// The content of a tree, byte for byte.
    pub(super) fn tree(&self, id: Oid) -> Outcome<Vec<u8>> {
        let object = self.odb.read(id)?;
        match object.kind() {
            ObjectType::Tree => Ok(object.data().to_vec()),
            _ => Err(Trouble::Damaged(format!("{id} is no tree"))),
        }
    }

    /// A tree's entries by name, counted against the limit; names that no honest tree has are refused.
    fn entries(&mut self, tree: Oid) -> Outcome<BTreeMap<Vec<u8>, Entry>> {
        let tree = self.store.repo.find_tree(tree)?;
        self.count(tree.len())?;
        let mut entries = BTreeMap::new();
        for entry in &tree {
            let name = entry.name_bytes();
            self.honest(name)?;
            entries.insert(name.to_vec(), Entry { mode: entry.filemode_raw(), id: entry.id() });
        }
        Ok(entries)
    }

    fn too_large(&self, what: String, limit: String) -> Trouble {
        GitError::TooLarge { repo: self.store.name(), what, limit }.into()
    }

    /// What stands at `parts` below `tree`; else how far they lead.
    pub(super) fn descend(&mut self, tree: Oid, parts: &[&str]) -> Outcome<Result<Entry, Gap>> {
        let mut here = Entry { mode: TREE, id: tree };
        for (depth, part) in parts.iter().enumerate() {
            let so_far = parts.get(..depth).unwrap_or_default().join("/");
            if !here.is_tree() {
                return Ok(Err(Gap::NoDirectory { place: so_far, kind: here.kind() }));
            }
            let mut entries = self.entries(here.id)?;
            let Some(entry) = entries.remove(part.as_bytes()) else {
                let names = entries.keys().take(NAMED).map(|name| shown(name)).collect();
                let more = entries.len() > NAMED;
                return Ok(Err(Gap::Missing { place: so_far, part: (*part).to_owned(), names, more }));
            };
            here = entry;
        }
        Ok(Ok(here))
    }

    /// Every path at and below `path` that is no directory, of the files only those that `wanted` picks.
    fn leaves(
        &mut self,
        path: Vec<u8>,
        entry: Entry,
        wanted: fn(&str) -> bool,
        found: &mut Vec<(Vec<u8>, Entry)>,
    ) -> Outcome<()> {
        let mut waiting = vec![(path, entry)];
        while let Some((path, entry)) = waiting.pop() {
            if !entry.is_tree() {
                if entry.kind() != FileKind::Regular || wanted(&shown(&path)) {
                    found.push((path, entry));
                    self.not_too_many(found.len())?;
                }
                continue;
            }
            self.not_too_deep(&path)?;
            for (name, entry) in self.entries(entry.id)? {
                waiting.push((below(&path, &name), entry));
            }
        }
        Ok(())
    }

    /// Refuses more files than the limit allows.
    pub(super) fn not_too_many(&self, files: usize) -> Outcome<()> {
        let limit = self.store.call.upstream.limits.files;
        if files <= limit {
            return Ok(());
        }
        Err(self.too_large(format!("{files} files"), format!("{limit} files")))
    }

    /// Whether the link at `path` names a directory below `tree`, without following another link.
    fn leads_to_folder(&mut self, tree: Oid, path: &[u8], link: Entry) -> Outcome<bool> {
        let (size, _) = self.odb.read_header(link.id)?;
        if size > LONGEST_LINK {
            return Ok(false);
        }
        let named = target(path, self.odb.read(link.id)?.data());
        let Some(parts) = named else { return Ok(false) };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(self.descend(tree, &parts)?.is_ok_and(Entry::is_tree))
    }

    /// Refuses to look into directories that are too deep.
    pub(super) fn not_too_deep(&self, path: &[u8]) -> Outcome<()> {
        let depth = path.iter().filter(|b| **b == b'/').count();
        if depth < DEEPEST {
            return Ok(());
        }
        Err(self.too_large(format!("a directory {depth} levels deep"), format!("{DEEPEST} levels")))
    }

    /// The file an entry names, with its content when that is wanted.
    pub(super) fn file(&mut self, path: &[u8], entry: Entry) -> Outcome<File> {
        let kind = entry.kind();
        let mut file = entry.file(path);
        if kind == FileKind::Submodule {
            return Ok(file);
        }
        let (size, what) = self.odb.read_header(entry.id)?;
        if what != ObjectType::Blob {
            return Err(Trouble::Damaged(format!("{} is no blob", entry.id)));
        }
        file.size = size as u64;
        let limits = &self.store.call.upstream.limits;
        if kind == FileKind::Symlink || file.size > limits.file_bytes {
            return Ok(file);
        }
        self.bytes = self.bytes.saturating_add(file.size);
        if self.bytes > limits.total_bytes {
            let limit = format!("{} bytes", limits.total_bytes);
            return Err(self.too_large(format!("{} bytes of files", self.bytes), limit));
        }
        file.content = Some(Bytes::copy_from_slice(self.odb.read(entry.id)?.data()));
        Ok(file)
    }
}

/// The parts of what the link at `path` names, from the repository's root; none when that lies outside of it.
fn target(path: &[u8], link: &[u8]) -> Option<Vec<String>> {
    let (path, link) = (std::str::from_utf8(path).ok()?, std::str::from_utf8(link).ok()?);
    if link.starts_with('/') || link.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = path.rsplit_once('/').map_or(Vec::new(), |(dir, _)| dir.split('/').collect());
    for part in link.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.into_iter().map(str::to_owned).collect())
}

/// The path of `name` in the directory `path`.
pub(super) fn below(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_names_is_found_from_the_root_and_not_outside() {
        let of = |path: &str, link: &str| target(path.as_bytes(), link.as_bytes()).map(|p| p.join("/"));
        assert_eq!(of("apps/web", "../shared/web/").as_deref(), Some("shared/web"));
        assert_eq!(of("web", "./apps").as_deref(), Some("apps"));
        for out in ["/etc", "../../x", "../.."] {
            assert_eq!(of("apps/web", out), None, "{out}");
        }
    }

    #[test]
    fn paths_stay_within_the_repository() {
        assert_eq!(parts("./apps//web/").unwrap(), ["apps", "web"]);
        for whole in ["", ".", "./", "./."] {
            assert!(parts(whole).unwrap().is_empty());
        }
        for bad in ["..", "a/../b", "/etc", "a\0b", "a/.."] {
            assert!(matches!(parts(bad), Err(GitError::Invalid { .. })), "{bad:?}");
        }
        assert_eq!(parts("...").unwrap(), ["..."]);
    }
}
