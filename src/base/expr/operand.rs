//! Decides how literals, names, calls, members and slices are read: what stands between operators.
//! It never decides which operator binds first.

use super::ast::{Kind, Node};
use super::fault::FaultAt;
use super::fault::read::ReadFault;
use super::lex::{Token, TokenKind, is_name_char};
use super::parse::Parser;
use super::signature::{self, Predicate};
use crate::go_text;

/// Whether `name` is a literal, after which no member may follow.
fn is_constant(name: &str) -> bool {
    matches!(name, "true" | "false" | "nil")
}

impl Parser {
    /// A literal, a name, a call, an array or a map, with what follows it.
    pub(super) fn operand(&mut self) -> Result<Box<Node>, FaultAt> {
        let node = match self.current.kind {
            TokenKind::Identifier => {
                let name = self.step()?;
                if self.current.is_bracket("(") && !is_constant(&name.value) {
                    self.call(&name, Vec::new())?
                } else {
                    let constant = is_constant(&name.value);
                    let node = self.named(name)?;
                    if constant {
                        return Ok(node);
                    }
                    node
                }
            }
            TokenKind::Number => return self.number(),
            TokenKind::Text | TokenKind::Bytes => self.quoted()?,
            _ if self.current.is_bracket("[") => self.array()?,
            _ if self.current.is_bracket("{") => self.map()?,
            _ => return Err(self.unexpected()),
        };
        self.postfix(node)
    }

    fn named(&mut self, name: Token) -> Result<Box<Node>, FaultAt> {
        let kind = match name.value.as_str() {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "nil" => Kind::Nil,
            _ => Kind::Name(name.value),
        };
        self.make(kind, name.at)
    }

    fn quoted(&mut self) -> Result<Box<Node>, FaultAt> {
        let token = self.step()?;
        let kind = match token.kind {
            TokenKind::Bytes => Kind::Bytes(token.bytes.into()),
            _ => Kind::Text(token.value.into()),
        };
        self.make(kind, token.at)
    }

    fn number(&mut self) -> Result<Box<Node>, FaultAt> {
        let token = self.step()?;
        let digits = token.value.replace('_', "");
        let lower = digits.to_lowercase();
        let whole = |radix, body| go_text::parse_int_radix(body, radix, &digits).map(Kind::Int);
        let body = lower.get(2..).unwrap_or_default();
        let (radix, kind) = if lower.starts_with("0x") {
            ("hex", whole(16, body))
        } else if lower.contains(['.', 'e']) {
            ("float", go_text::parse_float(&digits).map(Kind::Float))
        } else if lower.starts_with("0b") {
            ("binary", whole(2, body))
        } else if lower.starts_with("0o") {
            ("octal", whole(8, body))
        } else {
            ("integer", whole(10, digits.as_str()))
        };
        let kind = kind.map_err(|source| self.fault(ReadFault::Literal { radix, source }))?;
        self.make(kind, token.at)
    }

    /// A call of `name`; `args` holds what a pipe put before the parentheses.
    pub(super) fn call(&mut self, name: &Token, args: Vec<Node>) -> Result<Box<Node>, FaultAt> {
        if let Some(takes) = signature::predicate(&name.value) {
            let args = self.predicate_args(args, takes)?;
            return self.make(Kind::builtin(&name.value, args), name.at);
        }
        if signature::is_builtin(&name.value) {
            let args = self.args(args)?;
            return self.make(Kind::builtin(&name.value, args), name.at);
        }
        let callee = self.make(Kind::Name(name.value.clone()), name.at)?;
        let args = self.args(args)?;
        self.make(Kind::Call(callee, args), name.at)
    }

    fn predicate_args(&mut self, piped: Vec<Node>, takes: &Predicate) -> Result<Vec<Node>, FaultAt> {
        let (optional, third) = (takes.optional, takes.third);
        self.expect_bracket("(")?;
        let least = 2 + usize::from(third) - piped.len();
        let mut args = piped;
        let first = args.len();
        for place in args.len()..2 + usize::from(third) {
            if self.current.is_bracket(")") {
                if place == 2 || (place == 1 && optional) {
                    break;
                }
                return Err(self.fault(ReadFault::TooFewArguments(least)));
            }
            if place > first {
                self.expect_op(",")?;
            }
            args.push(if place == 1 { *self.predicate()? } else { *self.expression(0)? });
        }
        if self.current.is_op(",") {
            self.step()?;
        }
        self.expect_bracket(")")?;
        Ok(args)
    }

    fn predicate(&mut self) -> Result<Box<Node>, FaultAt> {
        let at = self.current.at;
        let braces = self.current.is_bracket("{");
        if braces {
            self.step()?;
        }
        self.predicates += 1;
        let body = if braces { self.sequence()? } else { self.expression(0)? };
        if !braces && self.current.is_op(";") {
            return Err(self.fault(ReadFault::UnwrappedPredicate));
        }
        self.predicates -= 1;
        if braces {
            self.expect_bracket("}")?;
        }
        self.make(Kind::Predicate(body), at)
    }

    fn args(&mut self, piped: Vec<Node>) -> Result<Vec<Node>, FaultAt> {
        let mut args = piped;
        self.expect_bracket("(")?;
        let mut first = true;
        while !self.current.is_bracket(")") {
            if !first {
                self.expect_op(",")?;
                if self.current.is_bracket(")") {
                    break;
                }
            }
            first = false;
            args.push(*self.expression(0)?);
        }
        self.expect_bracket(")")?;
        Ok(args)
    }

    fn array(&mut self) -> Result<Box<Node>, FaultAt> {
        let at = self.step()?.at;
        let mut nodes = Vec::new();
        while !self.current.is_bracket("]") {
            if !nodes.is_empty() {
                self.expect_op(",")?;
                if self.current.is_bracket("]") {
                    break;
                }
            }
            nodes.push(*self.expression(0)?);
        }
        self.expect_bracket("]")?;
        self.make(Kind::Array(nodes), at)
    }

    fn map(&mut self) -> Result<Box<Node>, FaultAt> {
        let at = self.step()?.at;
        let mut pairs = Vec::new();
        while !self.current.is_bracket("}") {
            if !pairs.is_empty() {
                self.expect_op(",")?;
                if self.current.is_bracket("}") {
                    break;
                }
                if self.current.is_op(",") {
                    return Err(self.unexpected());
                }
            }
            let key = self.map_key()?;
            self.expect_op(":")?;
            pairs.push((*key, *self.expression(0)?));
        }
        self.expect_bracket("}")?;
        self.make(Kind::Map(pairs), at)
    }

    fn map_key(&mut self) -> Result<Box<Node>, FaultAt> {
        match self.current.kind {
            TokenKind::Number | TokenKind::Text | TokenKind::Identifier => {
                let token = self.step()?;
                self.make(Kind::Text(token.value.into()), token.at)
            }
            _ if self.current.is_bracket("(") => self.expression(0),
            _ => Err(self.fault(ReadFault::MapKey(self.current.show()))),
        }
    }

    /// What may follow an operand: `.name`, `?.name`, `[index]`, `[from:to]`, `.method(…)`.
    pub(super) fn postfix(&mut self, node: Box<Node>) -> Result<Box<Node>, FaultAt> {
        let mut node = node;
        loop {
            if self.current.is_op(".") || self.current.is_op("?.") {
                let optional = self.step()?.value == "?.";
                node = if optional && self.current.is_bracket("[") {
                    self.index(node, true)?
                } else {
                    self.member(node, optional)?
                };
            } else if self.current.is_bracket("[") {
                node = self.index(node, false)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn member(&mut self, base: Box<Node>, optional: bool) -> Result<Box<Node>, FaultAt> {
        let name = self.step()?;
        let word = name.kind == TokenKind::Operator && name.value.chars().all(is_name_char);
        if name.kind != TokenKind::Identifier && !word {
            return Err(self.fault(ReadFault::NoName));
        }
        let property = self.make(Kind::Text(name.value.into()), name.at)?;
        let (chained, base) = match base.kind {
            Kind::Chain(inner) => (true, inner),
            _ => (false, base),
        };
        let method = self.current.is_bracket("(");
        let mut node = self.make(Kind::Member { base, property, optional, method }, name.at)?;
        if method {
            let args = self.args(Vec::new())?;
            node = self.make(Kind::Call(node, args), name.at)?;
        }
        if chained || optional { self.make(Kind::Chain(node), name.at) } else { Ok(node) }
    }

    fn index(&mut self, base: Box<Node>, optional: bool) -> Result<Box<Node>, FaultAt> {
        let at = self.step()?.at;
        let from = if self.current.is_op(":") { None } else { Some(self.expression(0)?) };
        let node = match from {
            Some(property) if !self.current.is_op(":") => {
                let node = self.make(Kind::Member { base, property, optional, method: false }, at)?;
                if optional { self.make(Kind::Chain(node), at)? } else { node }
            }
            from => {
                self.step()?;
                let to = if self.current.is_bracket("]") { None } else { Some(self.expression(0)?) };
                self.make(Kind::Slice { base, from, to }, at)?
            }
        };
        self.expect_bracket("]")?;
        Ok(node)
    }
}
