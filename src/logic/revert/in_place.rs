//! Decides how a commit is undone document by document where its objects stand now, when later commits have moved them to
//! other files. It never moves one back.

use crate::api::commit::FileChange;
use crate::api::key::Key;
use crate::logic::manifest::pick::is_manifest;
use crate::logic::revert::parts::{Piece, Replaced, pieces, push};
use std::collections::{BTreeMap, BTreeSet};

/// The files of the head as they would be had the objects stayed as a commit left them, and as it found them. The step
/// from the one to the other, done to the head, undoes the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InPlace {
    /// With what the commit did.
    pub with: Vec<Replaced>,
    /// Without it.
    pub without: Vec<Replaced>,
}

/// What a document becomes in both.
struct Turn<'t> {
    with: Option<&'t str>,
    without: Option<&'t str>,
}

/// How the commit of `changes` (against its first parent) is undone in the files of the `head`; of `keys` only, if some
/// are given. None when an object that it changed is gone, or one that it removed is there again.
#[must_use]
pub fn in_place(
    head: &[(String, Vec<u8>)],
    changes: &[FileChange],
    keys: Option<&BTreeSet<Key>>,
    namespace: &str,
) -> Option<InPlace> {
    let (old, new) = (
        Documents::of(changes, namespace, |c| c.old.as_deref())?,
        Documents::of(changes, namespace, |c| c.new.as_deref())?,
    );
    let all: BTreeSet<&BTreeSet<Key>> = old.0.keys().chain(new.0.keys()).collect();
    let is_ours = |document: &&BTreeSet<Key>| keys.is_none_or(|keys| document.is_subset(keys));
    let mut turns: BTreeMap<&BTreeSet<Key>, Turn<'_>> = BTreeMap::new();
    for document in all.into_iter().filter(is_ours) {
        let (with, without) = (new.body(document), old.body(document));
        if with != without {
            turns.insert(document, Turn { with, without });
        }
    }
    let mut found = InPlace::default();
    let mut there: BTreeSet<BTreeSet<Key>> = BTreeSet::new();
    let touched: BTreeSet<&Key> = turns.keys().flat_map(|document| document.iter()).collect();
    for (path, content) in head.iter().filter(|(path, _)| is_manifest(path)) {
        let Some(pieces) = pieces(content, namespace) else { continue };
        if !pieces.iter().any(|p| p.keys.iter().any(|key| touched.contains(key))) {
            continue;
        }
        let (mut with, mut without) = (String::new(), String::new());
        for piece in &pieces {
            match turns.get(&piece.keys) {
                Some(turn) => {
                    turn.with?; // it was removed, and is there again
                    there.insert(piece.keys.clone());
                    add(&mut with, piece.mark, turn.with);
                    add(&mut without, piece.mark, turn.without);
                }
                None if piece.keys.iter().any(|key| touched.contains(key)) => return None,
                None => [&mut with, &mut without]
                    .into_iter()
                    .for_each(|text| add(text, piece.mark, Some(piece.body))),
            }
        }
        found.with.push(file(path, with));
        found.without.push(file(path, without));
    }
    for (document, turn) in turns.iter().filter(|(document, _)| !there.contains(**document)) {
        match (turn.with, turn.without) {
            (Some(_), Some(_)) => return None, // somebody has removed it since
            (Some(_), None) | (None, None) => {}
            (None, Some(body)) => {
                let (path, _) = old.0.get(*document)?;
                found.put_back(head, path, body);
            }
        }
    }
    for change in changes.iter().filter(|c| keys.is_none() && !is_manifest(&c.path)) {
        found.with.push(Replaced { path: change.path.clone(), content: change.new.clone() });
        found.without.push(Replaced { path: change.path.clone(), content: change.old.clone() });
    }
    Some(found)
}

/// Documents by the objects they hold, each with its file.
struct Documents<'t>(BTreeMap<BTreeSet<Key>, (&'t str, Piece<'t>)>);

impl<'t> Documents<'t> {
    /// Those on one side of a commit; none when a file cannot be read or an object is there twice.
    fn of(
        changes: &'t [FileChange],
        namespace: &str,
        side: impl Fn(&'t FileChange) -> Option<&'t [u8]>,
    ) -> Option<Self> {
        let mut found = BTreeMap::new();
        for change in changes.iter().filter(|c| is_manifest(&c.path)) {
            let Some(content) = side(change) else { continue };
            for piece in pieces(content, namespace)?.into_iter().filter(|p| !p.keys.is_empty()) {
                if found.insert(piece.keys.clone(), (change.path.as_str(), piece)).is_some() {
                    return None;
                }
            }
        }
        Some(Self(found))
    }

    fn body(&self, document: &BTreeSet<Key>) -> Option<&'t str> {
        self.0.get(document).map(|(_, piece)| piece.body)
    }
}

impl InPlace {
    /// Puts a document that the commit has removed into its file again.
    fn put_back(&mut self, head: &[(String, Vec<u8>)], path: &str, body: &str) {
        let there = head.iter().find(|(p, _)| p == path).map(|(_, content)| content.clone());
        let at = self.without.iter().position(|r| r.path == path).unwrap_or_else(|| {
            let file = Replaced { path: path.to_owned(), content: there };
            self.with.push(file.clone());
            self.without.push(file);
            self.without.len() - 1
        });
        let Some(file) = self.without.get_mut(at) else { return };
        let mut text = String::from_utf8_lossy(file.content.as_deref().unwrap_or_default()).into_owned();
        if !text.is_empty() {
            push(&mut text, "---\n");
        }
        push(&mut text, body);
        file.content = Some(text.into_bytes());
    }
}

/// Adds a document, if it is there, after its mark; the first of a file needs none.
fn add(text: &mut String, mark: &str, body: Option<&str>) {
    if let Some(body) = body {
        if !text.is_empty() {
            push(text, mark);
        }
        text.push_str(body);
    }
}

fn file(path: &str, text: String) -> Replaced {
    Replaced { path: path.to_owned(), content: (!text.is_empty()).then(|| text.into_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: &str, value: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{v: \"{value}\"}}\n")
    }

    fn change(path: &str, old: &str, new: &str) -> FileChange {
        let content = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        FileChange { path: path.into(), old: content(old), new: content(new) }
    }

    /// The files with and without what the commit did.
    fn told(head: &[(&str, String)], changes: &[FileChange]) -> Option<(Vec<String>, Vec<String>)> {
        let head: Vec<_> = head.iter().map(|(p, t)| ((*p).to_owned(), t.clone().into_bytes())).collect();
        let found = in_place(&head, changes, None, "shop")?;
        let text = |r: &Replaced| {
            format!("{}: {}", r.path, String::from_utf8_lossy(r.content.as_deref().unwrap_or_default()))
        };
        Some((found.with.iter().map(text).collect(), found.without.iter().map(text).collect()))
    }

    #[test]
    fn a_document_is_undone_in_the_file_that_it_went_to() {
        let (a1, a2, a3, b1) = (config("a", "1"), config("a", "2"), config("a", "3"), config("b", "1"));
        let head = [("y.yaml", format!("{b1}---\n{a3}")), ("z.yaml", config("c", "1"))];
        let (with, without) = told(&head, &[change("x.yaml", &a1, &a2)]).unwrap();
        assert_eq!(with, [format!("y.yaml: {b1}---\n{a2}")]);
        assert_eq!(without, [format!("y.yaml: {b1}---\n{a1}")]);
    }

    #[test]
    fn what_came_goes_and_what_went_comes_back_to_its_file() {
        let (a1, b1) = (config("a", "1"), config("b", "1"));
        let head = [("y.yaml", format!("{b1}---\n{a1}"))];
        let (with, without) = told(&head, &[change("x.yaml", "", &a1)]).unwrap();
        assert_eq!((with, without), (vec![format!("y.yaml: {b1}---\n{a1}")], vec![format!("y.yaml: {b1}")]));
        let head = [("y.yaml", b1.clone())];
        let (_, without) = told(&head, &[change("y.yaml", &format!("{b1}---\n{a1}"), &b1)]).unwrap();
        assert_eq!(without, [format!("y.yaml: {b1}---\n{a1}")]);
        let (with, without) = told(&head, &[change("x.yaml", &a1, "")]).unwrap();
        assert_eq!((with, without), (vec!["x.yaml: ".to_owned()], vec![format!("x.yaml: {a1}")]));
    }

    #[test]
    fn what_is_gone_or_there_again_is_for_people() {
        let (a1, a2, a3) = (config("a", "1"), config("a", "2"), config("a", "3"));
        assert_eq!(told(&[], &[change("x.yaml", &a1, &a2)]), None);
        assert_eq!(told(&[("y.yaml", a3)], &[change("x.yaml", &a1, "")]), None);
    }
}
