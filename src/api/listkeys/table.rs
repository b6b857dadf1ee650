//! Decides how the committed table of built-in types is read, once, into the graph that schemas walk.
//! It never reads a file at run time, and a line it cannot read yields a type that admits nothing.

use super::graph::{ATOMIC, DEDUCED, Field, Graph, List, Map, PatchStrategy, Relation, Scalar, Type, TypeId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

const TEXT: &str = include_str!("builtin.txt");
/// The package that every object's `metadata` comes from.
const META: &str = "meta.v1";

/// All built-in kinds, read at the first call.
pub(super) fn built_in() -> Arc<Graph> {
    static GRAPH: OnceLock<Arc<Graph>> = OnceLock::new();
    Arc::clone(GRAPH.get_or_init(|| Arc::new(Reader::read(TEXT, |_| true).graph)))
}

/// A graph that holds only what `metadata` needs, and the place of `ObjectMeta` in it.
pub(super) fn with_metadata() -> (Graph, TypeId) {
    let reader = Reader::read(TEXT, |package| package == META);
    let meta = reader.names.get(&format!("{META}.ObjectMeta")).copied().unwrap_or(DEDUCED);
    (reader.graph, meta)
}

struct Reader {
    graph: Graph,
    names: BTreeMap<String, TypeId>,
    /// Types that are atomic copies of another: the place of the copy and of its model.
    atomic: Vec<(TypeId, TypeId)>,
}

/// One line of the table, cut apart.
struct Row<'a> {
    package: &'a str,
    api_version: &'a str,
    name: &'a str,
    is_kind: bool,
    atomic: bool,
    fields: Vec<&'a str>,
    zero: Option<&'a str>,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let (mut package, mut api_version) = ("", "");
    let mut rows = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        if let Some(header) = line.strip_prefix('@') {
            (package, api_version) = header.split_once(' ').unwrap_or((header, ""));
            continue;
        }
        let (body, zero) = line.split_once(" = ").map_or((line, None), |(b, z)| (b, Some(z)));
        let mut words = body.split(' ').filter(|w| !w.is_empty());
        let Some(first) = words.next() else { continue };
        let bare = first.trim_start_matches('+').trim_end_matches('!');
        rows.push(Row {
            package,
            api_version,
            name: bare,
            is_kind: first.starts_with('+'),
            atomic: first.ends_with('!'),
            fields: words.collect(),
            zero,
        });
    }
    rows
}

impl Reader {
    fn read(text: &str, wanted: impl Fn(&str) -> bool) -> Self {
        let rows: Vec<Row<'_>> = rows(text).into_iter().filter(|row| wanted(row.package)).collect();
        let mut reader = Self { graph: Graph::new(), names: BTreeMap::new(), atomic: Vec::new() };
        for row in &rows {
            let id = reader.graph.add(Type::default());
            reader.names.insert(format!("{}.{}", row.package, row.name), id);
        }
        for row in &rows {
            reader.fill(row);
        }
        for (copy, model) in std::mem::take(&mut reader.atomic) {
            let mut ty = reader.graph.types.get(model).cloned().unwrap_or_default();
            if let Some(map) = ty.map.as_mut() {
                map.atomic = true;
            }
            if let Some(place) = reader.graph.types.get_mut(copy) {
                *place = ty;
            }
        }
        reader
    }

    fn fill(&mut self, row: &Row<'_>) {
        let mut map = Map { atomic: row.atomic, ..Map::default() };
        for word in &row.fields {
            let Some((name, text)) = word.split_once(':') else { continue };
            let (text, default) = text.split_once('/').map_or((text, None), |(t, d)| (t, Some(d)));
            let (ty, rest) = self.type_of(text, row.package);
            let default = default.and_then(|d| serde_json::from_str(d).ok());
            map.fields.insert(name.to_owned(), Field { ty, default, patch: patch_of(rest) });
        }
        let Some(&id) = self.names.get(&format!("{}.{}", row.package, row.name)) else { return };
        if let Some(place) = self.graph.types.get_mut(id) {
            place.map = Some(map);
        }
        if row.is_kind {
            let zero = row.zero.and_then(|z| serde_json::from_str(z).ok()).unwrap_or(Value::Null);
            self.graph.kinds.insert((row.api_version.to_owned(), row.name.to_owned()), (id, zero));
        }
    }

    /// The type that `text` begins with, and what follows it.
    fn type_of<'a>(&mut self, text: &'a str, package: &str) -> (TypeId, &'a str) {
        let (id, rest) = match text.chars().next() {
            Some('[') => self.list_of(text.get(1..).unwrap_or_default(), package),
            Some('<') => self.map_of(text.get(1..).unwrap_or_default(), package),
            _ => self.name_of(text, package),
        };
        match rest.strip_prefix('!') {
            Some(rest) => {
                let copy = self.graph.add(Type::default());
                self.atomic.push((copy, id));
                (copy, rest)
            }
            None => (id, rest),
        }
    }

    fn list_of<'a>(&mut self, text: &'a str, package: &str) -> (TypeId, &'a str) {
        let (items, rest) = self.type_of(text, package);
        let (inner, rest) = rest.split_once(']').unwrap_or((rest, ""));
        let relation = match inner.strip_prefix('|') {
            None => Relation::Atomic,
            Some("") => Relation::Set,
            Some(keys) => Relation::Keys(keys.split(',').map(str::to_owned).collect()),
        };
        (self.graph.add(Type { list: Some(List { relation, items }), ..Type::default() }), rest)
    }

    fn map_of<'a>(&mut self, text: &'a str, package: &str) -> (TypeId, &'a str) {
        let (values, rest) = self.type_of(text, package);
        let map = Map { rest: Some(values), ..Map::default() };
        (self.graph.add(Type { map: Some(map), ..Type::default() }), rest.trim_start_matches('>'))
    }

    fn name_of<'a>(&mut self, text: &'a str, package: &str) -> (TypeId, &'a str) {
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '*')).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let scalar = |scalar| Type { scalar: Some(scalar), ..Type::default() };
        let id = match name {
            "s" => self.graph.add(scalar(Scalar::Text)),
            "n" => self.graph.add(scalar(Scalar::Number)),
            "b" => self.graph.add(scalar(Scalar::Boolean)),
            "u" => self.graph.add(scalar(Scalar::Any)),
            "any" => ATOMIC,
            "*any" => DEDUCED,
            "*" => {
                let map = Map { rest: Some(DEDUCED), ..Map::default() };
                self.graph.add(Type { map: Some(map), ..Type::default() })
            }
            _ => {
                let full = if name.contains('.') { name.to_owned() } else { format!("{package}.{name}") };
                let named = self.names.get(&full).copied();
                named.unwrap_or_else(|| self.graph.add(Type::default()))
            }
        };
        (id, rest)
    }
}

/// What stands behind a type for strategic merge patches.
fn patch_of(text: &str) -> PatchStrategy {
    let key = text.strip_prefix('~').map(|rest| rest.trim_end_matches(['%', '=']));
    PatchStrategy {
        merge: key.is_some(),
        key: key.filter(|k| !k.is_empty()).map(Arc::from),
        retain_keys: text.contains('%'),
        replace: text.ends_with('='),
    }
}
