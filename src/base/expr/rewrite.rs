//! Decides which parts of a checked expression are computed once or in another way, as expr-lang's optimiser does.
//! It never changes a value, only what is evaluated at all and therefore which faults can happen.

use super::ast::{Builtin, Kind, Node};
use super::fault::FaultAt;
use super::fault::types::TypeFault;
use super::ops;
use super::value::{Elements, Value};
use std::sync::Arc;

/// Rewrites a tree until nothing changes any more (source: optimizer/optimizer.go, `Optimize`).
///
/// # Errors
/// A remainder of a division by the literal zero.
pub(super) fn rewrite(node: &mut Node) -> Result<(), FaultAt> {
    walk(node, &mut fold)?;
    for step in
        [filter_then_map, filter_then_len, filter_then_pick, merge_predicates, sum_of_map, count_early]
    {
        walk(node, &mut |n| {
            step(n);
            Ok(())
        })?;
    }
    Ok(())
}

/// Calls `step` on each node, children first.
fn walk(node: &mut Node, step: &mut dyn FnMut(&mut Node) -> Result<(), FaultAt>) -> Result<(), FaultAt> {
    for child in node.children_mut() {
        walk(child, step)?;
    }
    step(node)
}

fn take(node: &mut Node) -> Node {
    let (at, id, height, size) = (node.at, node.id, node.height, node.size);
    std::mem::replace(node, Node { kind: Kind::Nil, at, id, height, size })
}

fn literal(node: &Node) -> Option<Value> {
    match &node.kind {
        Kind::Bool(b) => Some(Value::Bool(*b)),
        Kind::Int(i) => Some(Value::Int(*i)),
        Kind::Float(f) => Some(Value::Float(*f)),
        Kind::Text(t) => Some(Value::Text(t.clone())),
        _ => None,
    }
}

fn from_literal(value: Value) -> Option<Kind> {
    match value {
        Value::Bool(b) => Some(Kind::Bool(b)),
        Value::Int(i) => Some(Kind::Int(i)),
        Value::Float(f) => Some(Kind::Float(f)),
        Value::Text(t) => Some(Kind::Text(t)),
        _ => None,
    }
}

/// Computes what literals alone decide.
fn fold(node: &mut Node) -> Result<(), FaultAt> {
    let at = node.at;
    let folded = match &mut node.kind {
        Kind::Unary(op, inner) => match literal(inner) {
            Some(Value::Bool(b)) if matches!(*op, "!" | "not") => Some(Kind::Bool(!b)),
            Some(value) if *op == "-" => ops::negate(&value).ok().and_then(from_literal),
            Some(Value::Int(i)) if *op == "+" => Some(Kind::Int(i)),
            Some(Value::Float(f)) if *op == "+" => Some(Kind::Float(f)),
            _ => None,
        },
        Kind::Binary("and" | "&&", left, right) => match (literal(left), literal(right)) {
            (Some(Value::Bool(true)), _) => Some(take(right).kind),
            (_, Some(Value::Bool(true))) => Some(take(left).kind),
            (Some(Value::Bool(false)), _) | (_, Some(Value::Bool(false))) => Some(Kind::Bool(false)),
            _ => None,
        },
        Kind::Binary("or" | "||", left, right) => match (literal(left), literal(right)) {
            (Some(Value::Bool(false)), _) => Some(take(right).kind),
            (_, Some(Value::Bool(false))) => Some(take(left).kind),
            (Some(Value::Bool(true)), _) | (_, Some(Value::Bool(true))) => Some(Kind::Bool(true)),
            _ => None,
        },
        Kind::Binary(op, left, right) => match (literal(left), literal(right)) {
            (Some(a), Some(b)) => fold_two(op, &a, &b).map_err(|fault| FaultAt::new(at, fault))?,
            _ => None,
        },
        Kind::Array(nodes) if !nodes.is_empty() => {
            let items: Option<Vec<Value>> = nodes.iter().map(literal).collect();
            items.map(|items| Kind::Constant(Value::list(Elements::Any, items)))
        }
        Kind::Builtin(outer) if outer.name == "filter" => filter_twice(outer, at),
        _ => None,
    };
    if let Some(kind) = folded {
        node.kind = kind;
    }
    Ok(())
}

fn fold_two(op: &'static str, a: &Value, b: &Value) -> Result<Option<Kind>, TypeFault> {
    let numbers = a.as_float().is_some() && b.as_float().is_some();
    match (op, a, b) {
        ("%", Value::Int(_), Value::Int(0)) => Err(TypeFault::DivideByZero),
        ("+", Value::Text(x), Value::Text(y)) => Ok(Some(Kind::Text(format!("{x}{y}").into()))),
        ("==", Value::Int(_), Value::Int(_))
        | ("==", Value::Text(_), Value::Text(_))
        | ("==", Value::Bool(_), Value::Bool(_)) => Ok(Some(Kind::Bool(ops::equal(a, b)))),
        ("+" | "-" | "*" | "/" | "%" | "**" | "^", ..) if numbers => {
            Ok(ops::arithmetic(a, op, b).ok().and_then(from_literal))
        }
        _ => Ok(None),
    }
}

/// `filter(filter(x, p), q)` asks `p && q` of each element.
fn filter_twice(outer: &mut Builtin, at: usize) -> Option<Kind> {
    let [base, own] = outer.args.as_mut_slice() else { return None };
    let Kind::Builtin(inner) = &mut base.kind else { return None };
    let [list, first] = inner.args.as_mut_slice() else { return None };
    if inner.name != "filter" {
        return None;
    }
    let predicate = both(first, "&&", own, at)?;
    Some(Kind::builtin("filter", vec![take(list), predicate]))
}

/// One predicate that joins two with `op`.
fn both(first: &mut Node, op: &'static str, second: &mut Node, at: usize) -> Option<Node> {
    let (id, height, size) = (first.id, first.height.max(second.height) + 1, first.size + second.size);
    let (Kind::Predicate(a), Kind::Predicate(b)) = (&mut first.kind, &mut second.kind) else { return None };
    let joined = Kind::Binary(op, Box::new(take(a)), Box::new(take(b)));
    let body = Node { kind: joined, at, id, height, size };
    Some(Node { kind: Kind::Predicate(Box::new(body)), at, id, height, size })
}

fn as_builtin<'a>(node: &'a mut Node, name: &str, args: usize) -> Option<&'a mut Builtin> {
    match &mut node.kind {
        Kind::Builtin(b) if b.name == name && b.args.len() == args => Some(b),
        _ => None,
    }
}

/// `map(filter(x, p), f)` becomes one walk over `x`.
fn filter_then_map(node: &mut Node) {
    let Some(outer) = as_builtin(node, "map", 2) else { return };
    let [base, mapped] = outer.args.as_mut_slice() else { return };
    if uses_index(mapped) {
        return;
    }
    let Kind::Predicate(body) = &mut mapped.kind else { return };
    let Some(filter) = as_builtin(base, "filter", 2).filter(|f| f.map.is_none()) else { return };
    filter.map = Some(Box::new(take(body)));
    let kind = take(base).kind;
    node.kind = kind;
}

fn uses_index(node: &Node) -> bool {
    matches!(&node.kind, Kind::Pointer(name) if name == "index")
        || node.children().into_iter().any(uses_index)
}

/// `len(filter(x, p))` counts.
fn filter_then_len(node: &mut Node) {
    let Some(outer) = as_builtin(node, "len", 1) else { return };
    let filter = outer.args.first_mut().and_then(|base| as_builtin(base, "filter", 2));
    if let Some(filter) = filter {
        node.kind = Kind::builtin("count", std::mem::take(&mut filter.args));
    }
}

/// `filter(x, p)[0]` and `first(filter(x, p))` stop at the first match, `[-1]` and `last` at the last one.
fn filter_then_pick(node: &mut Node) {
    let (base, name, throws) = match &mut node.kind {
        Kind::Member { base, property, optional: false, .. } => match property.kind {
            Kind::Int(0) => (&mut **base, "find", true),
            Kind::Int(-1) => (&mut **base, "findLast", true),
            _ => return,
        },
        Kind::Builtin(outer) => {
            let name = if outer.name == "first" { "find" } else { "findLast" };
            match (outer.name.as_str(), outer.args.as_mut_slice()) {
                ("first" | "last", [base]) => (base, name, false),
                _ => return,
            }
        }
        _ => return,
    };
    let Some(filter) = as_builtin(base, "filter", 2) else { return };
    let args = std::mem::take(&mut filter.args);
    let map = filter.map.take();
    node.kind =
        Kind::Builtin(Box::new(Builtin { name: name.to_owned(), args, map, throws, threshold: None }));
}

/// `all(x, p) && all(x, q)` asks `p && q` of each element; `any` and `none` likewise.
fn merge_predicates(node: &mut Node) {
    let at = node.at;
    let Kind::Binary(op, left, right) = &mut node.kind else { return };
    let (Kind::Builtin(l), Kind::Builtin(r)) = (&mut left.kind, &mut right.kind) else { return };
    let op: &'static str = match (l.name.as_str(), *op) {
        ("all", "and" | "&&") | ("any", "or" | "||") => op,
        ("none", "and") => "or",
        ("none", "&&") => "||",
        _ => return,
    };
    let name = l.name.clone();
    let ([list, first], [other, second]) = (l.args.as_mut_slice(), r.args.as_mut_slice()) else { return };
    if name != r.name || !list.same(other) {
        return;
    }
    let Some(mut predicate) = both(first, op, second, at) else { return };
    if let Kind::Predicate(body) = &mut predicate.kind {
        merge_predicates(body);
    }
    node.kind = Kind::builtin(&name, vec![take(list), predicate]);
}

/// `sum(map(x, f))` is one walk.
fn sum_of_map(node: &mut Node) {
    let Some(outer) = as_builtin(node, "sum", 1) else { return };
    let Some(base) = outer.args.first_mut() else { return };
    if let Some(inner) = as_builtin(base, "map", 2) {
        outer.args = std::mem::take(&mut inner.args);
    }
}

/// `count(x, p) > n` stops as soon as the answer is known.
fn count_early(node: &mut Node) {
    let Kind::Binary(op, left, right) = &mut node.kind else { return };
    let (Kind::Int(limit), Some(count)) = (&right.kind, as_builtin(left, "count", 2)) else { return };
    let enough = match *op {
        ">" | "<=" => limit.saturating_add(1),
        ">=" | "<" => *limit,
        _ => return,
    };
    if enough == 1 && matches!(*op, ">" | ">=") {
        node.kind = Kind::builtin("any", std::mem::take(&mut count.args));
    } else if enough > 1 {
        count.threshold = Some(enough);
    }
}

/// The texts of a written list of texts. Expr-lang makes the keys of a map of them, so `in` takes only texts there.
pub(super) fn literal_texts(node: &Node) -> Option<Vec<Arc<str>>> {
    let Kind::Constant(Value::List(list)) = &node.kind else { return None };
    let texts = list.items.iter().map(|item| match item {
        Value::Text(t) => Some(t.clone()),
        _ => None,
    });
    texts.collect()
}
