//! Decides what a query means: its tree and the types of its parts.
//! It never looks at a series.

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

/// The type of an expression.
pub(super) fn type_of(expr: &Expr) -> Type {
    match expr {
        Expr::Number(_) => Type::Scalar,
        Expr::Text(_) => Type::Text,
        Expr::Select { range, .. } => {
            if *range {
                Type::Range
            } else {
                Type::Vector
            }
        }
        Expr::Call { name, .. } => {
            if matches!(*name, "scalar" | "time") {
                Type::Scalar
            } else {
                Type::Vector
            }
        }
        Expr::Aggregate { .. } => Type::Vector,
        Expr::Negate(inner) => type_of(inner),
        Expr::Binary { left, right, .. } => {
            let both = type_of(left) == Type::Scalar && type_of(right) == Type::Scalar;
            if both { Type::Scalar } else { Type::Vector }
        }
    }
}

/// The functions and the types of their arguments; optional ones are at the end, from the given count on.
const FUNCTIONS: [(&str, &[Type], usize); 23] = [
    ("vector", &[Type::Scalar], 1),
    ("scalar", &[Type::Vector], 1),
    ("absent", &[Type::Vector], 1),
    ("time", &[], 0),
    ("abs", &[Type::Vector], 1),
    ("ceil", &[Type::Vector], 1),
    ("floor", &[Type::Vector], 1),
    ("round", &[Type::Vector, Type::Scalar], 1),
    ("sgn", &[Type::Vector], 1),
    ("sqrt", &[Type::Vector], 1),
    ("ln", &[Type::Vector], 1),
    ("exp", &[Type::Vector], 1),
    ("clamp_min", &[Type::Vector, Type::Scalar], 2),
    ("clamp_max", &[Type::Vector, Type::Scalar], 2),
    ("rate", &[Type::Range], 1),
    ("irate", &[Type::Range], 1),
    ("increase", &[Type::Range], 1),
    ("delta", &[Type::Range], 1),
    ("avg_over_time", &[Type::Range], 1),
    ("min_over_time", &[Type::Range], 1),
    ("max_over_time", &[Type::Range], 1),
    ("sum_over_time", &[Type::Range], 1),
    ("last_over_time", &[Type::Range], 1),
];

fn aggregate(name: &str) -> Option<Aggregate> {
    Some(match name.to_ascii_lowercase().as_str() {
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Avg,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "count" => Aggregate::Count,
        "group" => Aggregate::Group,
        _ => return None,
    })
}

/// An operator and how strongly it binds.
fn operator(word: &Word) -> Option<(Operator, u8)> {
    let lower;
    let text = match word {
        Word::Sign(sign) => *sign,
        Word::Name(name) => {
            lower = name.to_ascii_lowercase();
            lower.as_str()
        }
        _ => return None,
    };
    Some(match text {
        "or" => (Operator::Or, 1),
        "and" => (Operator::And, 2),
        "unless" => (Operator::Unless, 2),
        "==" => (Operator::Equal, 3),
        "!=" => (Operator::NotEqual, 3),
        "<" => (Operator::Less, 3),
        "<=" => (Operator::LessEqual, 3),
        ">" => (Operator::Greater, 3),
        ">=" => (Operator::GreaterEqual, 3),
        "+" => (Operator::Add, 4),
        "-" => (Operator::Sub, 4),
        "*" => (Operator::Mul, 5),
        "/" => (Operator::Div, 5),
        "%" => (Operator::Mod, 5),
        "^" => (Operator::Pow, POWER),
        _ => return None,
    })
}

/// A sign before an expression binds more loosely than this and more tightly than the rest.
const POWER: u8 = 7;

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

fn expect(expr: &Expr, wanted: Type, place: &str) -> Result<(), String> {
    let got = type_of(expr);
    if got == wanted {
        return Ok(());
    }
    Err(format!("expected type {} in {place}, got {}", wanted.title(), got.title()))
}

fn check_binary(operator: Operator, truth: bool, left: &Expr, right: &Expr) -> Result<(), String> {
    let types = [type_of(left), type_of(right)];
    if types.iter().any(|t| !matches!(t, Type::Scalar | Type::Vector)) {
        return Err("binary expression must contain only scalar and instant vector types".to_owned());
    }
    let scalars = types.iter().filter(|t| **t == Type::Scalar).count();
    if operator.is_set() && scalars > 0 {
        return Err(format!("set operator {:?} not allowed in binary scalar expression", operator.text()));
    }
    if operator.compares() && !truth && scalars == 2 {
        return Err("comparisons between scalars must use BOOL modifier".to_owned());
    }
    Ok(())
}
