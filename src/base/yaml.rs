//! Decides how YAML is read, as kubectl reads it, with the places of what stands in it; and how it is written.
//! It never decides what a document means.

use crate::yaml_words::words;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml::{DuplicateKeyPolicy, Spanned};
use thiserror::Error;

/// Bytes of one text at most.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Nodes of one text at most, aliases expanded.
const MOST_NODES: usize = 600_000;
/// Documents of one text at most.
const MOST_DOCUMENTS: usize = 20_000;

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// Why a text is no YAML.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{what}")]
pub struct BadYaml {
    /// Where, if the reader knows.
    pub place: Option<Place>,
    /// What is wrong and what to do.
    pub what: String,
}

/// One document of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Where it begins.
    pub place: Place,
    /// What it says.
    pub value: Value,
}

/// Reads every document of `bytes`; empty ones are left out.
///
/// ```
/// let documents = switchback_base::yaml::read(b"a: yes\n---\nb: 1.0\n")?;
/// assert_eq!(documents[0].value, serde_json::json!({"a": true}));
/// assert_eq!((documents[1].value["b"].as_i64(), documents[1].place.line), (Some(1), 3));
/// # Ok::<(), switchback_base::yaml::BadYaml>(())
/// ```
///
/// Booleans, numbers and merge keys are read as kubectl reads them (YAML 1.1), whole floats become integers, and
/// a key that stands twice is an error. A byte order mark and carriage returns are accepted.
///
/// # Errors
/// Text that is not UTF-8 or not YAML, or larger than the limits.
pub fn read(bytes: &[u8]) -> Result<Vec<Document>, BadYaml> {
    let text = as_text(bytes)?;
    let documents: Vec<Spanned<Value>> =
        serde_yaml::from_multiple_with_options(text, options(DuplicateKeyPolicy::Error))
            .map_err(|e| bad(&e, text))?;
    Ok(documents
        .into_iter()
        .filter(|d| !d.value.is_null())
        .map(|d| Document { place: place(&d), value: whole_numbers(d.value) })
        .collect())
}

fn as_text(bytes: &[u8]) -> Result<&str, BadYaml> {
    let refuse = |what: String| BadYaml { place: None, what };
    if bytes.len() > MOST_BYTES {
        return Err(refuse(format!(
            "the file has {} bytes, more than the {MOST_BYTES} a manifest may have; split it, or move it out of \
             the path",
            bytes.len()
        )));
    }
    let at = |byte: usize, what: &str| {
        let before = bytes.get(..byte).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let what = format!("{what}; save it as UTF-8, or move it out of the path");
        BadYaml { place: Some(Place { line, column: 1 }), what }
    };
    if let Some(byte) = bytes.iter().position(|b| *b == 0) {
        return Err(at(byte, "the file is not UTF-8 text but UTF-16, or no text at all"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| at(e.valid_up_to(), "the file is not UTF-8 text"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn options(duplicate_keys: DuplicateKeyPolicy) -> serde_yaml::Options {
    serde_yaml::options! {
        legacy_octal_numbers: true,
        strict_booleans: false,
        duplicate_keys: duplicate_keys,
        budget: serde_yaml::budget! {
            max_documents: MOST_DOCUMENTS,
            max_nodes: MOST_NODES,
            max_events: 2_500_000,
        }
    }
}

fn place<T>(at: &Spanned<T>) -> Place {
    let number = |n: u64| usize::try_from(n).unwrap_or(0);
    Place { line: number(at.referenced.line()), column: number(at.referenced.column()) }
}

fn bad(error: &serde_yaml::Error, text: &str) -> BadYaml {
    let number = |n: u64| usize::try_from(n).unwrap_or(0);
    let error = error.without_snippet();
    let place = error.location().map(|l| Place { line: number(l.line()), column: number(l.column()) });
    let what = match error {
        serde_yaml::Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            let first = place.and_then(|second| first_of(text, key, second));
            let first = first.map(|p| format!(", the first one is at line {}", p.line)).unwrap_or_default();
            format!("`{key}` stands twice{first}; keep one of them")
        }
        other => words(other),
    };
    BadYaml { place, what }
}

/// Kubernetes' own readers turn `1.0` and `1e3` into integers; so do we.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(n) => {
            let whole = n.as_f64().filter(|f| n.is_f64() && f.fract() == 0.0 && f.abs() < 9.0e15);
            #[allow(clippy::cast_possible_truncation)] // bounded just above
            whole.map_or(Value::Number(n), |f| Value::Number(Number::from(f as i64)))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(whole_numbers).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(k, v)| (k, whole_numbers(v))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// A value with the places of its keys.
#[derive(Debug)]
enum Node {
    Scalar,
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any YAML value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_bytes<E>(self, _: &[u8]) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

fn nodes(text: &str, duplicate_keys: DuplicateKeyPolicy) -> Option<Vec<Spanned<Node>>> {
    serde_yaml::from_multiple_with_options(text, options(duplicate_keys)).ok()
}

/// Where `key` stands for the first time in the map in which it stands again at `second`.
fn first_of(text: &str, key: &str, second: Place) -> Option<Place> {
    fn search(node: &Node, key: &str, second: Place) -> Option<Place> {
        match node {
            Node::Scalar => None,
            Node::List(items) => items.iter().find_map(|item| search(&item.value, key, second)),
            Node::Map(entries) => {
                let same = || entries.iter().filter(|(k, _)| k.value == key).map(|(k, _)| place(k));
                let here = same().any(|p| p == second).then(|| same().next()).flatten();
                here.or_else(|| entries.iter().find_map(|(_, value)| search(&value.value, key, second)))
            }
        }
    }
    let documents = nodes(text, DuplicateKeyPolicy::LastWins)?;
    documents.iter().find_map(|document| search(&document.value, key, second))
}

/// Where the field at `path` (keys and indices) stands in the document of `bytes` that begins at `start`; the
/// nearest field above it when it does not stand there.
#[must_use]
pub fn locate(bytes: &[u8], start: Place, path: &[&str]) -> Option<Place> {
    let text = as_text(bytes).ok()?;
    let documents = nodes(text, DuplicateKeyPolicy::Error)?;
    let root = documents.iter().find(|d| place(d) == start)?;
    let mut here = root;
    let mut best = place(root);
    for word in path {
        here = match &here.value {
            Node::Map(entries) => {
                let Some((key, value)) = entries.iter().find(|(k, _)| k.value == *word) else { break };
                best = place(key);
                value
            }
            Node::List(items) => {
                let Some(item) = word.parse::<usize>().ok().and_then(|i| items.get(i)) else { break };
                best = place(item);
                item
            }
            Node::Scalar => break,
        };
    }
    Some(best)
}

/// Writes `value` so that every YAML reader reads it back unchanged.
///
/// # Errors
/// A value the writer refuses; none is known.
pub fn write(value: &Value) -> Result<String, BadYaml> {
    serde_yaml::to_string(value).map_err(|e| BadYaml { place: None, what: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(text: &str) -> Value {
        read(text.as_bytes()).unwrap().remove(0).value
    }

    #[test]
    fn reads_what_kubectl_reads() {
        assert_eq!(
            one("{a: no, b: on, c: 0777, d: 1e3, e: 1.0, f: '1', g: 1.5, h: ~, i: 0x10}"),
            json!({"a": false, "b": true, "c": 511, "d": 1000, "e": 1, "f": "1", "g": 1.5, "h": null, "i": 16})
        );
        assert_eq!(one("x: &a {k: 1}\ny:\n  <<: *a\n  l: 2\n")["y"], json!({"k": 1, "l": 2}));
        assert_eq!(one("\u{feff}a: 1\r\nb: |\r\n  x\r\n"), json!({"a": 1, "b": "x\n"}));
    }

    #[test]
    fn documents_know_where_they_begin() {
        let all = read(b"# only a comment\n---\na: 1\n---\n---\n\nb: 2\n...\n").unwrap();
        let lines: Vec<usize> = all.iter().map(|d| d.place.line).collect();
        assert_eq!(lines, [3, 7]);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line) in [("a: 1\nb: [\n", 2), ("a: 1\na: 2\n", 2), ("a: 1\n b: 2\n", 2), ("a: *x\n", 1)] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.place.map(|p| p.line), Some(line), "{text:?}: {error}");
            assert!(!error.what.contains('\n') && !error.what.is_empty());
        }
        assert_eq!(read(b"a: 1\n\xff\xfe").unwrap_err().place, Some(Place { line: 2, column: 1 }));
        let wide: Vec<u8> = "a: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(read(&wide).unwrap_err().what.contains("UTF-16"));
        assert!(read(&vec![b'#'; MOST_BYTES + 1]).unwrap_err().what.contains("split it"));
    }

    #[test]
    fn a_key_that_stands_twice_is_named_with_the_place_of_the_first() {
        let text = "a: 1\nmetadata:\n  labels: {x: 1}\n  name: n\n  labels: {y: 2}\n";
        let error = read(text.as_bytes()).unwrap_err();
        assert_eq!(error.what, "`labels` stands twice, the first one is at line 3; keep one of them");
        assert_eq!(error.place.map(|p| p.line), Some(5));
    }

    #[test]
    fn no_value_and_nothing_of_the_reader_is_in_what_is_said() {
        let all = [
            "a: 1\na: 2\n",
            "a: !!int hunter\n",
            "a: *hunter\n",
            "a: .inf\n",
            "a: !!binary '%hunter'\n",
            "a: !odd hunter\n",
            "<<: hunter\n",
            "a: &x [*x]\n",
            "? [hunter]\n: 1\n",
            "a: 'hunter\n",
            "a: b: hunter\n",
            "{{ hunter }}: 1\n",
            "a: {{ .hunter }}\n",
            "a: \"\\qhunter\"\n",
            "\thunter: 1\n",
        ];
        for text in all {
            let Err(error) = read(text.as_bytes()) else { continue };
            for word in ["hunter", "Options", "Policy", "Option<", "::", "i64", "f64", "serde"] {
                assert!(!error.what.contains(word), "{text:?}: {}", error.what);
            }
        }
    }

    #[test]
    fn an_alias_bomb_and_a_deep_nest_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for i in 1..10 {
            let before = vec![format!("*a{}", i - 1); 9].join(", ");
            bomb.push_str(&format!("a{i}: &a{i} [{before}]\n"));
        }
        assert!(read(bomb.as_bytes()).is_err());
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn fields_are_located() {
        let text = b"kind: A\n---\nkind: B\nspec:\n  list:\n  - x: 1\n  - y:\n      z: 2\n";
        let start = read(text).unwrap()[1].place;
        let at = |path: &[&str]| locate(text, start, path).map(|p| (p.line, p.column));
        assert_eq!(at(&["spec", "list", "1", "y", "z"]), Some((8, 7)));
        assert_eq!(at(&["spec", "list", "1", "nope"]), Some((7, 5)));
        assert_eq!(at(&[]), Some((3, 1)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({"a": ["no", "1", "1_000", "22:22", "", "~", "x: y", "# z", "multi\nline\n"], "b": {}, "c": []});
        assert_eq!(one(&write(&value).unwrap()), value);
    }
}
