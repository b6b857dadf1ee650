//! One bare mirror on disk: opened, swept of what a crash left behind, and made anew once when it is damaged.
//! It never keeps anything that could not be fetched again, except commits that were made and not yet pushed.

use super::address::Address;
use super::contract::Author;
use super::error::GitError;
use super::local::{self, Local};
use super::object::{RawCommit, commit_object};
use super::wire::Call;
use git2::{ErrorCode, ObjectType, Oid, Repository, RepositoryInitOptions};
use jiff::Timestamp;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Why work in a mirror stopped.
pub(super) enum Trouble {
    /// For the caller to know.
    Git(GitError),
    /// The mirror itself is broken, in libgit2's words; a new one may work.
    Damaged(String),
}

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl From<git2::Error> for Trouble {
    /// What an id names has been checked before, so whatever libgit2 still misses is the mirror's fault.
    fn from(error: git2::Error) -> Self {
        let why = error.message().to_owned();
        let full = ["No space left", "quota exceeded", "Read-only file system", "Permission denied"];
        if full.iter().any(|phrase| why.contains(phrase)) {
            return GitError::Disk { path: "the mirror".into(), why }.into();
        }
        Self::Damaged(why)
    }
}

/// The result of work in a mirror.
pub(super) type Outcome<T> = Result<T, Trouble>;

/// An open mirror, for the length of one operation.
pub(super) struct Store {
    /// The mirror.
    pub repo: Repository,
    /// The dealings with the other side.
    pub call: Arc<Call>,
    /// The other side itself, when it is a local repository that libgit2 can read.
    pub local: Option<Local>,
}

/// Runs `job` in the mirror; in a new one if the present one is damaged. The caller holds the mirror's lock.
pub(super) fn admitted<T>(call: &Arc<Call>, job: &dyn Fn(&Store) -> Outcome<T>) -> Result<T, GitError> {
    let mirror = &call.upstream.mirror;
    let name = &call.upstream.name;
    let why = match Store::open(call, mirror).and_then(|store| job(&store)) {
        Ok(done) => return Ok(done),
        Err(Trouble::Git(error)) => return Err(error),
        Err(Trouble::Damaged(why)) => why,
    };
    tracing::warn!(repository = %name, %why, "the mirror is damaged; it is made anew");
    let corrupt = |why| GitError::Corrupt { repo: name.clone(), why };
    let again = renew(call).and_then(|()| Store::open(call, mirror)).and_then(|store| job(&store));
    again.map_err(|trouble| match trouble {
        Trouble::Git(error) => error,
        Trouble::Damaged(why) => corrupt(why),
    })
}

/// Fetches into a new mirror and, only when that works, puts it into the old one's place.
pub(super) fn renew(call: &Arc<Call>) -> Outcome<()> {
    let mirror = &call.upstream.mirror;
    let (fresh, old) = (mirror.with_extension("new"), mirror.with_extension("old"));
    for left in [&fresh, &old] {
        remove(left)?;
    }
    // Only `fetch_into` and not `fetch`, which might want to renew again.
    Store::open(call, &fresh)?.fetch_into()?;
    if fs::symlink_metadata(mirror).is_ok() {
        fs::rename(mirror, &old).map_err(|e| disk(mirror, &e))?;
    }
    fs::rename(&fresh, mirror).map_err(|e| disk(mirror, &e))?;
    remove(&old)
}

fn remove(path: &Path) -> Outcome<()> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).map_err(|e| disk(path, &e)),
        Ok(_) => fs::remove_file(path).map_err(|e| disk(path, &e)),
    }
}

fn disk(path: &Path, error: &std::io::Error) -> Trouble {
    GitError::Disk { path: path.display().to_string(), why: error.to_string() }.into()
}

impl Store {
    fn open(call: &Arc<Call>, mirror: &Path) -> Outcome<Self> {
        let local = match &call.upstream.address {
            Address::Local { path } => local::open(&call.upstream.name, path)?,
            _ => None,
        };
        let repo = match fs::symlink_metadata(mirror) {
            Ok(_) => {
                let head = fs::read_to_string(mirror.join("HEAD")).unwrap_or_default();
                if !head.starts_with("ref: refs/heads/") {
                    return Err(Trouble::Damaged("the mirror has no HEAD".into()));
                }
                sweep(mirror)?;
                // With a wrong list of where our history ends a server would leave out objects we lack.
                if fs::read_to_string(mirror.join("shallow")).is_ok_and(|list| !is_id_list(&list)) {
                    return Err(Trouble::Damaged("the list of shallow commits is broken".into()));
                }
                Repository::open_bare(mirror)?
            }
            Err(_) => {
                let mut options = RepositoryInitOptions::new();
                options.bare(true).external_template(false);
                Repository::init_opts(mirror, &options).map_err(|e| {
                    let why = e.message().to_owned();
                    GitError::Disk { path: mirror.display().to_string(), why }
                })?
            }
        };
        // The user's configuration must not lead our transports elsewhere or change how we merge.
        repo.set_config(&git2::Config::open(&mirror.join("config"))?)?;
        if let Some(local) = &local {
            repo.odb()?.add_disk_alternate(&local.objects)?;
        }
        Ok(Self { repo, call: call.clone(), local })
    }

    /// The repository's name, for messages.
    pub(super) fn name(&self) -> String {
        self.call.upstream.name.clone()
    }

    /// The branch's head as it was fetched last.
    pub(super) fn tracked(&self) -> Outcome<Option<Oid>> {
        match self.repo.refname_to_id(&self.call.upstream.refname()) {
            Ok(id) => Ok(Some(id)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Remembers `head` as the branch's head.
    pub(super) fn track(&self, head: Oid) -> Outcome<()> {
        self.repo.reference(&self.call.upstream.refname(), head, true, "fetched")?;
        Ok(())
    }

    /// Whether the mirror holds the object.
    pub(super) fn has(&self, id: Oid) -> Outcome<bool> {
        Ok(self.repo.odb()?.exists(id))
    }

    /// The commit `id`, which the mirror must hold.
    pub(super) fn raw(&self, id: Oid) -> Outcome<RawCommit> {
        let odb = self.repo.odb()?;
        let object = odb.read(id)?;
        let commit = (object.kind() == ObjectType::Commit).then(|| RawCommit::parse(object.data())).flatten();
        commit.ok_or_else(|| match object.kind() {
            ObjectType::Commit => Trouble::Damaged(format!("{id} is no sound commit")),
            _ => self.unknown(&id.to_string()),
        })
    }

    /// The commit a caller names, looked for within the limits of depth.
    pub(super) fn find(&self, commit: &str) -> Outcome<(Oid, RawCommit)> {
        let id = parsed("commit", commit)?;
        if !self.has(id)? && !self.deepen_for(&[id])? {
            return Err(self.unknown(commit));
        }
        Ok((id, self.raw(id)?))
    }

    /// `parent`, which `child` names as its parent, fetched if need be.
    pub(super) fn parent(&self, child: Oid, parent: Oid) -> Outcome<RawCommit> {
        if self.has(parent)? || self.deepen_for(&[parent])? {
            return self.raw(parent);
        }
        Err(match self.is_cut_off() {
            true => GitError::CutOff { repo: self.name(), commit: child.to_string() }.into(),
            false => self.unknown(&parent.to_string()),
        })
    }

    /// Whether the other side is a local clone that lacks part of its own history.
    pub(super) fn is_cut_off(&self) -> bool {
        self.local.as_ref().is_some_and(|local| local.repo.is_shallow())
    }

    /// The trouble of a commit nobody knows.
    pub(super) fn unknown(&self, commit: &str) -> Trouble {
        GitError::UnknownCommit { repo: self.name(), commit: commit.to_owned() }.into()
    }

    /// Writes a commit of `tree` onto `onto` into the mirror.
    pub(super) fn commit(
        &self,
        onto: &str,
        tree: &str,
        message: &str,
        author: &Author,
        time: Timestamp,
    ) -> Outcome<String> {
        let (onto, _) = self.find(onto)?;
        let tree = parsed("tree", tree)?;
        let is_tree = self.repo.odb()?.read_header(tree).is_ok_and(|(_, kind)| kind == ObjectType::Tree);
        if !is_tree {
            let why = "the mirror has no such tree; revert again".to_owned();
            return Err(GitError::Invalid { what: format!("tree {tree}"), why }.into());
        }
        let object = commit_object(onto, tree, message, author, time)?;
        Ok(self.repo.odb()?.write(ObjectType::Commit, &object)?.to_string())
    }

    /// How many packs the mirror keeps; each fetch adds one.
    pub(super) fn packs(&self) -> usize {
        let pack = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|e| e == "pack");
        fs::read_dir(self.repo.path().join("objects/pack"))
            .map_or(0, |entries| entries.flatten().filter(pack).count())
    }
}

/// Whether `list` has one id on each line, and at least one.
fn is_id_list(list: &str) -> bool {
    !list.is_empty() && list.ends_with('\n') && list.lines().all(|line| parsed("commit", line).is_ok())
}

/// The id `text` writes out in full.
pub(super) fn parsed(what: &str, text: &str) -> Result<Oid, GitError> {
    let whole = text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let id = Oid::from_str(text).ok().filter(|_| whole);
    id.ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        let why = "it is no id; give all 40 hexadecimal digits".to_owned();
        GitError::Invalid { what: format!("{what} {shown:?}"), why }
    })
}

/// Removes what a process that died in the mirror left behind. Whoever holds the mirror's lock knows that
/// nobody else is writing, so every lock file and every unfinished pack is a leftover.
fn sweep(mirror: &Path) -> Outcome<()> {
    let (objects, packs) = (mirror.join("objects"), mirror.join("objects/pack"));
    let mut dirs = vec![mirror.to_owned(), objects.clone(), packs.clone(), mirror.join("refs")];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let below_refs = path.starts_with(mirror.join("refs"));
            if path.is_dir() && below_refs {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == "lock")
                || ((dir == packs || dir == objects) && is_unfinished(&path))
            {
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Whether a file among the packs is a temporary one, or lacks the other half of the pair pack and index.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    match extension.as_ref() {
        "pack" => !path.with_extension("idx").exists(),
        "idx" => !path.with_extension("pack").exists(),
        _ => name.starts_with("tmp_") || name.starts_with("pack_git2"),
    }
}
