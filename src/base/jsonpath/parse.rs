//! Decides how a path is read: what is in braces, in brackets and in quotes.
//! It never looks at a document.

use super::error::PathFault;
use super::nodes::{Filter, Node, Slice};
use super::unquote::unquote;

/// The nodes of a path (source: k8s.io/client-go, util/jsonpath/parser.go, `Parse`).
pub(super) fn path(text: &str) -> Result<Vec<Node>, PathFault> {
    let mut nodes = Vec::new();
    let mut reader = Reader { rest: text };
    loop {
        let (before, opens) = match reader.rest.split_once('{') {
            Some((before, after)) => (before, Some(after)),
            None => (reader.rest, None),
        };
        if !before.is_empty() {
            nodes.push(Node::Text(before.to_owned()));
        }
        let Some(after) = opens else { return Ok(nodes) };
        reader.rest = after;
        nodes.push(Node::List(reader.action()?));
    }
}

/// The nodes of what stands between braces, without them. What follows a `}` in it is passed over.
fn action(text: &str) -> Result<Vec<Node>, PathFault> {
    let whole = format!("{{{text}}}");
    match path(&whole)?.into_iter().next() {
        Some(Node::List(nodes)) => Ok(nodes),
        _ => Err(PathFault::Unclosed),
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    /// Goes on by `count` bytes, and answers them.
    fn take(&mut self, count: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Reads up to the closing brace, which is passed.
    fn action(&mut self) -> Result<Vec<Node>, PathFault> {
        let mut nodes = Vec::new();
        loop {
            if self.rest.starts_with('}') {
                self.take(1);
                return Ok(nodes);
            }
            if self.rest.starts_with("[?(") {
                nodes.push(self.filter()?);
                continue;
            }
            if self.rest.starts_with("..") {
                self.recursive(&mut nodes)?;
                continue;
            }
            let before = self.rest;
            match self.next() {
                None | Some('\r' | '\n') => return Err(PathFault::Unclosed),
                Some(' ' | '@' | '$') => {}
                Some('[') => self.brackets(&mut nodes)?,
                Some(quote @ ('"' | '\'')) => nodes.push(self.quoted(before, quote)?),
                Some('.') => nodes.push(self.field()),
                Some(c) if c == '+' || c == '-' || c.is_numeric() => {
                    self.rest = before;
                    nodes.push(self.number()?);
                }
                Some(c) if c == '_' || c.is_alphabetic() => {
                    self.rest = before;
                    nodes.push(self.word());
                }
                Some(other) => return Err(PathFault::Character(other)),
            }
        }
    }

    fn word(&mut self) -> Node {
        let end = self.rest.find(is_terminator).unwrap_or(self.rest.len());
        match self.take(end) {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            other => Node::Word(other.to_owned()),
        }
    }

    fn recursive(&mut self, nodes: &mut Vec<Node>) -> Result<(), PathFault> {
        if nodes.last() == Some(&Node::Recursive) {
            return Err(PathFault::RecursiveTwice);
        }
        self.take(2);
        nodes.push(Node::Recursive);
        if self.rest.starts_with(|c: char| c == '_' || c.is_alphanumeric()) {
            nodes.push(self.field());
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Node, PathFault> {
        let sign = usize::from(self.rest.starts_with(['+', '-']));
        let digits = self.rest.get(sign..).unwrap_or_default();
        let end = digits.find(|c: char| c != '.' && !c.is_numeric()).unwrap_or(digits.len());
        let text = self.take(sign + end);
        if let Ok(whole) = text.parse() {
            return Ok(Node::Int(whole));
        }
        text.parse().map(Node::Float).map_err(|_| PathFault::Number(text.to_owned()))
    }

    /// A field up to the next character that ends one, unless it is escaped.
    fn field(&mut self) -> Node {
        let (mut name, start) = (String::new(), self.rest);
        loop {
            let before = self.rest;
            match self.next() {
                Some('\\') => name.extend(self.next().filter(|c| *c != '\\')),
                Some(c) if !is_terminator(c) => name.push(c),
                _ => {
                    self.rest = before;
                    break;
                }
            }
        }
        let is_wildcard = name == "*" && start.starts_with('*');
        if is_wildcard { Node::Wildcard } else { Node::Field(name) }
    }

    /// A text in quotes, of which the first was just read from `before`.
    fn quoted(&mut self, before: &'t str, quote: char) -> Result<Node, PathFault> {
        let mut last = quote;
        loop {
            match self.next() {
                None | Some('\n') => return Err(PathFault::UnclosedQuote),
                Some(c) if c == quote && last != '\\' => break,
                Some(c) => last = c,
            }
        }
        let literal = before.get(..before.len() - self.rest.len()).unwrap_or_default();
        let text = unquote(literal, quote).ok_or_else(|| PathFault::Unquote(literal.to_owned()))?;
        Ok(Node::Text(text))
    }

    /// What is in brackets, of which the first was just read.
    fn brackets(&mut self, nodes: &mut Vec<Node>) -> Result<(), PathFault> {
        let end = self.rest.find([']', '\n']).unwrap_or(self.rest.len());
        let text = self.take(end);
        if self.next() != Some(']') {
            return Err(PathFault::UnclosedArray);
        }
        let text = if text == "*" { ":" } else { text };
        if text.contains(',') {
            let part = |part: &str| action(&format!("[{}]", part.trim_matches(' ')));
            nodes.push(Node::Union(text.split(',').map(part).collect::<Result<_, _>>()?));
            return Ok(());
        }
        let key = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).filter(|t| !t.contains('\''));
        match key {
            Some(key) => nodes.extend(action(&format!(".{key}"))?),
            None => nodes.push(Node::Slice(slice(text)?)),
        }
        Ok(())
    }

    fn filter(&mut self) -> Result<Node, PathFault> {
        self.take(3);
        let before = self.rest;
        let (mut quote, mut is_closed, mut last) = (None, false, '(');
        loop {
            let c = self.next();
            match c {
                None | Some('\n') => return Err(PathFault::UnclosedFilter),
                Some(c @ ('"' | '\'')) if quote.is_none() => quote = Some(c),
                Some(c @ ('"' | '\'')) => is_closed |= last != '\\' && quote == Some(c),
                Some(')') if quote.is_some() == is_closed => break,
                Some(_) => {}
            }
            last = c.unwrap_or_default();
        }
        let text = before.get(..before.len() - self.rest.len() - 1).unwrap_or_default();
        if self.next() != Some(']') {
            return Err(PathFault::FilterWithoutBracket);
        }
        let filter = match comparison(text) {
            None => Filter { left: action(text)?, right: None },
            Some((left, operator, right)) => {
                Filter { left: action(left)?, right: Some((operator.to_owned(), action(right)?)) }
            }
        };
        Ok(Node::Filter(Box::new(filter)))
    }
}

/// Left, operator and right of a comparison; none when it is none. Each has at least one character.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let is_operator = |c: char| ['!', '<', '>', '='].contains(&c);
    let at = text.find(is_operator).filter(|at| *at > 0)?;
    let (left, tail) = text.split_at(at);
    let end = tail.find(|c: char| !is_operator(c)).unwrap_or(tail.len());
    let end = if end == tail.len() { end.checked_sub(1).filter(|n| *n > 0)? } else { end };
    let (operator, right) = tail.split_at(end);
    Some((left, operator, right))
}

/// A slice such as `1`, `-2:`, `0:10:2`.
fn slice(text: &str) -> Result<Slice, PathFault> {
    let parts: Vec<&str> = text.split(':').collect();
    let is_index = |part: &str| part.strip_prefix('-').unwrap_or(part).chars().all(|c| c.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(|part| is_index(part)) {
        return Err(PathFault::Index(text.to_owned()));
    }
    let number = |at: usize| match parts.get(at) {
        None | Some(&"") => Ok(None),
        Some(part) => part.parse().map(Some).map_err(|_| PathFault::NoNumber((*part).to_owned())),
    };
    let (start, end, step): (Option<i64>, _, _) = (number(0)?, number(1)?, number(2)?);
    let is_one = parts.len() == 1;
    let end = if is_one { Some(start.unwrap_or(0).wrapping_add(1)) } else { end };
    Ok(Slice { start, end, is_one, step })
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}
