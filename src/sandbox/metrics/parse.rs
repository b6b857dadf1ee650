//! Decides what a query means: its tree and the types of its parts.
//! It never looks at a series.

use super::grammar::{FUNCTIONS, POWER, aggregate, check_binary, expect, operator, type_of};
use super::lex::{Placed, Word, words};
use super::tree::{Aggregate, Expr, Grouping, Matcher, NAME, Operator, Rule, Type, Wrong};
use regex::RegexBuilder;

/// The longest query, in bytes.
const LONGEST: usize = 16_384;
/// The deepest nesting.
const DEEPEST: usize = 64;
/// The most operators in a row: a chain of them is a tree as deep as the chain is long.
const LONGEST_CHAIN: usize = 256;
/// The memory one pattern may take, in bytes.
const PATTERN: usize = 1 << 20;

/// Reads a query.
pub(super) fn parse(query: &str) -> Result<Expr, Wrong> {
    if query.len() > LONGEST {
        return Err(Wrong::parse(0, format!("the query is longer than {LONGEST} bytes")));
    }
    let mut parser = Parser { words: words(query)?, at: 0, depth: 0 };
    if matches!(parser.peek(), Word::End) {
        return Err(Wrong::parse(0, "no expression found in input"));
    }
    let expr = parser.expression(0)?;
    match parser.peek() {
        Word::End => Ok(expr),
        other => Err(parser.unexpected(&other.clone())),
    }
}

struct Parser {
    words: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Word {
        self.words.get(self.at).map_or(&Word::End, |(word, _)| word)
    }

    fn place(&self) -> usize {
        self.words.get(self.at).or(self.words.last()).map_or(0, |(_, at)| *at)
    }

    fn next(&mut self) -> Word {
        let word = self.peek().clone();
        self.at += 1;
        word
    }

    fn skip(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Word::Sign(s) if *s == sign);
        self.at += usize::from(there);
        there
    }

    fn skip_name(&mut self, name: &str) -> bool {
        let there = matches!(self.peek(), Word::Name(n) if n.eq_ignore_ascii_case(name));
        self.at += usize::from(there);
        there
    }

    fn want(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.skip(sign) { Ok(()) } else { Err(self.unexpected(&self.peek().clone())) }
    }

    fn unexpected(&self, word: &Word) -> Wrong {
        let shown = match word {
            Word::End => "end of input".to_owned(),
            Word::Name(name) => format!("identifier {name:?}"),
            Word::Number(number) => format!("number {:?}", super::number::show(*number)),
            Word::Duration(_) => "duration".to_owned(),
            Word::Text(text) => format!("string {text:?}"),
            Word::Sign(sign) => format!("{sign:?}"),
        };
        Wrong::parse(self.place(), format!("unexpected {shown}"))
    }

    fn expression(&mut self, least: u8) -> Result<Expr, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Wrong::parse(self.place(), format!("nested deeper than {DEEPEST}")));
        }
        let mut left = self.signed()?;
        let mut links = 0;
        while let Some((operator, strength)) = operator(self.peek()).filter(|(_, s)| *s >= least) {
            let place = self.place();
            self.at += 1;
            links += 1;
            if links > LONGEST_CHAIN {
                return Err(Wrong::parse(place, format!("more than {LONGEST_CHAIN} operators in a row")));
            }
            let (truth, matching) = self.modifiers(operator)?;
            // Powers group to the right, everything else to the left.
            let right = self.expression(if strength == POWER { strength } else { strength + 1 })?;
            check_binary(operator, truth, &left, &right).map_err(|what| Wrong::parse(place, what))?;
            left = Expr::Binary { operator, truth, matching, left: Box::new(left), right: Box::new(right) };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// An operand with its sign.
    fn signed(&mut self) -> Result<Expr, Wrong> {
        if self.skip("+") {
            return self.expression(POWER);
        }
        let place = self.place();
        if self.skip("-") {
            let inner = self.expression(POWER)?;
            return match (inner, ()) {
                (Expr::Number(number), ()) => Ok(Expr::Number(-number)),
                (inner, ()) if matches!(type_of(&inner), Type::Scalar | Type::Vector) => {
                    Ok(Expr::Negate(Box::new(inner)))
                }
                (inner, ()) => Err(Wrong::parse(
                    place,
                    format!(
                        "unary expression only allowed on expressions of type scalar or instant vector, got {:?}",
                        type_of(&inner).title()
                    ),
                )),
            };
        }
        self.operand()
    }

    /// `bool`, `on (…)`, `ignoring (…)` after an operator.
    fn modifiers(&mut self, operator: Operator) -> Result<(bool, Grouping), Wrong> {
        let place = self.place();
        let truth = self.skip_name("bool");
        if truth && !operator.compares() {
            return Err(Wrong::parse(place, "bool modifier can only be used on comparison operators"));
        }
        let mut matching = Grouping::Without(Vec::new());
        if self.skip_name("on") {
            matching = Grouping::By(self.names()?);
        } else if self.skip_name("ignoring") {
            matching = Grouping::Without(self.names()?);
        }
        let place = self.place();
        if self.skip_name("group_left") || self.skip_name("group_right") {
            return Err(Wrong::parse(place, "the sandbox does not know group_left and group_right"));
        }
        Ok((truth, matching))
    }

    fn names(&mut self) -> Result<Vec<String>, Wrong> {
        self.want("(")?;
        let mut names = Vec::new();
        while !self.skip(")") {
            match self.next() {
                Word::Name(name) => names.push(name),
                other => {
                    self.at -= 1;
                    return Err(self.unexpected(&other));
                }
            }
            if !self.skip(",") {
                self.want(")")?;
                break;
            }
        }
        Ok(names)
    }

    fn operand(&mut self) -> Result<Expr, Wrong> {
        let place = self.place();
        let expr = match self.next() {
            Word::Number(number) => Expr::Number(number),
            Word::Text(text) => Expr::Text(text),
            Word::Sign("(") => {
                let inner = self.expression(0)?;
                self.want(")")?;
                inner
            }
            Word::Sign("{") => self.selector(None, place)?,
            Word::Name(name) => self.named(name, place)?,
            Word::Duration(length) => Expr::Number(length.as_secs_f64()),
            other => {
                self.at -= 1;
                return Err(self.unexpected(&other));
            }
        };
        self.suffixes(expr)
    }

    /// What begins with a name: an aggregation, a function, `Inf` or `NaN`, a selector.
    fn named(&mut self, name: String, place: usize) -> Result<Expr, Wrong> {
        let opens = matches!(self.peek(), Word::Sign("("));
        let groups = matches!(self.peek(), Word::Name(n) if n == "by" || n == "without");
        if let Some(how) = aggregate(&name).filter(|_| opens || groups) {
            return self.aggregation(how);
        }
        if opens {
            return self.call(&name, place);
        }
        if let Some(number) = super::number::read(&name) {
            return Ok(Expr::Number(number));
        }
        if self.skip("{") {
            return self.selector(Some(name), place);
        }
        let named = Matcher { label: NAME.to_owned(), rule: Rule::Equal(name) };
        Ok(Expr::Select { matchers: vec![named], range: false })
    }

    fn aggregation(&mut self, how: Aggregate) -> Result<Expr, Wrong> {
        let mut grouping = self.grouping()?;
        self.want("(")?;
        let place = self.place();
        let inner = self.expression(0)?;
        self.want(")")?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        expect(&inner, Type::Vector, "aggregation expression").map_err(|what| Wrong::parse(place, what))?;
        let grouping = grouping.unwrap_or(Grouping::By(Vec::new()));
        Ok(Expr::Aggregate { how, grouping, inner: Box::new(inner) })
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, Wrong> {
        if self.skip_name("by") {
            return self.names().map(Grouping::By).map(Some);
        }
        if self.skip_name("without") {
            return self.names().map(Grouping::Without).map(Some);
        }
        Ok(None)
    }

    fn call(&mut self, name: &str, place: usize) -> Result<Expr, Wrong> {
        let Some((name, types, least)) = FUNCTIONS.iter().find(|(n, ..)| *n == name) else {
            return Err(Wrong::parse(place, format!("unknown function with name {name:?}")));
        };
        self.want("(")?;
        let mut arguments = Vec::new();
        while !self.skip(")") {
            let place = self.place();
            let argument = self.expression(0)?;
            if let Some(wanted) = types.get(arguments.len()) {
                expect(&argument, *wanted, &format!("call to function {name:?}"))
                    .map_err(|what| Wrong::parse(place, what))?;
            }
            arguments.push(argument);
            if !self.skip(",") {
                self.want(")")?;
                break;
            }
        }
        if arguments.len() < *least || arguments.len() > types.len() {
            let what = format!("expected {least} argument(s) in call to {name:?}, got {}", arguments.len());
            return Err(Wrong::parse(place, what));
        }
        Ok(Expr::Call { name, arguments })
    }

    /// The rest of a selector after its opening brace.
    fn selector(&mut self, name: Option<String>, place: usize) -> Result<Expr, Wrong> {
        let mut matchers: Vec<Matcher> =
            name.into_iter().map(|n| Matcher { label: NAME.to_owned(), rule: Rule::Equal(n) }).collect();
        while !self.skip("}") {
            let label = match self.next() {
                Word::Name(label) => label,
                other => {
                    self.at -= 1;
                    return Err(self.unexpected(&other));
                }
            };
            let how = self.next();
            if !matches!(how, Word::Sign("=" | "!=" | "=~" | "!~")) {
                self.at -= 1;
                return Err(self.unexpected(&how));
            }
            let place = self.place();
            let value = match self.next() {
                Word::Text(value) => value,
                other => {
                    self.at -= 1;
                    return Err(self.unexpected(&other));
                }
            };
            let rule = match how {
                Word::Sign("=") => Rule::Equal(value),
                Word::Sign("!=") => Rule::NotEqual(value),
                Word::Sign("=~") => Rule::Like(pattern(&value, place)?),
                _ => Rule::NotLike(pattern(&value, place)?),
            };
            matchers.push(Matcher { label, rule });
            if !self.skip(",") {
                self.want("}")?;
                break;
            }
        }
        if matchers.iter().all(|m| m.holds(&std::collections::BTreeMap::new())) {
            return Err(Wrong::parse(place, "vector selector must contain at least one non-empty matcher"));
        }
        Ok(Expr::Select { matchers, range: false })
    }

    /// `[5m]` and `offset 5m` after a selector.
    fn suffixes(&mut self, mut expr: Expr) -> Result<Expr, Wrong> {
        loop {
            let place = self.place();
            if self.skip("[") {
                let Word::Duration(_) = self.next() else {
                    self.at -= 1;
                    return Err(self.unexpected(&self.peek().clone()));
                };
                if self.skip(":") {
                    return Err(Wrong::parse(place, "the sandbox does not know subqueries"));
                }
                self.want("]")?;
                match &mut expr {
                    Expr::Select { range, .. } if !*range => *range = true,
                    _ => return Err(Wrong::parse(place, "ranges only allowed for vector selectors")),
                }
            } else if self.skip_name("offset") {
                self.skip("-");
                let Word::Duration(_) = self.next() else {
                    self.at -= 1;
                    return Err(self.unexpected(&self.peek().clone()));
                };
                if !matches!(expr, Expr::Select { .. }) {
                    let what = "offset modifier must be preceded by an instant vector selector or range vector selector";
                    return Err(Wrong::parse(place, what));
                }
            } else if self.skip("@") {
                return Err(Wrong::parse(place, "the sandbox does not know the @ modifier"));
            } else {
                return Ok(expr);
            }
        }
    }
}

fn pattern(text: &str, place: usize) -> Result<regex::Regex, Wrong> {
    RegexBuilder::new(&format!("^(?s:{text})$"))
        .size_limit(PATTERN)
        .build()
        .map_err(|error| Wrong::parse(place, format!("error parsing regexp: {error}")))
}
