//! Decides which values of an object a printer column's JSONPath names.
//! It never fails: a path that cannot be read names nothing.
//!
//! Kubernetes' own dialect, as far as printer columns use it: `.a.b`, `['k']`, `.a\.b`, `[0]`, `[-1]`, `[1:3]`,
//! `[*]`, `.*`, `..name`, `[?(@.type=="Ready")]` with `== != < <= > >=` or bare existence.

use serde_json::Value;

/// The most steps of a path and the most values on the way.
const MOST_STEPS: usize = 64;
const MOST_VALUES: usize = 10_000;

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    All,
    Anywhere(String),
    Where { path: Vec<Step>, test: Option<(String, Value)> },
}

/// A path that has been read.
#[derive(Clone, Debug)]
pub(super) struct Path(Option<Vec<Step>>);

impl Path {
    /// Reads a path such as `.spec.replicas`.
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        let bare = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
        Self(steps(bare.strip_prefix('$').unwrap_or(bare)))
    }

    /// The first value that the path names.
    pub(super) fn first<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        walk(vec![object], self.0.as_ref()?).into_iter().next()
    }
}

fn steps(text: &str) -> Option<Vec<Step>> {
    let mut rest = text;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let step;
        if let Some(tail) = rest.strip_prefix("..") {
            let (field, tail) = word(tail)?;
            (step, rest) = (Step::Anywhere(field), tail);
        } else if let Some(tail) = rest.strip_prefix(".*") {
            (step, rest) = (Step::All, tail);
        } else if let Some(tail) = rest.strip_prefix('.') {
            let (field, tail) = word(tail)?;
            (step, rest) = (Step::Field(field), tail);
        } else if rest.starts_with('[') {
            let (inside, tail) = bracket(rest)?;
            (step, rest) = (inner(inside)?, tail);
        } else {
            return None;
        }
        found.push(step);
        if found.len() > MOST_STEPS {
            return None;
        }
    }
    Some(found)
}

/// A field's name and what follows it; a backslash takes the next character as it is.
fn word(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => word.push(chars.next()?.1),
            '.' | '[' => return (!word.is_empty()).then_some((word, text.get(at..)?)),
            c => word.push(c),
        }
    }
    (!word.is_empty()).then_some((word, ""))
}

/// What stands between a bracket and its partner, quotes and inner brackets heeded, and what follows.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some((text.get(1..at)?, text.get(at + 1..)?));
                }
            }
            (None, _) => {}
        }
    }
    None
}

fn inner(text: &str) -> Option<Step> {
    let text = text.trim();
    if text == "*" {
        return Some(Step::All);
    }
    if let Some(field) = unquoted(text) {
        return Some(Step::Field(field));
    }
    if let Some(condition) = text.strip_prefix("?(").and_then(|t| t.strip_suffix(')')) {
        return filter(condition);
    }
    if let Some((from, to)) = text.split_once(':') {
        let end = |t: &str| if t.trim().is_empty() { Some(None) } else { t.trim().parse().ok().map(Some) };
        return Some(Step::Slice(end(from)?, end(to)?));
    }
    text.parse().ok().map(Step::Index)
}

fn unquoted(text: &str) -> Option<String> {
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return Some(inside.to_owned());
        }
    }
    None
}

fn filter(condition: &str) -> Option<Step> {
    const SIGNS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];
    // A sign inside quotes is part of the value, so the first one counts.
    let place = condition.find(['=', '!', '<', '>']).unwrap_or(condition.len());
    let (left, right) = condition.split_at(place);
    let path = steps(left.trim().strip_prefix('@')?)?;
    let Some(sign) = SIGNS.iter().find(|s| right.starts_with(**s)) else {
        return right.is_empty().then_some(Step::Where { path, test: None });
    };
    let value = right.get(sign.len()..)?.trim();
    let value = match unquoted(value) {
        Some(text) => Value::String(text),
        None => serde_json::from_str(value).ok()?,
    };
    Some(Step::Where { path, test: Some(((*sign).to_owned(), value)) })
}

fn walk<'a>(mut values: Vec<&'a Value>, steps: &[Step]) -> Vec<&'a Value> {
    for step in steps {
        values = values.into_iter().flat_map(|v| follow(v, step)).take(MOST_VALUES).collect();
    }
    values
}

fn follow<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Field(field), Value::Object(map)) => map.get(field).into_iter().collect(),
        (Step::All, Value::Object(map)) => map.values().collect(),
        (Step::All, Value::Array(all)) => all.iter().collect(),
        (Step::Index(at), Value::Array(all)) => {
            place(*at, all.len()).and_then(|i| all.get(i)).into_iter().collect()
        }
        (Step::Slice(from, to), Value::Array(all)) => {
            let end = |at: Option<i64>, otherwise: usize| match at {
                Some(at) => place(at, all.len()).unwrap_or(all.len()),
                None => otherwise,
            };
            let (from, to) = (end(*from, 0), end(*to, all.len()));
            all.iter().take(to).skip(from).collect()
        }
        (Step::Where { path, test }, Value::Array(all)) => {
            all.iter().filter(|v| holds(v, path, test.as_ref())).collect()
        }
        (Step::Anywhere(field), value) => {
            let mut found = Vec::new();
            search(value, field, &mut found);
            found
        }
        _ => Vec::new(),
    }
}

/// The place of an index that may count from the end.
fn place(at: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if at < 0 { length + at } else { at }).ok()
}

fn search<'a>(value: &'a Value, field: &str, found: &mut Vec<&'a Value>) {
    if found.len() >= MOST_VALUES {
        return;
    }
    match value {
        Value::Object(map) => {
            found.extend(map.get(field));
            map.values().for_each(|v| search(v, field, found));
        }
        Value::Array(all) => all.iter().for_each(|v| search(v, field, found)),
        _ => {}
    }
}

fn holds(value: &Value, path: &[Step], test: Option<&(String, Value)>) -> bool {
    let Some(found) = walk(vec![value], path).into_iter().next() else { return false };
    let Some((sign, wanted)) = test else { return true };
    let order = match (found, wanted) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().zip(b.as_f64()).and_then(|(a, b)| a.partial_cmp(&b))
        }
        (a, b) => (a == b).then_some(std::cmp::Ordering::Equal),
    };
    match sign.as_str() {
        "==" => order.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => !order.is_some_and(std::cmp::Ordering::is_eq),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn paths_name_values() {
        let object = json!({
            "a": {"b.c": 1, "d/e": 2}, "list": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, {"n": "z"}], "deep": {"v": 9},
        });
        let cases = [
            (".a.b\\.c", json!(1)),
            (".a['d/e']", json!(2)),
            ("{.a[\"b.c\"]}", json!(1)),
            ("$.list[1].n", json!("y")),
            (".list[-1].n", json!("z")),
            (".list[1:].n", json!("y")),
            (".list[:1].n", json!("x")),
            (".list[*].v", json!(1)),
            (".list[?(@.n==\"y\")].v", json!(2)),
            (".list[?(@.n != 'x')].n", json!("y")),
            (".list[?(@.v>=2)].n", json!("y")),
            (".list[?(@.v < 2)].n", json!("x")),
            (".list[?(@.v)].n", json!("x")),
            ("..v", json!(9)),
            (".deep.*", json!(9)),
        ];
        for (path, expected) in cases {
            assert_eq!(Path::read(path).first(&object), Some(&expected), "{path}");
        }
        for path in [
            "a",
            ".",
            "..",
            ".a.",
            ".list[9]",
            ".list[-9]",
            ".list[x]",
            ".list[",
            ".list[?(n==1)]",
            ".list[?(@.n=='q')]",
            ".list[?(@.n=1)]",
            ".none.x",
            ".list.n",
            ".a\\",
        ] {
            assert_eq!(Path::read(path).first(&object), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_harms(path in "[.a\\[\\]*?(@)='\":0-9\\\\-]{0,24}") {
            let object = json!({"a": [{"a": 1}, [2, {"a": "a"}]]});
            let _ = Path::read(&path).first(&object);
        }
    }
}
