//! Decides what the files of a commit would be without what it did to some objects, document by document, so that the
//! rest of the commit stays. It never touches a line of another document.

use crate::api::commit::FileChange;
use crate::api::key::Key;
use crate::logic::manifest::pick::is_manifest;
use crate::logic::revert::touched::objects;
use std::collections::BTreeSet;

/// A file as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Path from the root of the repository.
    pub path: String,
    /// Its content; none when there would be no such file.
    pub content: Option<Vec<u8>>,
}

/// One document of a text with the line that parts it from the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    /// The `---` line; empty before the first document.
    pub(super) mark: &'t str,
    /// What stands in it.
    pub(super) body: &'t str,
    /// The objects it holds.
    pub(super) keys: BTreeSet<Key>,
}

/// The files of a commit (`changes`, against its first parent) as they would be had it left `keys` alone; none when a
/// document holds some of them together with others.
pub(super) fn without(
    changes: &[FileChange],
    keys: &BTreeSet<Key>,
    namespace: &str,
) -> Option<Vec<Replaced>> {
    let mut before: Vec<(&str, Piece<'_>)> = Vec::new();
    let mut after: Vec<(&str, Vec<Piece<'_>>)> = Vec::new();
    for change in changes.iter().filter(|c| is_manifest(&c.path)) {
        if let Some(old) = &change.old {
            before.extend(pieces(old, namespace)?.into_iter().map(|p| (change.path.as_str(), p)));
        }
        if let Some(new) = &change.new {
            after.push((&change.path, pieces(new, namespace)?));
        }
    }
    let ours = |piece: &Piece<'_>| !piece.keys.is_empty() && piece.keys.is_subset(keys);
    let mixed = |piece: &Piece<'_>| !ours(piece) && !piece.keys.is_disjoint(keys);
    let all = before.iter().map(|(_, p)| p).chain(after.iter().flat_map(|(_, pieces)| pieces));
    if all.clone().any(mixed) {
        return None;
    }
    let still: BTreeSet<&Key> = after.iter().flat_map(|(_, all)| all).flat_map(|p| &p.keys).collect();
    let mut found = Vec::new();
    for (path, pieces) in &after {
        let mut text = String::new();
        for piece in pieces {
            if !ours(piece) {
                text.push_str(piece.mark);
                text.push_str(piece.body);
            } else if let Some((_, old)) = before.iter().find(|(_, old)| old.keys == piece.keys) {
                text.push_str(piece.mark);
                push(&mut text, old.body);
            }
        }
        for (_, old) in before.iter().filter(|(p, old)| p == path && ours(old) && lost(old, &still)) {
            if !text.is_empty() {
                push(&mut text, "---\n");
            }
            push(&mut text, old.body);
        }
        let is_empty = objects(text.as_bytes(), namespace).is_some_and(|all| all.is_empty());
        let content = (!is_empty).then(|| text.into_bytes());
        found.push(Replaced { path: (*path).to_owned(), content });
    }
    for change in changes.iter().filter(|c| c.new.is_none()) {
        let gone = before.iter().filter(|(p, old)| *p == change.path && ours(old) && lost(old, &still));
        let bodies: Vec<&str> = gone.map(|(_, old)| old.body).collect();
        if !bodies.is_empty() {
            let content = Some(bodies.join("---\n").into_bytes());
            found.push(Replaced { path: change.path.clone(), content });
        }
    }
    let new_of = |path: &str| changes.iter().find(|c| c.path == path).and_then(|c| c.new.as_ref());
    found.retain(|r| r.content.as_ref() != new_of(&r.path));
    Some(found)
}

/// Whether nothing of a document is left in any file.
fn lost(piece: &Piece<'_>, still: &BTreeSet<&Key>) -> bool {
    piece.keys.iter().all(|key| !still.contains(key))
}

/// Adds `text` on a line of its own.
pub(super) fn push(to: &mut String, text: &str) {
    if !to.is_empty() && !to.ends_with('\n') {
        to.push('\n');
    }
    to.push_str(text);
}

/// The documents of a text; none when it cannot be read.
pub(super) fn pieces<'t>(content: &'t [u8], namespace: &str) -> Option<Vec<Piece<'t>>> {
    let text = std::str::from_utf8(content).ok()?;
    let mut found: Vec<(&str, usize, usize)> = vec![("", 0, 0)];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if line.trim_end() == "---" || line.starts_with("--- ") {
            found.push((line, end, end));
        } else if let Some(last) = found.last_mut() {
            last.2 = end;
        }
        at = end;
    }
    let piece = |(mark, from, to): (&'t str, usize, usize)| {
        let body = text.get(from..to)?;
        let keys = objects(body.as_bytes(), namespace)?.into_keys().collect();
        Some(Piece { mark, body, keys })
    };
    found.into_iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: &str, value: &str) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}} # {name}\ndata: {{v: \"{value}\"}}\n"
        )
    }

    fn change(path: &str, old: &[String], new: &[String]) -> FileChange {
        let content = |all: &[String]| (!all.is_empty()).then(|| all.join("---\n").into_bytes());
        FileChange { path: path.into(), old: content(old), new: content(new) }
    }

    fn told(changes: &[FileChange], names: &[&str]) -> Option<Vec<(String, Option<String>)>> {
        let keys = names.iter().map(|n| Key::core("ConfigMap", "shop", n)).collect();
        let text = |c: Vec<u8>| String::from_utf8(c).unwrap();
        let all = without(changes, &keys, "shop")?;
        Some(all.into_iter().map(|r| (r.path, r.content.map(text))).collect())
    }

    fn file(path: &str, all: &[String]) -> (String, Option<String>) {
        (path.to_owned(), (!all.is_empty()).then(|| all.join("---\n")))
    }

    #[test]
    fn only_the_documents_in_question_are_as_before() {
        let (a1, a2, b1, b2) = (config("a", "1"), config("a", "2"), config("b", "1"), config("b", "2"));
        let one = [change("x.yaml", &[a1.clone(), b1.clone()], &[a2.clone(), b2.clone()])];
        assert_eq!(told(&one, &["a"]).unwrap(), [file("x.yaml", &[a1.clone(), b2.clone()])]);
        let new = [change("x.yaml", std::slice::from_ref(&b1), &[a2.clone(), b2.clone()])];
        assert_eq!(told(&new, &["a"]).unwrap(), [(("x.yaml").to_owned(), Some(format!("---\n{b2}")))]);
        let gone = [change("x.yaml", &[a1.clone(), b1.clone()], std::slice::from_ref(&b2))];
        assert_eq!(told(&gone, &["a"]).unwrap(), [file("x.yaml", &[b2.clone(), a1.clone()])]);
    }

    #[test]
    fn objects_are_found_where_they_went() {
        let (a1, a2, b1) = (config("a", "1"), config("a", "2"), config("b", "1"));
        let moved = [
            change("x.yaml", &[a1.clone(), b1.clone()], &[]),
            change("y.yaml", &[], &[b1.clone(), a2.clone()]),
        ];
        assert_eq!(told(&moved, &["a"]).unwrap(), [file("y.yaml", &[b1.clone(), a1.clone()])]);
        let file_gone = [change("x.yaml", &[a1.clone(), b1.clone()], &[])];
        assert_eq!(told(&file_gone, &["a"]).unwrap(), [file("x.yaml", std::slice::from_ref(&a1))]);
        let file_new = [change("x.yaml", &[], std::slice::from_ref(&a2))];
        assert_eq!(told(&file_new, &["a"]).unwrap(), [file("x.yaml", &[])]);
    }

    #[test]
    fn a_list_of_several_objects_is_not_taken_apart() {
        let list = |value: &str| {
            format!(
                "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{v: \
                 \"{value}\"}}}}\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: b}}}}\n"
            )
        };
        let changes = [change("x.yaml", &[list("1")], &[list("2")])];
        assert_eq!(told(&changes, &["a"]), None);
        assert_eq!(told(&changes, &["a", "b"]).unwrap(), [file("x.yaml", &[list("1")])]);
    }
}
