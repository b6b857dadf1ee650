//! Decides which values one node leads to from others.
//! It never decides which node comes next but in one pair of braces.

use super::compare::holds;
use super::error::PathStuck;
use super::found::Found;
use super::nodes::{Filter, Node, Slice};
use serde_json::Value;

/// Values that one path may lead to on its way, in all.
const MOST: usize = 1_000_000;

/// What a node leads to. When it is stuck, some of it was found all the same, which counts for a filter that only asks
/// whether something is there.
pub(super) type Walked<'d> = Result<Vec<Found<'d>>, (Vec<Found<'d>>, PathStuck)>;

/// The ranges that were begun and ended on the way, as [`super::ranges`] keeps them.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Ranges whose `{range …}` was just read.
    pub(super) begun: usize,
    /// Ranges that are open.
    pub(super) open: usize,
    /// Ranges whose `{end}` was just read.
    pub(super) ended: usize,
    walked: usize,
}

impl State {
    fn count(&mut self, more: usize) -> Result<(), PathStuck> {
        self.walked = self.walked.saturating_add(more);
        if self.walked > MOST { Err(PathStuck::TooMany(MOST)) } else { Ok(()) }
    }

    /// What `node` leads to from `from` (source: k8s.io/client-go, util/jsonpath/jsonpath.go, `walk`).
    pub(super) fn walk<'d>(&mut self, from: Vec<Found<'d>>, node: &Node) -> Walked<'d> {
        self.count(from.len() + 1).map_err(|why| (Vec::new(), why))?;
        match node {
            Node::List(nodes) => self.list(from, nodes),
            Node::Text(text) => Ok(vec![Found::Text(text.clone())]),
            Node::Int(n) => Ok(from.iter().map(|_| Found::Int(*n)).collect()),
            Node::Float(n) => Ok(from.iter().map(|_| Found::Float(*n)).collect()),
            Node::Bool(b) => Ok(from.iter().map(|_| Found::Bool(*b)).collect()),
            Node::Field(name) => field(&from, name),
            Node::Slice(slice) => part(from, slice),
            Node::Wildcard => some(from.iter().flat_map(children)),
            Node::Recursive => {
                let mut found = Vec::new();
                from.iter().for_each(|value| descend(value, &mut found));
                some(found.into_iter())
            }
            Node::Union(lists) => self.union(from, lists),
            Node::Filter(filter) => self.filter(from, filter),
            Node::Word(word) => self.word(from, word),
        }
    }

    fn list<'d>(&mut self, from: Vec<Found<'d>>, nodes: &[Node]) -> Walked<'d> {
        nodes.iter().try_fold(from, |here, node| self.walk(here, node))
    }

    fn word<'d>(&mut self, from: Vec<Found<'d>>, word: &str) -> Walked<'d> {
        match word {
            "range" => {
                self.begun += 1;
                Ok(from)
            }
            "end" if self.open > 0 => {
                self.ended += 1;
                Ok(Vec::new())
            }
            "end" => Err((Vec::new(), PathStuck::NotInRange)),
            other => Err((from, PathStuck::Identifier(other.to_owned()))),
        }
    }

    fn union<'d>(&mut self, from: Vec<Found<'d>>, lists: &[Vec<Node>]) -> Walked<'d> {
        let mut found = Vec::new();
        for list in lists {
            match self.list(from.clone(), list) {
                Ok(more) => found.extend(more),
                Err((_, why)) => return Err((from, why)),
            }
        }
        Ok(found)
    }

    fn filter<'d>(&mut self, from: Vec<Found<'d>>, filter: &Filter) -> Walked<'d> {
        let mut found = Vec::new();
        for value in &from {
            let items = match value {
                Found::There(Value::Array(items)) => items,
                other => {
                    let why = PathStuck::NotFiltered(kind(other));
                    return Err((from, why));
                }
            };
            for item in items {
                match self.picks(item, filter) {
                    Ok(true) => found.push(Found::There(item)),
                    Ok(false) => {}
                    Err(why) => return Err((from, why)),
                }
            }
        }
        Ok(found)
    }

    fn picks(&mut self, item: &Value, filter: &Filter) -> Result<bool, PathStuck> {
        let left = self.list(vec![Found::There(item)], &filter.left);
        let Some((operator, right)) = &filter.right else {
            let found = match left {
                Err((_, why @ PathStuck::TooMany(_))) => return Err(why),
                Ok(found) | Err((found, _)) => found,
            };
            return Ok(!found.is_empty());
        };
        let one = |found: Vec<_>| match found.len() {
            0 | 1 => Ok(found.into_iter().next()),
            _ => Err(PathStuck::Several),
        };
        let Some(left) = one(left.map_err(|(_, why)| why)?)? else { return Ok(false) };
        let right = self.list(vec![Found::There(item)], right);
        let Some(right) = one(right.map_err(|(_, why)| why)?)? else { return Ok(false) };
        holds(&left, operator, &right)
    }
}

/// All of `found`, unless it is more than anybody wants to see.
fn some<'d>(found: impl Iterator<Item = Found<'d>>) -> Walked<'d> {
    let found: Vec<_> = found.take(MOST + 1).collect();
    if found.len() > MOST { Err((Vec::new(), PathStuck::TooMany(MOST))) } else { Ok(found) }
}

/// What a value is called in Go.
fn kind(found: &Found<'_>) -> &'static str {
    match found {
        Found::There(Value::Object(_)) => "map[string]interface {}",
        Found::There(Value::Array(_)) => "[]interface {}",
        Found::Text(_) | Found::There(Value::String(_)) => "string",
        Found::Float(_) | Found::There(Value::Number(_)) => "float64",
        Found::Bool(_) | Found::There(Value::Bool(_)) => "bool",
        Found::Int(_) => "int",
        Found::There(Value::Null) => "<nil>",
    }
}

fn field<'d>(from: &[Found<'d>], name: &str) -> Walked<'d> {
    let member = |value: &Found<'d>| match value {
        Found::There(Value::Object(map)) => map.get(name).map(Found::There),
        _ => None,
    };
    let found: Vec<_> = from.iter().filter_map(member).collect();
    if found.is_empty() && !from.is_empty() {
        return Err((found, PathStuck::NotFound(name.to_owned())));
    }
    Ok(found)
}

fn children<'d>(value: &Found<'d>) -> Vec<Found<'d>> {
    let bytes = |text: &str| text.bytes().map(|b| Found::Int(b.into())).collect();
    match value {
        Found::There(Value::Object(map)) => map.values().map(Found::There).collect(),
        Found::There(Value::Array(items)) => items.iter().map(Found::There).collect(),
        Found::There(Value::String(text)) => bytes(text),
        Found::Text(text) => bytes(text),
        _ => Vec::new(),
    }
}

/// Everything in `value` that has something in it, itself first.
fn descend<'d>(value: &Found<'d>, found: &mut Vec<Found<'d>>) {
    let is_text = matches!(value, Found::Text(_) | Found::There(Value::String(_)));
    let children = children(value);
    if children.is_empty() || found.len() > MOST {
        return;
    }
    found.push(value.clone());
    if !is_text {
        children.iter().for_each(|child| descend(child, found));
    }
}

fn part<'d>(from: Vec<Found<'d>>, slice: &Slice) -> Walked<'d> {
    let mut found = Vec::new();
    for value in &from {
        let items = match value {
            Found::There(Value::Null) => continue,
            Found::There(Value::Array(items)) => items,
            other => {
                let why = PathStuck::NoList(kind(other));
                return Err((from, why));
            }
        };
        match bounds(slice, items.len()) {
            Ok(None) => return Ok(found),
            Ok(Some((start, end, step))) => {
                let chosen = items.get(start..end).unwrap_or_default().iter().step_by(step);
                found.extend(chosen.take(MOST + 1 - found.len()).map(Found::There));
                if found.len() > MOST {
                    return Err((Vec::new(), PathStuck::TooMany(MOST)));
                }
            }
            Err(why) => return Err((from, why)),
        }
    }
    Ok(found)
}

/// Start, end and step in a list of `length` items; none when nothing was asked for (source: k8s.io/client-go,
/// util/jsonpath/jsonpath.go, `evalArray`).
fn bounds(slice: &Slice, length: usize) -> Result<Option<(usize, usize, usize)>, PathStuck> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = |n: i64| if n < 0 { n.wrapping_add(length) } else { n };
    let start = from_end(slice.start.unwrap_or(0));
    let end = match slice.end {
        None => length,
        Some(0) if slice.is_one => length,
        Some(n) => from_end(n),
    };
    if start == end {
        return Ok(None);
    }
    if start >= length || start < 0 {
        return Err(PathStuck::OutOfBounds { index: start, length });
    }
    if end > length || end < 0 {
        return Err(PathStuck::OutOfBounds { index: end.wrapping_sub(1), length });
    }
    if start > end {
        return Err(PathStuck::Backwards { start, end });
    }
    let step = match slice.step {
        None => 1,
        Some(n) => usize::try_from(n).ok().filter(|n| *n > 0).ok_or(PathStuck::Step)?,
    };
    let index = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Some((index(start), index(end), step)))
}
