//! Decides what a checked expression gives: it walks the tree, with a bound on steps and memory.
//! It never asks a clock and has no effect besides its answer.

use super::access;
use super::ast::{Kind, Node};
use super::budget::Budget;
use super::check::{Fact, Facts};
use super::convert::to_int;
use super::fault::run::RunFault;
use super::fault::{Fault, FaultAt};
use super::functions;
use super::methods;
use super::ops;
use super::pattern;
use super::rewrite::literal_texts;
use super::value::{Elements, Entries, List, MapKey, Value, weight};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What compiling one regular expression counts as.
const STEPS_OF_A_PATTERN: usize = 1_000;
/// How many compiled regular expressions one evaluation keeps.
const MOST_PATTERNS: usize = 32;

/// Why walking stopped early.
#[derive(Debug)]
pub(super) enum Stop {
    /// A `?.` met nil: the chain around it gives nil.
    Nil,
    Fault(Box<FaultAt>),
}

/// What `#`, `#index` and `#acc` stand for inside a predicate.
pub(super) struct Scope {
    /// The elements; none for a map, whose elements have no place.
    pub(super) list: Option<Arc<List>>,
    pub(super) index: usize,
    pub(super) acc: Value,
}

/// One evaluation (source: vm/vm.go, `VM.Run`).
pub(super) struct Machine<'a> {
    pub(super) names: &'a BTreeMap<&'static str, Value>,
    pub(super) facts: &'a Facts,
    pub(super) now: Timestamp,
    pub(super) budget: Budget,
    pub(super) scopes: Vec<Scope>,
    pub(super) variables: Vec<(&'a str, Value)>,
    /// Patterns of `matches` that this evaluation has met.
    pub(super) patterns: BTreeMap<Arc<str>, regex::Regex>,
}

pub(super) type Outcome = Result<Value, Stop>;

/// Places a fault at a node.
pub(super) fn stop(node: &Node, fault: impl Into<Fault>) -> Stop {
    Stop::Fault(Box::new(FaultAt::new(node.at, fault)))
}

/// The truth of a value where a bool is needed.
pub(super) fn truth(node: &Node, value: &Value) -> Result<bool, Stop> {
    match value {
        Value::Bool(b) => Ok(*b),
        other => Err(stop(node, other.not_a("bool"))),
    }
}

impl<'a> Machine<'a> {
    /// The value of a node.
    pub(super) fn eval(&mut self, node: &'a Node) -> Outcome {
        self.budget.steps(1).map_err(|fault| stop(node, fault))?;
        match &node.kind {
            Kind::Nil => Ok(Value::Nil),
            Kind::Bool(b) => Ok(Value::Bool(*b)),
            Kind::Int(i) => Ok(Value::Int(*i)),
            Kind::Float(f) => Ok(Value::Float(*f)),
            Kind::Text(t) => Ok(Value::Text(t.clone())),
            Kind::Bytes(b) => Ok(Value::Bytes(b.clone())),
            Kind::Constant(value) => Ok(value.clone()),
            Kind::Name(name) => Ok(self.name(name)),
            Kind::Unary(op, operand) => self.unary(node, op, operand),
            Kind::Binary(op, left, right) => self.binary(node, op, left, right),
            Kind::Chain(inner) => match self.eval(inner) {
                Err(Stop::Nil) => Ok(Value::Nil),
                other => other,
            },
            Kind::Member { base, property, optional, .. } => self.member(node, base, property, *optional),
            Kind::Slice { base, from, to } => self.slice(node, base, from.as_deref(), to.as_deref()),
            Kind::Call(callee, args) => self.call(node, callee, args),
            Kind::Builtin(builtin) => self.builtin(node, builtin),
            Kind::Predicate(body) => self.eval(body),
            Kind::Pointer(name) => self.pointer(node, name),
            Kind::Let { name, value, body } => self.declaration(name, value, body),
            Kind::Sequence(nodes) => self.sequence(nodes),
            Kind::Conditional(condition, yes, no) => {
                let found = self.eval(condition)?;
                if truth(node, &found)? { self.eval(yes) } else { self.eval(no) }
            }
            Kind::Array(nodes) => self.array(node, nodes),
            Kind::Map(pairs) => self.map(node, pairs),
        }
    }

    fn name(&self, name: &str) -> Value {
        if let Some((_, value)) = self.variables.iter().rev().find(|(own, _)| *own == name) {
            return value.clone();
        }
        if name == "$env" {
            let entry = |(k, v): (&&'static str, &Value)| (MapKey::Text((*k).into()), v.clone());
            return Value::map(Entries::TextToAny, self.names.iter().map(entry).collect());
        }
        self.names.get(name).cloned().unwrap_or_default()
    }

    fn unary(&mut self, node: &Node, op: &'static str, operand: &'a Node) -> Outcome {
        let value = self.eval(operand)?;
        match op {
            "!" | "not" => truth(node, &value).map(|b| Value::Bool(!b)),
            "-" => ops::negate(&value).map_err(|fault| stop(node, fault)),
            _ => Ok(value),
        }
    }

    fn binary(&mut self, node: &'a Node, op: &'static str, left: &'a Node, right: &'a Node) -> Outcome {
        let l = self.eval(left)?;
        match op {
            "and" | "&&" => return if truth(node, &l)? { self.eval(right) } else { Ok(l) },
            "or" | "||" => return if truth(node, &l)? { Ok(l) } else { self.eval(right) },
            "??" => return if l.is_nil() { self.eval(right) } else { Ok(l) },
            "in" => return self.membership(node, &l, right),
            _ => {}
        }
        let r = self.eval(right)?;
        self.apply(node, op, &l, &r).map_err(|fault| stop(node, fault))
    }

    fn apply(&mut self, node: &Node, op: &'static str, l: &Value, r: &Value) -> Result<Value, Fault> {
        Ok(match op {
            "==" => Value::Bool(self.equal(node, l, r)?),
            "!=" => Value::Bool(!self.equal(node, l, r)?),
            "<" | ">" | "<=" | ">=" => Value::Bool(ops::ordered(l, op, r)?),
            ".." => self.range(to_int(l)?, to_int(r)?)?,
            "matches" => Value::Bool(self.matches(l, r)?),
            "contains" | "startsWith" | "endsWith" => Value::Bool(self.text_test(op, l, r)?),
            _ => {
                if let (Value::Text(x), Value::Text(y)) = (l, r) {
                    self.budget.text(x.len() + y.len())?;
                }
                ops::arithmetic(l, op, r)?
            }
        })
    }

    fn equal(&mut self, node: &Node, l: &Value, r: &Value) -> Result<bool, Fault> {
        let (wanted, fits): (&'static str, fn(&Value) -> bool) = match self.facts.get(&node.id) {
            Some(Fact::EqualInts) => ("int", |v| matches!(v, Value::Int(_))),
            Some(Fact::EqualTexts) => ("string", |v| matches!(v, Value::Text(_))),
            _ => ("", |_| true),
        };
        if let Some(other) = [l, r].into_iter().find(|v| !fits(v)) {
            return Err(other.not_a(wanted).into());
        }
        self.budget.steps(weight(l).min(weight(r)))?;
        Ok(ops::equal(l, r))
    }

    fn range(&mut self, from: i64, to: i64) -> Result<Value, Fault> {
        let size = i128::from(to) - i128::from(from) + 1;
        let size = usize::try_from(size.max(0)).unwrap_or(usize::MAX);
        self.budget.memory(size)?;
        Ok(Value::list(Elements::Ints, (from..=to).map(Value::Int).collect()))
    }

    fn membership(&mut self, node: &Node, needle: &Value, right: &'a Node) -> Outcome {
        if let (Kind::Binary("..", from, to), Some(Fact::IntIn), Value::Int(n)) =
            (&right.kind, self.facts.get(&node.id), needle)
            && let (Kind::Int(from), Kind::Int(to)) = (&from.kind, &to.kind)
        {
            return Ok(Value::Bool((from..=to).contains(&n)));
        }
        let hay = self.eval(right)?;
        let found = match (literal_texts(right), needle) {
            (Some(_), Value::Nil) => ops::is_in(&Value::text(""), &hay),
            (Some(_), other) if !matches!(other, Value::Text(_)) => {
                Err(RunFault::NotATextKey(other.go_type()))
            }
            _ => {
                self.budget.steps(weight(&hay)).map_err(|fault| stop(node, fault))?;
                ops::is_in(needle, &hay)
            }
        };
        found.map(Value::Bool).map_err(|fault| stop(node, fault))
    }

    fn matches(&mut self, text: &Value, with: &Value) -> Result<bool, Fault> {
        let (text, with) = match (text, with) {
            (Value::Nil, _) | (_, Value::Nil) => return Ok(false),
            (Value::Text(text), Value::Text(with)) => (text.to_string(), with),
            (Value::Bytes(bytes), Value::Text(with)) => (String::from_utf8_lossy(bytes).into_owned(), with),
            (_, Value::Text(_)) => return Err(text.not_a("[]uint8").into()),
            _ => return Err(with.not_a("string").into()),
        };
        self.budget.steps(text.len())?;
        if let Some(known) = self.patterns.get(with) {
            return Ok(known.is_match(&text));
        }
        self.budget.steps(STEPS_OF_A_PATTERN)?;
        let compiled = pattern::compile(with)?;
        let found = compiled.is_match(&text);
        if self.patterns.len() < MOST_PATTERNS {
            self.patterns.insert(with.clone(), compiled);
        }
        Ok(found)
    }

    fn text_test(&mut self, op: &'static str, l: &Value, r: &Value) -> Result<bool, Fault> {
        let (a, b) = match (l, r) {
            (Value::Nil, _) | (_, Value::Nil) => return Ok(false),
            (Value::Text(a), Value::Text(b)) => (a, b),
            (Value::Text(_), other) | (other, _) => return Err(other.not_a("string").into()),
        };
        self.budget.steps(a.len() / 64)?;
        Ok(match op {
            "contains" => a.contains(&**b),
            "startsWith" => a.starts_with(&**b),
            _ => a.ends_with(&**b),
        })
    }

    fn member(&mut self, node: &Node, base: &'a Node, property: &'a Node, optional: bool) -> Outcome {
        let base = self.eval(base)?;
        if optional && base.is_nil() {
            return Err(Stop::Nil);
        }
        let key = self.eval(property)?;
        access::fetch(&base, &key).map_err(|fault| stop(node, fault))
    }

    fn slice(
        &mut self,
        node: &Node,
        base: &'a Node,
        from: Option<&'a Node>,
        to: Option<&'a Node>,
    ) -> Outcome {
        let base = self.eval(base)?;
        let to = to.map(|n| self.eval(n)).transpose()?;
        let from = from.map(|n| self.eval(n)).transpose()?.unwrap_or(Value::Int(0));
        self.budget.steps(weight(&base)).map_err(|fault| stop(node, fault))?;
        access::slice(&base, &from, to.as_ref()).map_err(|fault| stop(node, fault))
    }

    fn call(&mut self, node: &'a Node, callee: &'a Node, args: &'a [Node]) -> Outcome {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.eval(arg)?);
        }
        if let Kind::Member { base, property, optional, method: true } = &callee.kind
            && let Some(name) = property.as_text()
        {
            let base = self.eval(base)?;
            if *optional && base.is_nil() {
                return Err(Stop::Nil);
            }
            if let Some(answer) = methods::call(&base, name, &values) {
                return Ok(answer);
            }
            let found = access::fetch(&base, &Value::text(name)).map_err(|fault| stop(callee, fault))?;
            return Err(stop(node, functions::not_callable(&found)));
        }
        match self.eval(callee)? {
            Value::Function(name) => functions::environment(name, args, &values, self.names.get("result"))
                .map_err(|fault| stop(node, fault)),
            other => Err(stop(node, functions::not_callable(&other))),
        }
    }

    fn pointer(&mut self, node: &Node, name: &str) -> Outcome {
        let Some(scope) = self.scopes.last() else { return Ok(Value::Nil) };
        match name {
            "index" => Ok(Value::Int(i64::try_from(scope.index).unwrap_or(i64::MAX))),
            "acc" => Ok(scope.acc.clone()),
            _ => match &scope.list {
                Some(list) => Ok(list.items.get(scope.index).cloned().unwrap_or_default()),
                None => Err(stop(node, RunFault::IndexOfMap)),
            },
        }
    }

    fn declaration(&mut self, name: &'a str, value: &'a Node, body: &'a Node) -> Outcome {
        let value = self.eval(value)?;
        self.variables.push((name, value));
        let answer = self.eval(body);
        self.variables.pop();
        answer
    }

    fn sequence(&mut self, nodes: &'a [Node]) -> Outcome {
        let mut last = Value::Nil;
        for node in nodes {
            last = self.eval(node)?;
        }
        Ok(last)
    }

    fn array(&mut self, node: &Node, nodes: &'a [Node]) -> Outcome {
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            items.push(self.eval(node)?);
        }
        self.budget.memory(items.len()).map_err(|fault| stop(node, fault))?;
        Ok(Value::list(Elements::Any, items))
    }

    fn map(&mut self, node: &Node, pairs: &'a [(Node, Node)]) -> Outcome {
        let mut entries = BTreeMap::new();
        for (key, value) in pairs {
            let (key, value) = (self.eval(key)?, self.eval(value)?);
            let Value::Text(key) = key else { return Err(stop(node, key.not_a("string"))) };
            entries.insert(MapKey::Text(key), value);
        }
        self.budget.memory(pairs.len()).map_err(|fault| stop(node, fault))?;
        Ok(Value::map(Entries::TextToAny, entries))
    }
}
