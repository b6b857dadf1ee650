//! Decides how the committed table of Argo's types is read as schemas that an API server takes.
//! It never describes a field in words, and a word that it cannot read stands for anything.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const TEXT: &str = include_str!("argo.txt");
/// What an amount looks like where it is written as a text (source: apimachinery, pkg/api/resource, `Quantity`).
const QUANTITY: &str = "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|\
    (\\.[0-9]+))))?$";

/// The table, a line for each type.
pub(super) struct Table {
    types: BTreeMap<&'static str, &'static str>,
}

impl Table {
    /// Reads it.
    pub(super) fn read() -> Self {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
        Self { types: lines.filter_map(|line| line.split_once(' ')).collect() }
    }

    /// The schema of a type of the table.
    pub(super) fn schema(&self, name: &str) -> Value {
        self.types.get(name).map_or_else(anything, |fields| self.object(fields))
    }

    fn object(&self, fields: &str) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, of) in fields.split(' ').filter_map(|field| field.split_once(':')) {
            let bare = name.trim_end_matches('!');
            if bare != name {
                required.push(bare);
            }
            properties.insert(bare.to_owned(), self.of(of));
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            set(&mut schema, "required", json!(required));
        }
        schema
    }

    /// The schema that a word of the table stands for.
    fn of(&self, word: &str) -> Value {
        if let Some((inner, kind)) = word.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
            return list(self.of(inner), kind);
        }
        if let Some((inner, mark)) = word.strip_prefix('<').and_then(|rest| rest.rsplit_once('>')) {
            return atomic(json!({"type": "object", "additionalProperties": self.of(inner)}), mark);
        }
        let (word, default) = word.split_once('=').map_or((word, None), |(word, value)| (word, Some(value)));
        let (word, choice) = word.split_once('(').map_or((word, None), |(word, words)| (word, Some(words)));
        let mut schema = match word {
            "s" => json!({"type": "string"}),
            "b" => json!({"type": "boolean"}),
            "i" => json!({"type": "integer"}),
            "i32" | "i64" => json!({"type": "integer", "format": word.replace('i', "int")}),
            "time" => json!({"type": "string", "format": "date-time"}),
            "intstr" => number_or_text(),
            "quantity" => {
                let mut schema = number_or_text();
                set(&mut schema, "pattern", json!(QUANTITY));
                schema
            }
            "object" => json!({"type": "object"}),
            "open" => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
            name => {
                let bare = name.trim_end_matches('!');
                atomic(self.schema(bare), name.get(bare.len()..).unwrap_or_default())
            }
        };
        if let Some(words) = choice {
            let words: Vec<&str> = words.trim_end_matches(')').split(',').collect();
            set(&mut schema, "enum", json!(words));
        }
        match default {
            Some("true" | "false") if word == "b" => {
                set(&mut schema, "default", json!(default == Some("true")))
            }
            Some(text) => set(&mut schema, "default", json!(text)),
            None => {}
        }
        schema
    }
}

fn set(schema: &mut Value, word: &str, value: Value) {
    if let Some(map) = schema.as_object_mut() {
        map.insert(word.to_owned(), value);
    }
}

fn anything() -> Value {
    json!({"x-kubernetes-preserve-unknown-fields": true})
}

fn number_or_text() -> Value {
    json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})
}

fn atomic(mut schema: Value, mark: &str) -> Value {
    if mark == "!" {
        set(&mut schema, "x-kubernetes-map-type", json!("atomic"));
    }
    schema
}

/// A list of `items`; `kind` is what stands after its bracket.
fn list(items: Value, kind: &str) -> Value {
    let mut schema = json!({"type": "array", "items": items});
    let keys = kind.strip_prefix('|');
    match (kind, keys) {
        ("!", _) => set(&mut schema, "x-kubernetes-list-type", json!("atomic")),
        (_, Some("")) => set(&mut schema, "x-kubernetes-list-type", json!("set")),
        (_, Some(keys)) => {
            set(&mut schema, "x-kubernetes-list-type", json!("map"));
            let keys: Vec<&str> = keys.split(',').collect();
            set(&mut schema, "x-kubernetes-list-map-keys", json!(keys));
        }
        _ => {}
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read() {
        let schema =
            Table { types: [("T", "a!:s(x,y)=x b:[U]|k,l c:<i32>! d:U! e:[i64]| f:b=false")].into() };
        let table = Table { types: [("U", "k!:quantity l:[s]!")].into_iter().chain(schema.types).collect() };
        let schema = table.schema("T");
        assert_eq!(schema["required"], json!(["a"]));
        let field = |name: &str| schema["properties"][name].clone();
        assert_eq!(field("a"), json!({"type": "string", "enum": ["x", "y"], "default": "x"}));
        assert_eq!(field("b")["x-kubernetes-list-map-keys"], json!(["k", "l"]));
        assert_eq!(field("b")["items"]["properties"]["l"]["x-kubernetes-list-type"], "atomic");
        let map = json!({"type": "object", "additionalProperties": {"type": "integer", "format": "int32"},
            "x-kubernetes-map-type": "atomic"});
        assert_eq!(field("c"), map);
        assert_eq!(field("d")["x-kubernetes-map-type"], "atomic");
        assert_eq!(field("d")["properties"]["k"]["pattern"], QUANTITY);
        assert_eq!(field("e")["x-kubernetes-list-type"], "set");
        assert_eq!(field("f"), json!({"type": "boolean", "default": false}));
    }

    #[test]
    fn no_word_of_the_table_is_unknown() {
        let table = Table::read();
        let known = ["s", "b", "i", "i32", "i64", "time", "intstr", "quantity", "object", "open", "any"];
        for (name, fields) in &table.types {
            for (field, of) in fields.split(' ').map(|field| field.split_once(':').unwrap()) {
                let of = of.split(['(', '=']).next().unwrap();
                let inner = of.trim_start_matches(['[', '<']).split([']', '>']).next().unwrap();
                let bare = inner.trim_end_matches('!');
                assert!(known.contains(&bare) || table.types.contains_key(bare), "{name}.{field}: {of}");
            }
        }
    }
}
