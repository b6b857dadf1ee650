//! Decides which types there are, read from `builtin.txt`: one line for a struct, one for a kind.
//! It never reads an object.

use super::shape::{Field, Shape, Type};
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Debug, Default)]
struct Table {
    types: Vec<Type>,
    names: BTreeMap<&'static str, usize>,
    kinds: BTreeMap<(&'static str, &'static str), usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("builtin.txt")));

static NOTHING: LazyLock<Type> = LazyLock::new(Type::default);

impl Shape {
    /// The Go name of the type, as its JSON reader names it.
    #[must_use]
    pub(crate) fn go(&self) -> String {
        match self {
            Self::Text => "string".to_owned(),
            Self::Int32 | Self::IntOrText => "int32".to_owned(),
            Self::Int64 => "int64".to_owned(),
            Self::Uint8 => "uint8".to_owned(),
            Self::Float => "float64".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Quantity => "resource.Quantity".to_owned(),
            Self::Time => "v1.Time".to_owned(),
            Self::MicroTime => "v1.MicroTime".to_owned(),
            Self::Duration => "v1.Duration".to_owned(),
            Self::Bytes => "[]uint8".to_owned(),
            Self::Raw => "runtime.RawExtension".to_owned(),
            Self::List(items) => format!("[]{}", items.go()),
            Self::Map(values) => format!("map[string]{}", values.go()),
            Self::Struct(id) => at(*id).full.clone(),
        }
    }
}

/// The type of a kind.
#[must_use]
pub(crate) fn of(api_version: &str, kind: &str) -> Option<&'static Type> {
    let id = TABLE.kinds.iter().find(|((v, k), _)| *v == api_version && *k == kind)?.1;
    TABLE.types.get(*id)
}

/// The type called `name`, such as `meta.v1.ObjectMeta`.
#[must_use]
pub(crate) fn named(name: &str) -> Option<&'static Type> {
    TABLE.types.get(*TABLE.names.get(name)?)
}

/// The type at a place of the table.
#[must_use]
pub(crate) fn at(id: usize) -> &'static Type {
    TABLE.types.get(id).unwrap_or(&NOTHING)
}

fn read(text: &'static str) -> Table {
    let lines = || text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    let names: BTreeMap<&'static str, usize> = lines()
        .filter(|l| !l.starts_with('@'))
        .enumerate()
        .map(|(id, l)| (l.split(' ').next().unwrap_or_default(), id))
        .collect();
    let mut table = Table { names: names.clone(), ..Table::default() };
    for line in lines() {
        let mut words = line.split(' ');
        let first = words.next().unwrap_or_default();
        if let Some(version) = first.strip_prefix('@') {
            let kind = words.next().unwrap_or_default();
            if let Some(id) = words.next().and_then(|name| names.get(name)) {
                table.kinds.insert((version, kind), *id);
            }
            continue;
        }
        let name = first.rsplit('.').next().unwrap_or_default();
        let package = first.rsplit('.').nth(1).unwrap_or_default();
        let fields = words.filter_map(|word| field(word, &names)).collect();
        table.types.push(Type { name, full: format!("{package}.{name}"), fields });
    }
    table
}

/// Reads `name*?:shape=go.Type`.
fn field(word: &'static str, names: &BTreeMap<&str, usize>) -> Option<(&'static str, Field)> {
    let (head, tail) = word.split_once(':')?;
    let (text, go) = tail.split_once('=').unwrap_or((tail, ""));
    let name = head.trim_end_matches(['*', '?']);
    let marks = head.get(name.len()..).unwrap_or_default();
    let field =
        Field { shape: shape(text, names), pointer: marks.contains('*'), omit: marks.contains('?'), go };
    Some((name, field))
}

fn shape(text: &str, names: &BTreeMap<&str, usize>) -> Shape {
    let inner = |open, close| text.strip_prefix(open).and_then(|t| t.strip_suffix(close));
    if let Some(items) = inner('[', ']') {
        return Shape::List(Box::new(shape(items, names)));
    }
    if let Some(values) = inner('<', '>') {
        return Shape::Map(Box::new(shape(values, names)));
    }
    match text {
        "s" => Shape::Text,
        "i" => Shape::Int32,
        "l" => Shape::Int64,
        "u" => Shape::Uint8,
        "f" => Shape::Float,
        "b" => Shape::Bool,
        "q" => Shape::Quantity,
        "x" => Shape::IntOrText,
        "t" => Shape::Time,
        "m" => Shape::MicroTime,
        "d" => Shape::Duration,
        "y" => Shape::Bytes,
        name => names.get(name).map_or(Shape::Raw, |id| Shape::Struct(*id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;

    #[test]
    fn every_built_in_kind_has_a_type() {
        for kind in kinds::all().filter(|k| kinds::is_built_in(&k.group)) {
            assert!(of(&kind.api_version(), &kind.kind).is_some(), "{}", kind.kind);
        }
    }

    #[test]
    fn no_type_of_the_table_is_unknown_to_it() {
        let text = include_str!("builtin.txt");
        for line in text.lines().filter(|l| !l.starts_with(['#', '@'])) {
            for shape in line.split(' ').skip(1).filter_map(|w| w.split_once(':')).map(|(_, s)| s) {
                let name = shape.split('=').next().unwrap().trim_matches(['[', ']', '<', '>']);
                let known = name.len() == 1 || text.contains(&format!("\n{name} "));
                assert!(known, "{name}");
            }
        }
    }

    #[test]
    fn go_names() {
        let deployment = of("apps/v1", "Deployment").unwrap();
        assert_eq!(deployment.fields["spec"].shape.go(), "v1.DeploymentSpec");
        let Shape::Struct(spec) = deployment.fields["spec"].shape else { panic!() };
        assert!(at(spec).fields["replicas"].pointer);
        assert!(!at(spec).fields["selector"].omit);
    }
}
