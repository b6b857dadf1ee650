//! Decides how the tokens of an expression group: operators by precedence, then what stands between them.
//! It never decides whether names exist or types fit.

use super::ast::{Kind, MOST_OPEN, Maker, Node, too_deep};
use super::fault::FaultAt;
use super::fault::read::ReadFault;
use super::lex::{Lexer, Token, TokenKind};

/// `(operator, precedence, groups from the right)`; all but the powers group from the left.
const BINARY: &[(&str, u16, bool)] = &[
    ("|", 0, false),
    ("or", 10, false),
    ("||", 10, false),
    ("and", 15, false),
    ("&&", 15, false),
    ("==", 20, false),
    ("!=", 20, false),
    ("<", 20, false),
    (">", 20, false),
    (">=", 20, false),
    ("<=", 20, false),
    ("in", 20, false),
    ("matches", 20, false),
    ("contains", 20, false),
    ("startsWith", 20, false),
    ("endsWith", 20, false),
    ("..", 25, false),
    ("+", 30, false),
    ("-", 30, false),
    ("*", 60, false),
    ("/", 60, false),
    ("%", 60, false),
    ("**", 100, true),
    ("^", 100, true),
    ("??", 500, false),
];
const UNARY: &[(&str, u16)] = &[("not", 50), ("!", 50), ("-", 90), ("+", 90)];
const NEGATABLE: &[&str] = &["contains", "matches", "startsWith", "endsWith", "in"];

/// Operators that may be chained: `1 < x < 5`.
fn is_comparison(op: &str) -> bool {
    matches!(op, "<" | ">" | ">=" | "<=")
}

fn binary(token: &Token) -> Option<(&'static str, u16, bool)> {
    let found = BINARY.iter().find(|(op, ..)| token.value == *op);
    found.filter(|_| token.kind == TokenKind::Operator).copied()
}

/// What a parser knows at one moment.
pub(super) struct Parser {
    lexer: Lexer,
    pub(super) current: Token,
    /// The token after `current`, when it was read ahead.
    ahead: Option<Token>,
    /// How many predicates are open: inside, `#` and a leading `.` mean the element.
    pub(super) predicates: u32,
    levels: u16,
    maker: Maker,
}

/// Reads a whole expression (source: parser/parser.go, `ParseWithConfig`).
///
/// # Errors
/// What Go's expr-lang refuses, in its words, and nesting deeper than [`MOST_OPEN`].
pub(super) fn parse(source: &str) -> Result<Box<Node>, FaultAt> {
    let mut lexer = Lexer::new(source);
    let current = lexer.next()?;
    let mut parser =
        Parser { lexer, current, ahead: None, predicates: 0, levels: 0, maker: Maker::default() };
    let node = parser.sequence()?;
    if parser.current.kind == TokenKind::End { Ok(node) } else { Err(parser.unexpected()) }
}

impl Parser {
    /// Steps to the next token and hands out the one left behind. There is none after the end.
    pub(super) fn step(&mut self) -> Result<Token, FaultAt> {
        if self.current.kind == TokenKind::End {
            return Err(self.fault(ReadFault::End));
        }
        let next = match self.ahead.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        Ok(std::mem::replace(&mut self.current, next))
    }

    /// A fault at the current token.
    pub(super) fn fault(&self, fault: ReadFault) -> FaultAt {
        FaultAt::new(self.current.at, fault)
    }

    /// The fault of a token that cannot stand here.
    pub(super) fn unexpected(&self) -> FaultAt {
        self.fault(ReadFault::Unexpected(self.current.show()))
    }

    /// Steps over the operator `value`.
    pub(super) fn expect_op(&mut self, value: &str) -> Result<(), FaultAt> {
        if self.current.is_op(value) { self.step().map(drop) } else { Err(self.unexpected()) }
    }

    /// Steps over the bracket `value`.
    pub(super) fn expect_bracket(&mut self, value: &str) -> Result<(), FaultAt> {
        if self.current.is_bracket(value) { self.step().map(drop) } else { Err(self.unexpected()) }
    }

    /// Steps over a name and hands it out.
    pub(super) fn expect_name(&mut self) -> Result<Token, FaultAt> {
        if self.current.kind == TokenKind::Identifier { self.step() } else { Err(self.unexpected()) }
    }

    /// A node of `kind` whose token is at `at`.
    pub(super) fn make(&mut self, kind: Kind, at: usize) -> Result<Box<Node>, FaultAt> {
        self.maker.make(kind, at)
    }

    /// Expressions separated by `;`: the last one counts.
    pub(super) fn sequence(&mut self) -> Result<Box<Node>, FaultAt> {
        let first = self.expression(0)?;
        let at = first.at;
        let mut nodes = vec![*first];
        while self.current.is_op(";") {
            self.step()?;
            if self.current.kind == TokenKind::End {
                break;
            }
            nodes.push(*self.expression(0)?);
        }
        match nodes.pop() {
            Some(only) if nodes.is_empty() => Ok(Box::new(only)),
            last => {
                nodes.extend(last);
                self.make(Kind::Sequence(nodes), at)
            }
        }
    }

    /// An expression whose operators bind at least as strongly as `precedence`.
    pub(super) fn expression(&mut self, precedence: u16) -> Result<Box<Node>, FaultAt> {
        if self.levels >= MOST_OPEN {
            return Err(too_deep(self.current.at));
        }
        self.levels += 1;
        let node = match precedence {
            0 if self.current.is_op("let") => self.declaration(),
            0 if self.current.is_op("if") => self.branches(),
            _ => self.operators(precedence),
        };
        self.levels -= 1;
        node
    }

    fn operators(&mut self, precedence: u16) -> Result<Box<Node>, FaultAt> {
        let first = self.primary()?;
        let node = self.continued(first, precedence)?;
        if precedence == 0 { self.conditional(node) } else { Ok(node) }
    }

    /// What follows a first operand: operators that bind at least as strongly as `precedence`.
    fn continued(&mut self, first: Box<Node>, precedence: u16) -> Result<Box<Node>, FaultAt> {
        let mut left = first;
        let mut previous = "";
        while self.current.kind == TokenKind::Operator {
            let mut negated = None;
            if self.current.is_op("not") {
                let not = self.step()?;
                if !NEGATABLE.contains(&self.current.value.as_str()) {
                    return Err(self.unexpected());
                }
                if binary(&self.current).is_none_or(|(_, own, _)| own < precedence) {
                    self.ahead = Some(std::mem::replace(&mut self.current, not));
                    break;
                }
                negated = Some(self.current.at);
            }
            let Some((op, own, from_right)) = binary(&self.current).filter(|(_, own, _)| *own >= precedence)
            else {
                break;
            };
            let at = self.step()?.at;
            if op == "|" {
                let name = self.expect_name()?;
                left = self.call(&name, vec![*left])?;
            } else if previous == "??" && op != "??" {
                return Err(FaultAt::new(at, ReadFault::MixedWithCoalesce(op)));
            } else if is_comparison(op) {
                left = self.comparison(left, op, at, own)?;
            } else {
                let right = self.expression(if from_right { own } else { own + 1 })?;
                left = self.make(Kind::Binary(op, left, right), at)?;
                if let Some(at) = negated {
                    left = self.make(Kind::Unary("not", left), at)?;
                }
            }
            previous = op;
        }
        Ok(left)
    }

    /// `a < b < c` means `a < b && b < c`.
    fn comparison(
        &mut self,
        left: Box<Node>,
        op: &'static str,
        at: usize,
        precedence: u16,
    ) -> Result<Box<Node>, FaultAt> {
        let (mut left, mut op, mut at) = (left, op, at);
        let mut root: Option<Box<Node>> = None;
        loop {
            let right = self.expression(precedence + 1)?;
            let next = binary(&self.current).filter(|(op, ..)| is_comparison(op));
            let again = if next.is_some() { Some(self.maker.copy(&right)?) } else { None };
            let compared = self.make(Kind::Binary(op, left, right), at)?;
            let whole = match root {
                None => compared,
                Some(before) => self.make(Kind::Binary("&&", before, compared), at)?,
            };
            let (Some((next, ..)), Some(again)) = (next, again) else { return Ok(whole) };
            (left, op, root) = (again, next, Some(whole));
            at = self.step()?.at;
        }
    }

    fn declaration(&mut self) -> Result<Box<Node>, FaultAt> {
        self.expect_op("let")?;
        let name = self.expect_name()?;
        self.expect_op("=")?;
        let value = self.expression(0)?;
        self.expect_op(";")?;
        let body = self.sequence()?;
        self.make(Kind::Let { name: name.value, value, body }, name.at)
    }

    /// `if a { b } else if c { d } else { e }`.
    fn branches(&mut self) -> Result<Box<Node>, FaultAt> {
        self.expect_op("if")?;
        let condition = self.expression(0)?;
        let yes = self.braced()?;
        self.expect_op("else")?;
        let no = if self.current.is_op("if") { self.expression(0)? } else { self.braced()? };
        self.make(Kind::Conditional(condition, yes, no), 0)
    }

    fn braced(&mut self) -> Result<Box<Node>, FaultAt> {
        self.expect_bracket("{")?;
        let node = self.sequence()?;
        self.expect_bracket("}")?;
        Ok(node)
    }

    /// `a ? b : c` and `a ?: c`.
    fn conditional(&mut self, node: Box<Node>) -> Result<Box<Node>, FaultAt> {
        let mut node = node;
        while self.current.is_op("?") {
            self.step()?;
            let yes = if self.current.is_op(":") { self.maker.copy(&node)? } else { self.expression(0)? };
            self.expect_op(":")?;
            let no = self.expression(0)?;
            let at = self.current.at;
            node = self.make(Kind::Conditional(node, yes, no), at)?;
        }
        Ok(node)
    }

    fn primary(&mut self) -> Result<Box<Node>, FaultAt> {
        let element = self.predicates > 0 && (self.current.is_op("#") || self.current.is_op("."));
        let node = if self.current.is_bracket("(") {
            self.parenthesised()?
        } else if UNARY.iter().any(|(op, _)| self.current.is_op(op)) {
            self.unary()?
        } else if element {
            self.element()?
        } else if self.current.is_op("::") {
            self.built_in()?
        } else {
            return self.operand();
        };
        self.postfix(node)
    }

    fn parenthesised(&mut self) -> Result<Box<Node>, FaultAt> {
        self.expect_bracket("(")?;
        let node = self.sequence()?;
        self.expect_bracket(")")?;
        Ok(node)
    }

    fn unary(&mut self) -> Result<Box<Node>, FaultAt> {
        let token = self.step()?;
        let Some((op, precedence)) = UNARY.iter().find(|(op, _)| token.is_op(op)) else {
            return Err(self.unexpected());
        };
        let operand = self.expression(*precedence)?;
        self.make(Kind::Unary(op, operand), token.at)
    }

    /// `#`, `#index`, `#acc`, or nothing before a leading `.`.
    fn element(&mut self) -> Result<Box<Node>, FaultAt> {
        let at = self.current.at;
        let mut name = String::new();
        if self.current.is_op("#") {
            self.step()?;
            if self.current.kind == TokenKind::Identifier {
                name = self.step()?.value;
            }
        }
        self.make(Kind::Pointer(name), at)
    }

    /// `::name(…)`: the built-in function, whatever the environment calls so.
    fn built_in(&mut self) -> Result<Box<Node>, FaultAt> {
        self.expect_op("::")?;
        let name = self.expect_name()?;
        self.call(&name, Vec::new())
    }
}
