//! Pushing into a repository on this machine: objects are copied, then the branch moves with its work trees.
//! A checked-out branch moves together with its clean work tree or not at all.

use super::contract::Pushed;
use super::error::GitError;
use super::local::Local;
use super::store::Store;
use super::text::{plain, shown};
use super::trouble::{Outcome, Trouble};
use crate::world::cause::Cause;
use git2::build::CheckoutBuilder;
use git2::{
    CheckoutNotificationType, ErrorCode, ObjectType, Oid, Repository, RepositoryState, StatusOptions,
};
use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

/// How often a branch locked by another process is tried again, a tenth of a second apart.
const MOST_TRIES: usize = 10;
/// How many paths a refusal names.
const NAMED: usize = 5;

impl Local {
    /// Moves the branch from `from` to `commit`, with the work trees that have it checked out.
    pub(super) fn push(&self, store: &Store, commit: Oid, from: Oid) -> Outcome<Pushed> {
        let upstream = &store.call.upstream;
        let refused = |why: String| Ok(Pushed::Refused { why, forge: upstream.forge() });
        let refname = upstream.refname();
        self.give(store, commit)?;
        let mut transaction = self.repo.transaction()?;
        let mut tries = 0;
        while let Err(error) = transaction.lock_ref(&refname) {
            if error.code() != ErrorCode::Locked {
                return refused(plain(error.message().as_bytes(), 400));
            }
            tries += 1;
            if tries > MOST_TRIES {
                let lock = self.repo.commondir().join(format!("{refname}.lock"));
                let why = "another git process is updating the branch; if none is running, remove";
                return refused(format!("{why} {}", lock.display()));
            }
            let pause = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(())
            };
            let gone = |_| GitError::Interrupted { repo: store.name() };
            store.call.wait(pause).map_err(gone)?;
        }
        let head = self.head(upstream)?;
        if head == commit || head != from {
            return Ok(if head == commit { Pushed::Done } else { Pushed::Moved });
        }
        for tree in self.checkouts(&refname)? {
            if let Some(why) = update(&tree, commit, from)? {
                return refused(why);
            }
        }
        let done = transaction.set_target(&refname, commit, None, "push").and_then(|()| transaction.commit());
        match done {
            Ok(()) => Ok(Pushed::Done),
            Err(error) => refused(plain(error.message().as_bytes(), 400)),
        }
    }

    /// Copies `commit` and what it needs into the repository, what is needed always first.
    fn give(&self, store: &Store, commit: Oid) -> Outcome<()> {
        let (ours, theirs) = (store.repo.odb()?, self.repo.odb()?);
        let mut waiting = vec![(commit, false)];
        while let Some((id, ready)) = waiting.pop() {
            // The mirror sees their objects as well, so what we made is what they do not have.
            if theirs.exists(id) {
                continue;
            }
            let object = ours.read(id)?;
            if ready || object.kind() == ObjectType::Blob {
                theirs.write(object.kind(), object.data()).map_err(|e| self.not_writable(e))?;
                continue;
            }
            waiting.push((id, true));
            if object.kind() == ObjectType::Commit {
                let raw = store.raw(id)?;
                waiting.extend(raw.parents.into_iter().chain([raw.tree]).map(|id| (id, false)));
            } else {
                let tree = store.repo.find_tree(id)?;
                let inner = tree.iter().filter(|entry| entry.kind() != Some(ObjectType::Commit));
                waiting.extend(inner.map(|entry| (entry.id(), false)));
            }
        }
        Ok(())
    }

    fn not_writable(&self, error: git2::Error) -> Trouble {
        let (path, why) = (self.objects.clone(), error.message().to_owned());
        GitError::Disk { path, why, source: Cause::of(error) }.into()
    }

    /// The repository's work trees, linked ones included, that have the branch checked out.
    fn checkouts(&self, refname: &str) -> Outcome<Vec<Repository>> {
        let main = Repository::open(self.repo.commondir())?;
        let linked = main.worktrees()?;
        let mut all = Vec::new();
        for name in linked.iter() {
            let Ok(Some(name)) = name else { continue };
            // A work tree that was removed by hand leaves its name behind.
            if let Ok(repo) = main.find_worktree(name).and_then(|w| Repository::open_from_worktree(&w)) {
                all.push(repo);
            }
        }
        all.insert(0, main);
        all.retain(|repo| {
            let head = repo.find_reference("HEAD");
            let on_branch = head.is_ok_and(|head| head.symbolic_target_bytes() == Some(refname.as_bytes()));
            on_branch && repo.workdir().is_some_and(Path::exists)
        });
        Ok(all)
    }
}

/// Brings a work tree and its index from `from` to `commit`; answers why not, having changed nothing then.
fn update(repo: &Repository, commit: Oid, from: Oid) -> Outcome<Option<String>> {
    let place = repo.workdir().unwrap_or_else(|| repo.path()).display().to_string();
    if repo.state() != RepositoryState::Clean {
        return Ok(Some(format!("{place} is in the middle of a merge or rebase; finish it, then try again")));
    }
    if repo.path().join("index.lock").exists() {
        let lock = repo.path().join("index.lock");
        let why = "another git process is at work there; if none is running, remove";
        return Ok(Some(format!("{place}: {why} {}", lock.display())));
    }
    let mut options = StatusOptions::new();
    options.include_untracked(false).include_ignored(false).exclude_submodules(true);
    let statuses = repo.statuses(Some(&mut options))?;
    if !statuses.is_empty() {
        let paths: Vec<String> = statuses.iter().map(|status| shown(status.path_bytes())).collect();
        let named = named(&paths);
        return Ok(Some(format!(
            "{place} has changes that are not committed ({named}); commit or stash them"
        )));
    }
    let in_the_way = RefCell::new(Vec::new());
    let new = repo.find_commit(commit)?.into_object();
    let mut builder = CheckoutBuilder::new();
    builder.safe().overwrite_ignored(false).notify_on(CheckoutNotificationType::CONFLICT);
    builder.notify(|_, path, _, _, _| {
        in_the_way.borrow_mut().extend(path.map(|path| path.display().to_string()));
        true
    });
    let done = repo.checkout_tree(&new, Some(&mut builder));
    drop(builder);
    let Err(error) = done else { return Ok(None) };
    let paths = in_the_way.into_inner();
    if !paths.is_empty() {
        return Ok(Some(format!("{place} has files in the way ({}); move them away", named(&paths))));
    }
    // Stopped half-way, by a full disk perhaps: what was clean a moment ago can be put back.
    let state =
        if put_back(repo, commit, from).is_ok() { "nothing was changed" } else { "run `git status` there" };
    Ok(Some(format!("{place} cannot be updated ({}); {state}", plain(error.message().as_bytes(), 300))))
}

/// Undoes a checkout that stopped before it wrote the index.
fn put_back(repo: &Repository, commit: Oid, from: Oid) -> Result<(), git2::Error> {
    let (new, old) = (repo.find_commit(commit)?.tree()?, repo.find_commit(from)?.tree()?);
    let mut builder = CheckoutBuilder::new();
    // What the new tree alone has was not there before, or it would have been in the way.
    builder.force().update_index(false).remove_untracked(true).disable_pathspec_match(true);
    for delta in repo.diff_tree_to_tree(Some(&old), Some(&new), None)?.deltas() {
        for file in [delta.old_file(), delta.new_file()] {
            builder.path(file.path_bytes().unwrap_or_default());
        }
    }
    repo.checkout_tree(old.as_object(), Some(&mut builder))
}

/// The first few paths, and how many more there are.
fn named(paths: &[String]) -> String {
    let more = paths.len().saturating_sub(NAMED);
    let list = paths.iter().take(NAMED).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    if more == 0 { list } else { format!("{list} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::{IndexAddOption, Signature, Time};
    use std::fs;

    fn save(repo: &Repository) -> Oid {
        let mut index = repo.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::new("a", "a", &Time::new(1, 0)).unwrap();
        let parents: Vec<git2::Commit<'_>> =
            repo.head().and_then(|h| h.peel_to_commit()).into_iter().collect();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        repo.commit(Some("HEAD"), &who, &who, "m", &tree, &parents).unwrap()
    }

    #[test]
    fn a_checkout_that_stopped_half_way_is_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repository::init(dir.path()).unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("gone")).unwrap();
        fs::write(at("a"), "new").unwrap();
        fs::write(at("gone/b"), "new").unwrap();
        let new = save(&repo);
        fs::write(at("a"), "old").unwrap();
        fs::remove_dir_all(at("gone")).unwrap();
        fs::write(at("c"), "old").unwrap();
        let old = save(&repo);
        fs::write(at("untracked"), "mine").unwrap();
        let new_tree = repo.find_commit(new).unwrap().into_object();
        repo.checkout_tree(&new_tree, Some(CheckoutBuilder::new().safe().update_index(false))).unwrap();
        assert!(at("gone/b").exists() && !at("c").exists(), "the work tree did change");
        put_back(&repo, new, old).unwrap();
        let statuses = repo.statuses(None).unwrap();
        let changed: Vec<String> = statuses.iter().map(|status| shown(status.path_bytes())).collect();
        assert_eq!(changed, ["untracked"]);
        assert_eq!(fs::read_to_string(at("c")).unwrap(), "old");
    }

    #[test]
    fn refusals_name_a_few_paths() {
        let paths: Vec<String> = (0..7).map(|n| format!("p{n}")).collect();
        assert_eq!(named(&paths), "`p0`, `p1`, `p2`, `p3`, `p4` and 2 more");
        assert_eq!(named(&paths[..1]), "`p0`");
    }
}
