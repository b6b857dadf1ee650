//! One bare mirror on disk: opened, swept of what a crash left behind, and read.
//! It never keeps anything that could not be fetched again, except commits that were made and not yet pushed.

use super::address::Address;
use super::error::GitError;
use super::local::{self, Local};
use super::object::{Links, RawCommit};
use super::transport::call::Call;
use super::trouble::{Outcome, Trouble};
use crate::world::cause::Cause;
use git2::{ErrorCode, ObjectType, Odb, Oid, Repository, RepositoryInitOptions};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// An open mirror, for the length of one operation.
pub(super) struct Store {
    /// The mirror.
    pub repo: Repository,
    /// The dealings with the other side.
    pub call: Arc<Call>,
    /// The other side itself, when it is a local repository that libgit2 can read.
    pub local: Option<Local>,
}

/// Removes a file or a directory with all it holds; nothing when nothing is there.
pub(super) fn remove(path: &Path) -> Outcome<()> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).map_err(|e| disk(path, e)),
        Ok(_) => fs::remove_file(path).map_err(|e| disk(path, e)),
    }
}

/// Makes a folder that only its owner can look into: what a private repository holds is nobody else's.
fn make_private(path: &Path) -> Outcome<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| disk(path, e))
}

/// Takes from others what an older mirror let them see. A disk that knows no such rights is no reason to stop.
fn keep_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let is_open = fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0);
        if is_open && let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
            tracing::warn!(path = %path.display(), %error, "others may look into the mirror; make it private: chmod 700");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// What a failure at `path` on our own disk means.
pub(super) fn disk(path: &Path, error: std::io::Error) -> Trouble {
    GitError::disk(&path.display().to_string(), error).into()
}

impl Store {
    /// Opens the mirror at `mirror`, which is made when nothing is there.
    pub(super) fn open(call: &Arc<Call>, mirror: &Path) -> Outcome<Self> {
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
                keep_private(mirror);
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
                make_private(mirror)?;
                Repository::init_opts(mirror, &options).map_err(|e| {
                    let why = e.message().to_owned();
                    GitError::Disk { path: mirror.display().to_string(), why, source: Cause::of(e) }
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

    /// Where the commit `id` stands; none when the mirror lacks it. `odb` is that of the mirror.
    pub(super) fn links(&self, odb: &Odb<'_>, id: Oid) -> Outcome<Option<Links>> {
        let object = match odb.read(id) {
            Ok(object) => object,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if object.kind() != ObjectType::Commit {
            return Err(self.unknown(&id.to_string()));
        }
        let links = Links::parse(object.data());
        links.map(Some).ok_or_else(|| Trouble::Damaged(format!("{id} is no sound commit")))
    }

    /// Whether the other side is a local clone that lacks part of its own history.
    pub(super) fn is_cut_off(&self) -> bool {
        self.local.as_ref().is_some_and(|local| local.repo.is_shallow())
    }

    /// The trouble of a commit nobody knows.
    pub(super) fn unknown(&self, commit: &str) -> Trouble {
        GitError::UnknownCommit { repo: self.name(), commit: commit.to_owned() }.into()
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
