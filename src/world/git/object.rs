//! Commit objects byte by byte: reading what anyone committed, writing what `git commit` would write.
//! Parents are read as stored, so a shallow mirror does not hide them; nothing here touches a repository.

use super::contract::{Author, Commit};
use super::error::GitError;
use super::text::{plain, readable};
use crate::api::ids::CommitId;
use git2::Oid;
use jiff::Timestamp;

/// Where a commit stands in the history: what is read of the many that are only passed.
pub(super) struct Links {
    /// The tree.
    pub tree: Oid,
    /// The parents as stored, first parent first.
    pub parents: Vec<Oid>,
    /// When it was committed.
    pub time: Timestamp,
}

impl Links {
    /// Reads the head of a commit object's content; none when it has no tree or is otherwise no commit.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (mut tree, mut parents, mut time) = (None, Vec::new(), None);
        for line in bytes.split(|b| *b == b'\n').take_while(|line| !line.is_empty()) {
            if let Some(id) = line.strip_prefix(b"parent ") {
                parents.push(oid(id)?);
            } else if let Some(id) = line.strip_prefix(b"tree ").filter(|_| tree.is_none()) {
                tree = Some(oid(id)?);
            } else if let Some(who) = line.strip_prefix(b"committer ").filter(|_| time.is_none()) {
                time = Some(signature(who).1);
            }
        }
        Some(Self { tree: tree?, parents, time: time.unwrap_or(Timestamp::UNIX_EPOCH) })
    }
}

/// What a commit object holds.
pub(super) struct RawCommit {
    /// The tree.
    pub tree: Oid,
    /// The parents as stored, first parent first.
    pub parents: Vec<Oid>,
    /// The author's name and address.
    author: (String, String),
    /// When it was committed.
    time: Timestamp,
    /// The message.
    message: String,
}

impl RawCommit {
    /// Reads a commit object's content; none when it has no tree or is otherwise no commit.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
        let header = bytes.get(..end)?;
        let body = bytes.get(end + 2..).unwrap_or_default();
        let latin1 = field(header, b"encoding ").is_some_and(is_latin1);
        let text = |raw: &[u8]| match latin1 {
            true => raw.iter().copied().map(char::from).collect(),
            false => String::from_utf8_lossy(raw).into_owned(),
        };
        let (author, _) = signature(field(header, b"author ").unwrap_or_default());
        let Links { tree, parents, time } = Links::parse(header)?;
        Some(Self {
            tree,
            parents,
            author: (
                plain(text(author.0).as_bytes(), usize::MAX),
                plain(text(author.1).as_bytes(), usize::MAX),
            ),
            time,
            message: readable(&text(body)),
        })
    }

    /// The commit in the shape everyone else sees.
    pub(super) fn into_commit(self, id: Oid) -> Commit {
        Commit {
            id: id_of(id),
            parents: self.parents.into_iter().map(id_of).collect(),
            author: self.author.0,
            email: self.author.1,
            time: self.time,
            message: self.message,
        }
    }
}

/// libgit2's id as everyone else sees it.
pub(super) fn id_of(commit: Oid) -> CommitId {
    CommitId::new(commit.to_string())
}

/// The first header line that begins with `name`, without it.
fn field<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    header.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(name))
}

fn oid(hex: &[u8]) -> Option<Oid> {
    let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.len() == 40)?;
    Oid::from_str(hex).ok()
}

fn is_latin1(encoding: &[u8]) -> bool {
    let name = String::from_utf8_lossy(encoding).to_ascii_lowercase();
    matches!(name.trim(), "iso-8859-1" | "iso8859-1" | "latin1" | "latin-1")
}

/// `((name, address), time)` of a line such as `Ada <ada@host> 1700000000 +0100`; the epoch for a broken time.
fn signature(line: &[u8]) -> ((&[u8], &[u8]), Timestamp) {
    let open = line.iter().position(|b| *b == b'<').unwrap_or(line.len());
    let close = line.iter().rposition(|b| *b == b'>').unwrap_or(line.len());
    let name = line.get(..open).unwrap_or_default().trim_ascii();
    let email = line.get(open + 1..close).unwrap_or_default().trim_ascii();
    let rest = String::from_utf8_lossy(line.get(close + 1..).unwrap_or_default());
    let seconds = rest.split_whitespace().next().and_then(|word| word.parse::<i64>().ok());
    let time = seconds.and_then(|s| Timestamp::from_second(s).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    ((name, email), time)
}

/// The content of the commit object `git commit` makes of this, in UTC, with one parent.
///
/// # Errors
/// [`GitError::Invalid`] where `git commit` refuses: no name, no message, a NUL in the message, a time before
/// 1970.
pub(super) fn commit_object(
    parent: Oid,
    tree: Oid,
    message: &str,
    author: &Author,
    time: Timestamp,
) -> Result<Vec<u8>, GitError> {
    let bad = |what: &str, why: &str| GitError::Invalid { what: what.to_owned(), why: why.to_owned() };
    let (name, email) = (without_crud(&author.name), without_crud(&author.email));
    if name.is_empty() {
        return Err(bad("the committer's name", "it is empty or only punctuation; give a name"));
    }
    if message.contains('\0') {
        return Err(bad("the commit message", "it has a NUL byte; remove it"));
    }
    let message = cleaned(message);
    if message.is_empty() {
        return Err(bad("the commit message", "it is empty; say why the commit is made"));
    }
    let seconds = time.as_second();
    if seconds < 0 {
        return Err(bad("the commit time", "it is before 1970; correct the clock"));
    }
    let who = format!("{name} <{email}> {seconds} +0000");
    Ok(format!("tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\n{message}").into_bytes())
}

/// The message as `git commit -m` stores it: no trailing blanks, no blank lines at either end, never two in a
/// row, one line break at the end.
fn cleaned(message: &str) -> String {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let mut clean = String::with_capacity(message.len() + 1);
    let mut gap = false;
    for line in message.split('\n').map(|line| line.trim_end_matches(blank)) {
        if line.is_empty() {
            gap = true;
            continue;
        }
        if gap && !clean.is_empty() {
            clean.push('\n');
        }
        gap = false;
        clean.push_str(line);
        clean.push('\n');
    }
    clean
}

/// A name or address as Git writes it into a commit: without punctuation around it, and without the characters
/// that would break the line apart.
fn without_crud(text: &str) -> String {
    let crud = |c: char| c <= ' ' || ".,:;<>\"\\'".contains(c);
    text.trim_matches(crud).chars().filter(|c| !matches!(c, '\n' | '<' | '>' | '\0')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn made(message: &str, name: &str, time: i64) -> Result<Vec<u8>, GitError> {
        let id = Oid::from_str(TREE).unwrap();
        let author = Author { name: name.into(), email: " <bot@host> ".into() };
        commit_object(id, id, message, &author, Timestamp::from_second(time).unwrap())
    }

    #[test]
    fn words_of_a_commit_drive_no_terminal() {
        let bytes = format!(
            "tree {TREE}\nauthor A\x1b[2Jda\x07 <a\x1b]0;x\x07@host> 1 +0000\ncommitter Ada <a@host> 1 +0000\n\n\
             sub\x1b[31mject\u{202e}\n\n\tbody\r\nlast\u{9b}31m\n"
        );
        let commit = RawCommit::parse(bytes.as_bytes()).unwrap();
        assert_eq!((commit.author.0.as_str(), commit.author.1.as_str()), ("Ada", "a@host"));
        assert_eq!(commit.message, "subject\n\n\tbody\nlast31m\n");
    }

    #[test]
    fn messages_are_cleaned_as_git_cleans_them() {
        for (raw, clean) in [
            ("a", "a\n"),
            ("\n\n a \t\r\n\n\n\nb\n\n", " a\n\nb\n"),
            ("# kept\n  \n", "# kept\n"),
            ("\u{a0}x\u{a0}", "\u{a0}x\u{a0}\n"),
        ] {
            assert_eq!(cleaned(raw), clean, "{raw:?}");
        }
    }

    #[test]
    fn what_git_refuses_is_refused() {
        for (message, name, time) in
            [("", "a", 1), (" \n", "a", 1), ("a\0", "a", 1), ("a", ".", 1), ("a", "a", -1)]
        {
            assert!(
                matches!(made(message, name, time), Err(GitError::Invalid { .. })),
                "{message:?} {name:?}"
            );
        }
    }

    #[test]
    fn names_cannot_break_out_of_their_line() {
        let object = made("m", "\"Eve\" <eve>\nparent 0 <x> \0y.", 7).unwrap();
        let text = String::from_utf8(object).unwrap();
        assert!(text.contains("\nauthor Eve\" eveparent 0 x y <bot@host> 7 +0000\n"), "{text}");
    }

    #[test]
    fn odd_commits_are_read_too() {
        let tree = format!("tree {TREE}").into_bytes();
        let odd = [&tree[..], b"\nauthor \xc5 <a> +1 x\nencoding latin1\n\n\xe9t\xe9"].concat();
        let commit = RawCommit::parse(&odd).unwrap().into_commit(Oid::from_str(TREE).unwrap());
        assert_eq!((commit.message.as_str(), commit.author.as_str()), ("été", "Å"));
        assert_eq!(commit.time, Timestamp::UNIX_EPOCH);
        let bare = format!("tree {TREE}");
        assert_eq!(RawCommit::parse(bare.as_bytes()).unwrap().message, "");
        assert!(RawCommit::parse(b"blob").is_none());
        assert!(RawCommit::parse(b"tree 12").is_none());
        assert!(RawCommit::parse(format!("tree {TREE}\nparent zz\n\n").as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(message in "[a-z# \t\n]{1,60}", name in "[A-Za-z .<>\n]{1,20}", time in 0i64..1 << 37) {
            if let Ok(object) = made(&message, &name, time) {
                let commit = RawCommit::parse(&object).unwrap().into_commit(Oid::from_str(TREE).unwrap());
                prop_assert_eq!(&commit.parents, &vec![CommitId::from(TREE)]);
                prop_assert_eq!(&commit.message, &cleaned(&message));
                prop_assert_eq!(cleaned(&commit.message), commit.message);
                prop_assert_eq!((commit.email.as_str(), commit.time.as_second()), ("bot@host", time));
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = RawCommit::parse(&bytes);
        }
    }
}
