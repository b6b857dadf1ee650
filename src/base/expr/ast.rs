//! Decides what an expression's tree is made of, and how deep and large it may grow.
//! It never decides what a tree means.

use super::fault::FaultAt;
use super::fault::read::ReadFault;
use super::value::Value;
use std::sync::Arc;

/// The most levels a tree may have, so that walking it cannot exhaust the stack.
pub(super) const MOST_LEVELS: u16 = 200;
/// The most brackets, predicates and operands that may be open at once while reading.
pub(super) const MOST_OPEN: u16 = 100;
/// The most nodes, as expr-lang allows.
pub(super) const MOST_NODES: u32 = 10_000;

/// One node: what it is, the place of its token in characters, a number of its own, and its measures.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) at: usize,
    pub(super) id: u32,
    pub(super) height: u16,
    /// How many nodes this tree has, so that copies of it can be counted.
    pub(super) size: u32,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    /// An array of literals, made once.
    Constant(Value),
    Name(String),
    Unary(&'static str, Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    /// Where a `?.` that met nil goes on.
    Chain(Box<Node>),
    Member {
        base: Box<Node>,
        property: Box<Node>,
        optional: bool,
        method: bool,
    },
    Slice {
        base: Box<Node>,
        from: Option<Box<Node>>,
        to: Option<Box<Node>>,
    },
    Call(Box<Node>, Vec<Node>),
    Builtin(Box<Builtin>),
    Predicate(Box<Node>),
    Pointer(String),
    Let {
        name: String,
        value: Box<Node>,
        body: Box<Node>,
    },
    Sequence(Vec<Node>),
    Conditional(Box<Node>, Box<Node>, Box<Node>),
    Array(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// A call of a built-in function, and what rewriting has found out about it.
#[derive(Debug, Clone)]
pub(super) struct Builtin {
    pub(super) name: String,
    pub(super) args: Vec<Node>,
    /// What `filter` and `find` hand out instead of the element.
    pub(super) map: Option<Box<Node>>,
    /// Whether `find` and `findLast` fail when nothing was found.
    pub(super) throws: bool,
    /// Where `count` may stop.
    pub(super) threshold: Option<i64>,
}

impl Kind {
    /// A plain call of a built-in function.
    pub(super) fn builtin(name: &str, args: Vec<Node>) -> Self {
        Self::Builtin(Box::new(Builtin {
            name: name.to_owned(),
            args,
            map: None,
            throws: false,
            threshold: None,
        }))
    }
}

impl Node {
    /// The nodes below this one, in reading order.
    pub(super) fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Unary(_, a) | Kind::Chain(a) | Kind::Predicate(a) => vec![a],
            Kind::Binary(_, a, b) | Kind::Member { base: a, property: b, .. } => vec![a, b],
            Kind::Let { value: a, body: b, .. } => vec![a, b],
            Kind::Conditional(a, b, c) => vec![a, b, c],
            Kind::Slice { base, from, to } => {
                [Some(base), from.as_ref(), to.as_ref()].into_iter().flatten().map(|n| &**n).collect()
            }
            Kind::Call(callee, args) => std::iter::once(&**callee).chain(args).collect(),
            Kind::Builtin(b) => b.args.iter().chain(b.map.as_deref()).collect(),
            Kind::Sequence(nodes) | Kind::Array(nodes) => nodes.iter().collect(),
            Kind::Map(pairs) => pairs.iter().flat_map(|(k, v)| [k, v]).collect(),
            _ => Vec::new(),
        }
    }

    /// The same, to be changed in place.
    pub(super) fn children_mut(&mut self) -> Vec<&mut Node> {
        match &mut self.kind {
            Kind::Unary(_, a) | Kind::Chain(a) | Kind::Predicate(a) => vec![a],
            Kind::Binary(_, a, b) | Kind::Member { base: a, property: b, .. } => vec![a, b],
            Kind::Let { value: a, body: b, .. } => vec![a, b],
            Kind::Conditional(a, b, c) => vec![a, b, c],
            Kind::Slice { base, from, to } => {
                [Some(base), from.as_mut(), to.as_mut()].into_iter().flatten().map(|n| &mut **n).collect()
            }
            Kind::Call(callee, args) => std::iter::once(&mut **callee).chain(args).collect(),
            Kind::Builtin(b) => b.args.iter_mut().chain(b.map.as_deref_mut()).collect(),
            Kind::Sequence(nodes) | Kind::Array(nodes) => nodes.iter_mut().collect(),
            Kind::Map(pairs) => pairs.iter_mut().flat_map(|(k, v)| [k, v]).collect(),
            _ => Vec::new(),
        }
    }

    /// The text, if this is a text literal.
    pub(super) fn as_text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// Whether both trees were written alike; places and numbers do not count.
    pub(super) fn same(&self, other: &Node) -> bool {
        let here = match (&self.kind, &other.kind) {
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::Int(a), Kind::Int(b)) => a == b,
            (Kind::Float(a), Kind::Float(b)) => a.to_bits() == b.to_bits(),
            (Kind::Text(a), Kind::Text(b)) => a == b,
            (Kind::Bytes(a), Kind::Bytes(b)) => a == b,
            (Kind::Constant(a), Kind::Constant(b)) => a.show() == b.show(),
            (Kind::Name(a), Kind::Name(b)) | (Kind::Pointer(a), Kind::Pointer(b)) => a == b,
            (Kind::Unary(a, _), Kind::Unary(b, _)) | (Kind::Binary(a, ..), Kind::Binary(b, ..)) => a == b,
            (Kind::Member { optional: a, .. }, Kind::Member { optional: b, .. }) => a == b,
            (Kind::Slice { from: a, .. }, Kind::Slice { from: b, .. }) => a.is_some() == b.is_some(),
            (Kind::Builtin(a), Kind::Builtin(b)) => a.name == b.name && a.map.is_some() == b.map.is_some(),
            (Kind::Let { name: a, .. }, Kind::Let { name: b, .. }) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        let (mine, theirs) = (self.children(), other.children());
        here && mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(a, b)| a.same(b))
    }
}

/// Makes nodes, counting them and measuring how high they stack.
#[derive(Debug, Default)]
pub(super) struct Maker {
    made: u32,
}

impl Maker {
    /// A node of `kind` whose token is at `at`.
    pub(super) fn make(&mut self, kind: Kind, at: usize) -> Result<Box<Node>, FaultAt> {
        self.made += 1;
        if self.made > MOST_NODES {
            return Err(too_large(at));
        }
        let mut node = Box::new(Node { kind, at, id: self.made, height: 0, size: 0 });
        node.height = 1 + node.children().iter().map(|c| c.height).max().unwrap_or(0);
        node.size = 1 + node.children().iter().map(|c| c.size).sum::<u32>();
        if node.height > MOST_LEVELS {
            return Err(too_deep(at));
        }
        Ok(node)
    }

    /// A second copy of `node`; its nodes count again, or copies of copies would grow without bound.
    pub(super) fn copy(&mut self, node: &Node) -> Result<Box<Node>, FaultAt> {
        self.made = self.made.saturating_add(node.size);
        if self.made > MOST_NODES { Err(too_large(node.at)) } else { Ok(Box::new(node.clone())) }
    }
}

/// The fault of an expression with more than [`MOST_NODES`] nodes.
fn too_large(at: usize) -> FaultAt {
    FaultAt::new(at, ReadFault::TooLarge)
}

/// The fault of an expression that nests deeper than [`MOST_OPEN`] or [`MOST_LEVELS`].
pub(super) fn too_deep(at: usize) -> FaultAt {
    FaultAt::new(at, ReadFault::TooDeep)
}
