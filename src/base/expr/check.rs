//! Decides whether an expression fits the types of the values it is about to see, before any of it is evaluated.
//! It never evaluates; a fault on a branch that would not be taken is a fault all the same.

use super::ast::{Kind, Node};
use super::fault::FaultAt;
use super::fault::types::TypeFault;
use super::methods;
use super::pattern;
use super::signature;
use super::types::Type;
use super::value::{Elements, Value};
use std::collections::BTreeMap;

/// What the checker found out about a node that changes how it is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// Both sides of `==` are statically `int`, so any other value is a fault.
    EqualInts,
    /// Both sides of `==` are statically `string`, so any other value is a fault.
    EqualTexts,
    /// The left side of `in` is statically `int`.
    IntIn,
}

/// The facts by number of node.
pub(super) type Facts = BTreeMap<u32, Fact>;

/// What a predicate may refer to.
pub(super) struct Scope {
    pub(super) collection: Type,
    pub(super) index: bool,
    pub(super) acc: bool,
}

/// The state of one check.
pub(super) struct Checker<'a> {
    pub(super) names: &'a BTreeMap<&'static str, Value>,
    pub(super) scopes: Vec<Scope>,
    variables: Vec<(&'a str, Type)>,
    facts: Facts,
}

/// Checks `node` against the types of the values in `names` (source: checker/checker.go, `Check`).
///
/// # Errors
/// The first fault in reading order, in expr-lang's words.
pub(super) fn check<'a>(node: &'a Node, names: &'a BTreeMap<&'static str, Value>) -> Result<Facts, FaultAt> {
    let mut checker = Checker { names, scopes: Vec::new(), variables: Vec::new(), facts: Facts::new() };
    checker.visit(node)?;
    Ok(checker.facts)
}

impl<'a> Checker<'a> {
    /// The type of a node.
    pub(super) fn visit(&mut self, node: &'a Node) -> Result<Type, FaultAt> {
        Ok(match &node.kind {
            Kind::Nil => Type::Nil,
            Kind::Bool(_) => Type::Bool,
            Kind::Int(_) => Type::Int,
            Kind::Float(_) => Type::Float,
            Kind::Text(_) => Type::Text,
            Kind::Bytes(_) => Type::Bytes,
            Kind::Constant(value) => Type::of(value),
            Kind::Name(name) => self.name(node, name)?,
            Kind::Unary(op, operand) => {
                let operand = self.visit(operand)?;
                return unary(node, op, operand);
            }
            Kind::Binary(op, left, right) => return self.binary(node, op, left, right),
            Kind::Chain(inner) => self.visit(inner)?,
            Kind::Member { base, property, method, .. } => self.member(node, base, property, *method)?,
            Kind::Slice { base, from, to } => self.slice(node, base, [from.as_deref(), to.as_deref()])?,
            Kind::Call(callee, args) => self.call(node, callee, args)?,
            Kind::Builtin(builtin) => self.builtin(node, builtin)?,
            Kind::Predicate(body) => self.visit(body)?,
            Kind::Pointer(name) => self.pointer(node, name)?,
            Kind::Let { name, value, body } => self.declaration(node, name, value, body)?,
            Kind::Sequence(nodes) => {
                let mut last = Type::Nil;
                for node in nodes {
                    last = self.visit(node)?;
                }
                last
            }
            Kind::Conditional(condition, yes, no) => self.conditional(condition, yes, no)?,
            Kind::Array(nodes) => self.array(nodes)?,
            Kind::Map(pairs) => {
                for (key, value) in pairs {
                    self.visit(key)?;
                    self.visit(value)?;
                }
                Type::Map(super::value::Entries::TextToAny)
            }
        })
    }

    fn name(&mut self, node: &Node, name: &str) -> Result<Type, FaultAt> {
        if let Some((_, known)) = self.variables.iter().rev().find(|(own, _)| *own == name) {
            return Ok(known.clone());
        }
        match self.names.get(name) {
            _ if name == "$env" => Ok(Type::Unknown),
            Some(value) => Ok(Type::of(value)),
            None if signature::is_builtin(name) || signature::takes_predicate(name) => {
                Ok(Type::Function("builtin"))
            }
            None => Err(FaultAt::new(node.at, TypeFault::UnknownName(name.to_owned()))),
        }
    }

    fn binary(
        &mut self,
        node: &'a Node,
        op: &'static str,
        left: &'a Node,
        right: &'a Node,
    ) -> Result<Type, FaultAt> {
        let (l, r) = (self.visit(left)?, self.visit(right)?);
        match (op, &l, &r) {
            ("==" | "!=", Type::Int, Type::Int) => drop(self.facts.insert(node.id, Fact::EqualInts)),
            ("==" | "!=", Type::Text, Type::Text) => drop(self.facts.insert(node.id, Fact::EqualTexts)),
            ("in", Type::Int, _) => drop(self.facts.insert(node.id, Fact::IntIn)),
            _ => {}
        }
        if op == "matches"
            && let Some(text) = right.as_text()
        {
            pattern::compile(text).map_err(|fault| FaultAt::new(node.at, fault))?;
        }
        let gives = if op == "in" { membership(&l, &r) } else { Ok(operator(op, &l, &r)) };
        let mismatch = TypeFault::Operands { op, left: l.name(), right: r.name() };
        gives.and_then(|found| found.ok_or(mismatch)).map_err(|fault| FaultAt::new(node.at, fault))
    }

    fn member(
        &mut self,
        node: &'a Node,
        base: &'a Node,
        property: &'a Node,
        method: bool,
    ) -> Result<Type, FaultAt> {
        if matches!(&base.kind, Kind::Name(name) if name == "$env") {
            return self.env_member(node, property);
        }
        let (base, found) = (self.visit(base)?, self.visit(property)?);
        if base.is_unknown() {
            return Ok(Type::Unknown);
        }
        let name = property.as_text();
        let fault = |at: usize, fault: TypeFault| Err(FaultAt::new(at, fault));
        match (&base, name) {
            (Type::Nil, Some(name)) => return fault(node.at, TypeFault::FieldOfNil(name.to_owned())),
            (Type::Time | Type::Duration | Type::Month | Type::Weekday | Type::Zone, Some(name)) => {
                if let Some(known) = method_type(&base, name) {
                    return Ok(known);
                }
            }
            (Type::Map(_), _) => {
                if !found.assignable_to(&base.key()) && !found.is_unknown() {
                    return fault(property.at, TypeFault::Key { key: found.name(), of: base.name() });
                }
                return Ok(base.element());
            }
            (Type::List(..) | Type::Bytes, _) => {
                if !found.is_integer() && !found.is_unknown() {
                    return fault(property.at, TypeFault::Index(found.name()));
                }
                return Ok(base.element());
            }
            _ => {}
        }
        match name {
            Some(name) => {
                let what = if method { "method" } else { "field" };
                fault(node.at, TypeFault::NoMember { of: base.name(), what, name: name.to_owned() })
            }
            None => fault(node.at, TypeFault::NoElement { of: base.name(), by: found.name() }),
        }
    }

    fn env_member(&mut self, node: &Node, property: &Node) -> Result<Type, FaultAt> {
        let Some(name) = property.as_text() else { return Ok(Type::Unknown) };
        let optional = matches!(&node.kind, Kind::Member { optional: true, .. });
        match self.names.get(name) {
            Some(value) => Ok(Type::of(value)),
            None if optional => Ok(Type::Unknown),
            None => Err(FaultAt::new(node.at, TypeFault::UnknownName(name.to_owned()))),
        }
    }

    fn slice(&mut self, node: &Node, base: &'a Node, bounds: [Option<&'a Node>; 2]) -> Result<Type, FaultAt> {
        let base = self.visit(base)?;
        if base.is_unknown() {
            return Ok(Type::Unknown);
        }
        if base != Type::Text && !base.is_list() {
            return Err(FaultAt::new(node.at, TypeFault::NotSliceable(base.name())));
        }
        for bound in bounds.into_iter().flatten() {
            let found = self.visit(bound)?;
            if !found.is_integer() && !found.is_unknown() {
                return Err(FaultAt::new(bound.at, TypeFault::Bound(found.name())));
            }
        }
        Ok(base)
    }

    fn pointer(&mut self, node: &Node, name: &str) -> Result<Type, FaultAt> {
        let Some(scope) = self.scopes.last() else {
            return Err(FaultAt::new(node.at, TypeFault::PointerOutside));
        };
        match name {
            "" if scope.collection.is_list() => Ok(scope.collection.element()),
            "" => Ok(Type::Unknown),
            "index" if scope.index => Ok(Type::Int),
            "acc" if scope.acc => Ok(Type::Unknown),
            _ => Err(FaultAt::new(node.at, TypeFault::UnknownPointer(name.to_owned()))),
        }
    }

    fn declaration(
        &mut self,
        node: &Node,
        name: &'a str,
        value: &'a Node,
        body: &'a Node,
    ) -> Result<Type, FaultAt> {
        let taken: Option<fn(String) -> TypeFault> = if self.names.contains_key(name) {
            Some(TypeFault::NameTaken)
        } else if signature::is_builtin(name) || signature::takes_predicate(name) {
            Some(TypeFault::BuiltinTaken)
        } else if self.variables.iter().any(|(own, _)| *own == name) {
            Some(TypeFault::VariableTaken)
        } else {
            None
        };
        if let Some(taken) = taken {
            return Err(FaultAt::new(node.at, taken(name.to_owned())));
        }
        let known = self.visit(value)?;
        self.variables.push((name, known));
        let body = self.visit(body)?;
        self.variables.pop();
        Ok(body)
    }

    fn conditional(&mut self, condition: &'a Node, yes: &'a Node, no: &'a Node) -> Result<Type, FaultAt> {
        let found = self.visit(condition)?;
        if found != Type::Bool && !found.is_unknown() {
            return Err(FaultAt::new(condition.at, TypeFault::Condition(found.name())));
        }
        let (yes, no) = (self.visit(yes)?, self.visit(no)?);
        Ok(match (&yes, &no) {
            (Type::Nil, _) => no,
            (_, Type::Nil) => yes,
            _ if !yes.assignable_to(&no) => Type::Unknown,
            _ if yes.is_list() && no.is_list() => {
                let (a, b) = (yes.element(), no.element());
                if a.assignable_to(&b) && b.assignable_to(&a) { yes } else { Type::any_list() }
            }
            _ => yes,
        })
    }

    fn array(&mut self, nodes: &'a [Node]) -> Result<Type, FaultAt> {
        let mut previous: Option<Type> = None;
        let mut alike = true;
        for node in nodes {
            let found = self.visit(node)?;
            alike &= previous.as_ref().is_none_or(|before| same_kind(before, &found));
            previous = Some(found);
        }
        let element = previous.unwrap_or(Type::Unknown);
        Ok(if alike { Type::list_of(element) } else { Type::any_list() })
    }
}

/// Whether Go's kinds are the same: of lists and maps the elements do not count.
fn same_kind(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Int64 | Type::Duration, Type::Int64 | Type::Duration) => true,
        (Type::Int | Type::Month | Type::Weekday, Type::Int | Type::Month | Type::Weekday) => true,
        (Type::Nil | Type::Unknown, Type::Nil | Type::Unknown) => true,
        (a, b) if a.is_list() && b.is_list() => {
            let pair = |t: &Type| matches!(t, Type::List(Elements::Pair, _));
            pair(a) == pair(b)
        }
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

fn unary(node: &Node, op: &'static str, operand: Type) -> Result<Type, FaultAt> {
    let gives = match op {
        "!" | "not" => (operand == Type::Bool || operand.is_unknown()).then_some(Type::Bool),
        _ if operand.is_unknown() => Some(Type::Unknown),
        _ => operand.is_number().then(|| operand.clone()),
    };
    gives.ok_or_else(|| FaultAt::new(node.at, TypeFault::Operand { op, found: operand.name() }))
}

/// `in`: the left side must be able to be a key or an element of the right side.
fn membership(l: &Type, r: &Type) -> Result<Option<Type>, TypeFault> {
    if let Type::Map(_) = r {
        let key = r.key();
        if !l.is_unknown() && !l.assignable_to(&key) {
            return Err(TypeFault::InMap { found: l.name(), wanted: key.name() });
        }
        return Ok(Some(Type::Bool));
    }
    if r.is_list() {
        let element = r.element();
        if !l.comparable_to(&element) {
            return Err(TypeFault::InArray { found: l.name(), wanted: element.name() });
        }
        return Ok(Some(Type::Bool));
    }
    Ok(((l.is_unknown() && *r == Type::Text) || r.is_unknown()).then_some(Type::Bool))
}

/// The type of `l op r`, or none if the operator does not take both.
fn operator(op: &str, l: &Type, r: &Type) -> Option<Type> {
    let both = |fits: &dyn Fn(&Type) -> bool| fits(l) && fits(r);
    let is = |t: Type| move |x: &Type| *x == t;
    let numbers = both(&Type::is_number);
    let maybe = |fits: &dyn Fn(&Type) -> bool| l.maybe_with(r, fits);
    let promoted = || if *l == Type::Float || *r == Type::Float { Type::Float } else { Type::Int };
    let (time, duration, text) = (is(Type::Time), is(Type::Duration), is(Type::Text));
    match op {
        "==" | "!=" => l.comparable_to(r).then_some(Type::Bool),
        "or" | "||" | "and" | "&&" => (both(&is(Type::Bool)) || maybe(&is(Type::Bool))).then_some(Type::Bool),
        "<" | ">" | "<=" | ">=" => {
            let fits = |t: &Type| t.is_number() || text(t) || time(t) || duration(t);
            let alike = numbers || (fits(l) && l == r);
            (alike || maybe(&fits)).then_some(Type::Bool)
        }
        "-" | "+" => match (l, r) {
            _ if numbers => Some(promoted()),
            (Type::Text, Type::Text) if op == "+" => Some(Type::Text),
            (Type::Time, Type::Time) if op == "-" => Some(Type::Duration),
            (Type::Time, Type::Duration) => Some(Type::Time),
            (Type::Duration, Type::Time) if op == "+" => Some(Type::Time),
            (Type::Duration, Type::Duration) => Some(Type::Duration),
            _ => {
                let fits = |t: &Type| t.is_number() || (op == "+" && text(t)) || time(t) || duration(t);
                maybe(&fits).then_some(Type::Unknown)
            }
        },
        "*" => match (l, r) {
            _ if numbers => Some(promoted()),
            (Type::Duration, other) | (other, Type::Duration) if other.is_number() || duration(other) => {
                Some(Type::Duration)
            }
            _ => maybe(&|t| t.is_number() || duration(t)).then_some(Type::Unknown),
        },
        "/" | "**" | "^" => (numbers || maybe(&Type::is_number)).then_some(Type::Float),
        "%" => (both(&Type::is_integer) || maybe(&Type::is_integer)).then_some(Type::Int),
        ".." => (both(&Type::is_integer) || maybe(&Type::is_integer)).then(|| Type::list_of(Type::Int)),
        "matches" if *l == Type::Bytes && text(r) => Some(Type::Bool),
        "matches" | "contains" | "startsWith" | "endsWith" => {
            (both(&text) || maybe(&text)).then_some(Type::Bool)
        }
        _ => Some(match (l, r) {
            (Type::Nil, _) => r.clone(),
            (_, Type::Nil) => l.clone(),
            _ if r.assignable_to(l) => l.clone(),
            _ => Type::Unknown,
        }),
    }
}

/// The type of a method of a time, a duration, a month, a day or a zone: what it gives once called.
fn method_type(base: &Type, name: &str) -> Option<Type> {
    methods::find(base, name).map(|method| Type::Function(method.name))
}
