//! Decides what one branch of one repository in memory answers: real trees, real history, real conflicts.
//! It never forces anything unless a story does, and it never knows what the files mean.

use crate::merge;
use crate::trouble::{Meddler, Verdict};
use crate::weather::{Weather, takes};
use crate::witness::Witness;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use switchback::api::ids::{CommitId, TreeId};
use switchback::base::clock::Clock;
use switchback::base::digest::sha256_hex;
use switchback::world::git::{
    Author, Commit, File, FileKind, Git, GitError, Interest, Known, PathChange, Pushed, Reverted, Undo,
    UndoHow,
};

/// Files of a tree, by path.
pub type Files = BTreeMap<String, Bytes>;

#[derive(Clone, Debug)]
struct Stored {
    commit: Commit,
    tree: String,
}

#[derive(Default)]
struct Inner {
    trees: BTreeMap<String, Files>,
    commits: BTreeMap<String, Stored>,
    head: String,
    fetched: String,
    weather: Weather,
    asked: u64,
}

/// The repository, with a way to it. Clones are handles to the same one.
#[derive(Clone)]
pub struct Repo {
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
    meddler: Meddler,
    witness: Witness,
}

const NAME: &str = "https://git.example.com/team/shop.git";

fn id(text: &str) -> String {
    sha256_hex(text.as_bytes())[..40].to_owned()
}

fn lost(why: &str) -> GitError {
    GitError::Unreachable { repo: NAME.into(), why: why.into(), source: None }
}

impl Inner {
    fn store(&mut self, files: &Files) -> String {
        let lines: Vec<String> = files.iter().map(|(p, c)| format!("{p} {}", sha256_hex(c))).collect();
        let tree = id(&lines.join("\n"));
        self.trees.insert(tree.clone(), files.clone());
        tree
    }

    fn find(&self, commit: &str) -> Result<&Stored, GitError> {
        let unknown = || GitError::UnknownCommit { repo: NAME.into(), commit: commit.into() };
        self.commits.get(commit).ok_or_else(unknown)
    }

    fn files(&self, commit: &str) -> Result<&Files, GitError> {
        Ok(&self.trees[&self.find(commit)?.tree])
    }

    fn parent_files(&self, commit: &str) -> Result<Files, GitError> {
        match self.find(commit)?.commit.parents.first() {
            Some(parent) => self.files(parent).cloned(),
            None => Ok(Files::new()),
        }
    }

    fn changes(&self, commit: &str, path: &str) -> Result<Vec<PathChange>, GitError> {
        let (old, new) = (self.parent_files(commit)?, self.files(commit)?);
        let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
        paths.sort();
        paths.dedup();
        let differs = |p: &&String| old.get(*p) != new.get(*p) && is_under(p, path);
        let change = |p: &String| PathChange {
            path: p.clone(),
            old: old.get(p).map(|c| file(p, c)),
            new: new.get(p).map(|c| file(p, c)),
        };
        Ok(paths.into_iter().filter(differs).map(change).collect())
    }

    fn add(
        &mut self,
        parents: Vec<String>,
        tree: &str,
        message: &str,
        by: (&str, &str),
        at: Timestamp,
    ) -> String {
        let time = Timestamp::from_second(at.as_second()).unwrap(); // as Git keeps it
        let text = format!("{tree}\n{parents:?}\n{message}\n{by:?}\n{time}");
        let commit = Commit {
            id: id(&text).into(),
            parents: parents.into_iter().map(CommitId::from).collect(),
            author: by.0.into(),
            email: by.1.into(),
            time,
            message: message.into(),
        };
        let name = commit.id.to_string();
        self.commits.insert(name.clone(), Stored { commit, tree: tree.to_owned() });
        name
    }

    /// A commit and all it descends from, every commit before its parents.
    fn ancestors(&self, head: &str) -> Vec<String> {
        let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open = vec![(head.to_owned(), false)];
        while let Some((id, is_done)) = open.pop() {
            if is_done {
                order.push(id);
            } else if self.commits.contains_key(&id) && seen.insert(id.clone()) {
                let parents = self.commits[&id].commit.parents.iter().map(|p| (p.to_string(), false));
                open.push((id.clone(), true));
                open.extend(parents.collect::<Vec<_>>());
            }
        }
        order.reverse();
        order
    }

    fn line(&self, head: &str) -> Vec<&Stored> {
        let mut found = Vec::new();
        let mut next = Some(head.to_owned());
        while let Some(stored) = next.and_then(|id| self.commits.get(&id)) {
            found.push(stored);
            next = stored.commit.parents.first().map(CommitId::to_string);
        }
        found
    }
}

impl Repo {
    /// A repository whose only commit holds `files`.
    pub fn new(files: &Files, clock: Clock, meddler: Meddler, witness: Witness) -> Self {
        let repo = Self { inner: Arc::default(), clock, meddler, witness };
        repo.replace("shop: first version", files);
        repo
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Somebody commits `edits` (path and text; none removes the file) and pushes; answers the commit.
    pub fn push_as(&self, author: &str, message: &str, edits: &[(&str, Option<String>)]) -> String {
        let mut inner = self.lock();
        let head = inner.head.clone();
        let mut files = inner.files(&head).unwrap().clone();
        for (path, text) in edits {
            match text {
                Some(text) => files.insert((*path).to_owned(), Bytes::from(text.clone())),
                None => files.remove(*path),
            };
        }
        let tree = inner.store(&files);
        let id = inner.add(vec![head], &tree, message, (author, "dev@example.com"), self.clock.now());
        inner.head.clone_from(&id);
        let commit = inner.commits[&id].commit.clone();
        drop(inner);
        self.witness.pushed(false, &commit, &files);
        id
    }

    /// Somebody commits `edits` on top of `parent` and keeps it to themselves; answers the commit.
    pub fn commit_as(
        &self,
        author: &str,
        parent: &str,
        message: &str,
        edits: &[(&str, Option<String>)],
    ) -> String {
        let mut inner = self.lock();
        let edits: Vec<(String, Option<Bytes>)> =
            edits.iter().map(|(path, text)| ((*path).to_owned(), text.clone().map(Bytes::from))).collect();
        let files = edited(inner.files(parent).unwrap(), &edits);
        let (tree, by) = (inner.store(&files), (author, "dev@example.com"));
        inner.add(vec![parent.to_owned()], &tree, message, by, self.clock.now())
    }

    /// Somebody merges `other` into `first` and pushes; answers the merge.
    pub fn merge_as(&self, author: &str, message: &str, first: &str, other: &str) -> String {
        let mut inner = self.lock();
        let known = inner.ancestors(first);
        let base = inner.ancestors(other).into_iter().find(|id| known.contains(id)).unwrap();
        let of = |id: &str| inner.files(id).unwrap();
        let files = merge::trees(of(&base), of(first), of(other)).unwrap();
        let (tree, by) = (inner.store(&files), (author, "dev@example.com"));
        let parents = vec![first.to_owned(), other.to_owned()];
        let id = inner.add(parents, &tree, message, by, self.clock.now());
        inner.head.clone_from(&id);
        let commit = inner.commits[&id].commit.clone();
        drop(inner);
        self.witness.pushed(false, &commit, &files);
        id
    }

    /// Somebody takes `commit` back by hand and pushes; answers the new commit.
    pub fn revert_as(&self, author: &str, commit: &str) -> String {
        let head = self.head();
        let Reverted::Tree { id: tree, .. } =
            self.undo(&head, &[Undo::whole(CommitId::from(commit))]).unwrap()
        else {
            panic!("{commit} cannot be reverted")
        };
        let mut inner = self.lock();
        let subject = inner.find(commit).unwrap().commit.subject();
        let message = format!("Revert \"{subject}\"\n\nThis reverts commit {commit}.\n");
        let id = inner.add(vec![head], &tree, &message, (author, "dev@example.com"), self.clock.now());
        inner.head.clone_from(&id);
        let (commit, files) = (inner.commits[&id].commit.clone(), inner.trees[tree.as_str()].clone());
        drop(inner);
        self.witness.pushed(false, &commit, &files);
        id
    }

    /// Somebody replaces the whole branch by force; answers the new first commit.
    pub fn replace(&self, message: &str, files: &Files) -> String {
        let mut inner = self.lock();
        let tree = inner.store(files);
        let id = inner.add(Vec::new(), &tree, message, ("Ada", "ada@example.com"), self.clock.now());
        inner.head.clone_from(&id);
        let commit = inner.commits[&id].commit.clone();
        drop(inner);
        self.witness.pushed(false, &commit, files);
        id
    }

    pub fn head(&self) -> String {
        self.lock().head.clone()
    }

    /// The branch, newest first.
    pub fn log(&self) -> Vec<Commit> {
        let inner = self.lock();
        inner.line(&inner.head).into_iter().map(|s| s.commit.clone()).collect()
    }

    /// The text of a file at the head.
    pub fn text(&self, path: &str) -> String {
        let inner = self.lock();
        String::from_utf8(inner.files(&inner.head).unwrap()[path].to_vec()).unwrap()
    }

    pub fn files_of(&self, commit: &str) -> Files {
        self.lock().files(commit).unwrap().clone()
    }

    /// How often the engine has asked.
    pub fn asked(&self) -> u64 {
        self.lock().asked
    }

    pub fn weather(&self, change: impl FnOnce(&mut Weather)) {
        change(&mut self.lock().weather);
    }

    fn reach(&self) -> Result<MutexGuard<'_, Inner>, GitError> {
        let mut inner = self.lock();
        inner.asked += 1;
        if inner.weather.away { Err(lost("the network is down")) } else { Ok(inner) }
    }

    fn undo(&self, onto: &str, commits: &[Undo]) -> Result<Reverted, GitError> {
        let mut inner = self.lock();
        let start = inner.files(onto)?.clone();
        let mut files = start.clone();
        for Undo { commit, how } in commits {
            let there = inner.files(commit)?.clone();
            let (with, without) = match how {
                UndoHow::Whole => (there, inner.parent_files(commit)?),
                UndoHow::Part(edits) => (there.clone(), edited(&there, edits)),
                UndoHow::Step { with, without } => (edited(&files, with), edited(&files, without)),
            };
            match merge::trees(&with, &files, &without) {
                Ok(merged) => files = merged,
                Err(paths) => return Ok(Reverted::Conflict { commit: commit.clone(), paths }),
            }
        }
        if files == start {
            return Ok(Reverted::Empty);
        }
        let paths = start.keys().chain(files.keys().filter(|p| !start.contains_key(*p)));
        let count = paths.filter(|p| start.get(*p) != files.get(*p)).count();
        Ok(Reverted::Tree { id: inner.store(&files).into(), files: count })
    }

    /// One write of the engine to Git: it may be left undone, its answer may be lost, or the engine ends with it.
    async fn write<T>(&self, act: impl FnOnce(&Self) -> Result<T, GitError>) -> Result<T, GitError> {
        self.meddler.pause().await;
        if self.meddler.begins() == Verdict::NotDone {
            return Err(lost("the connection broke"));
        }
        let done = act(self)?;
        match self.meddler.ends() {
            Verdict::Crash => std::future::pending().await,
            Verdict::Lost => Err(lost("the connection broke")),
            _ => Ok(done),
        }
    }

    fn receive(&self, commit: &str) -> Result<Pushed, GitError> {
        let rival = {
            let mut inner = self.reach()?;
            if let Some(why) = inner.weather.refuses.clone() {
                return Ok(Pushed::Refused { why, forge: None });
            }
            (!inner.weather.rivals.is_empty()).then(|| inner.weather.rivals.remove(0))
        };
        if let Some((message, path, text)) = rival {
            self.push_as("Rita", &message, &[(&path, Some(text))]);
        }
        let mut inner = self.lock();
        if inner.head == commit {
            return Ok(Pushed::Done);
        }
        let forward = inner.line(commit).iter().any(|s| s.commit.id == inner.head);
        if inner.head != inner.fetched || !forward {
            return Ok(Pushed::Moved);
        }
        inner.head = commit.to_owned();
        let (commit, files) = (inner.find(commit)?.commit.clone(), inner.files(commit)?.clone());
        drop(inner);
        self.witness.pushed(true, &commit, &files);
        Ok(Pushed::Done)
    }
}

fn file(path: &str, content: &Bytes) -> File {
    File {
        path: path.to_owned(),
        kind: FileKind::Regular,
        blob: id(&sha256_hex(content)),
        size: content.len() as u64,
        content: Some(content.clone()),
    }
}

fn edited(files: &Files, edits: &[(String, Option<Bytes>)]) -> Files {
    let mut files = files.clone();
    for (path, content) in edits {
        match content {
            Some(content) => files.insert(path.clone(), content.clone()),
            None => files.remove(path),
        };
    }
    files
}

fn is_under(path: &str, folder: &str) -> bool {
    folder == "." || path == folder || path.starts_with(&format!("{folder}/"))
}

impl Git for Repo {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<Commit, GitError>> {
        async {
            self.meddler.pause().await;
            let time = self.lock().weather.fetch_takes;
            takes(time).await;
            let mut inner = self.reach()?;
            inner.fetched = inner.head.clone();
            Ok(inner.find(&inner.head)?.commit.clone())
        }
        .boxed()
    }

    fn files(
        &self,
        commit: &CommitId,
        path: &str,
        wanted: fn(&str) -> bool,
        known: Known,
    ) -> BoxFuture<'_, Result<Vec<File>, GitError>> {
        let found = self.lock().files(commit).map(|files| {
            files
                .iter()
                .filter(|(p, _)| is_under(p, path) && wanted(p))
                .map(|(p, c)| file(p, c))
                .map(|f| if known(&f.path, &f.blob) { File { size: 0, content: None, ..f } } else { f })
                .collect::<Vec<_>>()
        });
        let none =
            GitError::NoPath { path: path.into(), commit: commit.clone(), why: "it is not there".into() };
        let found = found.and_then(|f| if f.is_empty() && path != "." { Err(none) } else { Ok(f) });
        async move { found }.boxed()
    }

    fn files_in(
        &self,
        tree: &TreeId,
        path: &str,
        wanted: fn(&str) -> bool,
    ) -> BoxFuture<'_, Result<Vec<File>, GitError>> {
        let inner = self.lock();
        let found = inner.trees[tree.as_str()].iter().filter(|(p, _)| is_under(p, path) && wanted(p));
        let found = found.map(|(p, c)| file(p, c)).collect();
        async move { Ok(found) }.boxed()
    }

    fn history(
        &self,
        head: &CommitId,
        until: &CommitId,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Commit>, GitError>> {
        let inner = self.lock();
        let between = |_| match (inner.ancestors(head), inner.ancestors(until)) {
            (all, _) if !all.contains(&until.to_string()) => {
                Err(GitError::Rewritten { repo: NAME.into(), head: head.clone(), until: until.clone() })
            }
            (all, known) => {
                let new = all.into_iter().filter(|id| !known.contains(id));
                let new: Vec<Commit> = new.map(|id| inner.commits[&id].commit.clone()).collect();
                match new.len() > most {
                    true => Err(GitError::TooLong { repo: NAME.into(), until: until.clone(), most }),
                    false => Ok(new),
                }
            }
        };
        let found = inner.find(head).and_then(|_| inner.find(until)).and_then(between);
        async move { found }.boxed()
    }

    fn changes(
        &self,
        commits: &[CommitId],
        path: &str,
        interest: Interest,
    ) -> BoxFuture<'_, Result<Vec<Vec<PathChange>>, GitError>> {
        let inner = self.lock();
        let of_interest = |all: Vec<PathChange>| {
            all.into_iter().filter(|c| (interest.path)(&c.path) && (interest.change)(c)).collect()
        };
        let found = commits.iter().map(|commit| inner.changes(commit, path).map(of_interest)).collect();
        async move { found }.boxed()
    }

    fn paths(&self, commit: &CommitId) -> BoxFuture<'_, Result<Vec<String>, GitError>> {
        let found = self.lock().changes(commit, ".");
        async move { Ok(found?.into_iter().map(|c| c.path).collect()) }.boxed()
    }

    fn revert(&self, onto: &CommitId, commits: &[Undo]) -> BoxFuture<'_, Result<Reverted, GitError>> {
        let (undone, time) = (self.undo(onto, commits), self.lock().weather.undo_takes);
        takes(time).map(|()| undone).boxed()
    }

    fn commit(
        &self,
        onto: &CommitId,
        tree: &TreeId,
        message: &str,
        author: &Author,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<CommitId, GitError>> {
        let (onto, tree, message, author) =
            (onto.to_string(), tree.clone(), message.to_owned(), author.clone());
        async move {
            let act = |repo: &Self| {
                let by = (author.name.as_str(), author.email.as_str());
                let id = repo.lock().add(vec![onto], &tree, &message, by, time);
                repo.witness.committed(&id, &message);
                Ok(CommitId::from(id))
            };
            self.write(act).await
        }
        .boxed()
    }

    fn push(&self, commit: &CommitId) -> BoxFuture<'_, Result<Pushed, GitError>> {
        let commit = commit.clone();
        async move { self.write(|repo| repo.receive(&commit)).await }.boxed()
    }
}
