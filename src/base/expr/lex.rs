//! Decides where one token of an expression ends and the next begins, and what a literal's characters are.
//! It never decides whether the tokens make sense together.

use super::escape;
use super::fault::FaultAt;
use super::fault::read::ReadFault;
use crate::go_text::quote;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Identifier,
    Number,
    Text,
    Bytes,
    Operator,
    Bracket,
    End,
}

/// One token: its kind, its characters (of literals: what they stand for), and the place of its first character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) value: String,
    /// The bytes of a bytes literal, otherwise empty.
    pub(super) bytes: Vec<u8>,
    pub(super) at: usize,
}

impl Token {
    /// Whether this is the operator `value`.
    pub(super) fn is_op(&self, value: &str) -> bool {
        self.kind == TokenKind::Operator && self.value == value
    }

    /// Whether this is the bracket `value`.
    pub(super) fn is_bracket(&self, value: &str) -> bool {
        self.kind == TokenKind::Bracket && self.value == value
    }

    /// The token as messages name it: `Operator("+")`, `EOF`.
    pub(super) fn show(&self) -> String {
        let kind = match self.kind {
            TokenKind::Identifier => "Identifier",
            TokenKind::Number => "Number",
            TokenKind::Text => "String",
            TokenKind::Bytes => "Bytes",
            TokenKind::Operator => "Operator",
            TokenKind::Bracket => "Bracket",
            TokenKind::End => "EOF",
        };
        if self.value.is_empty() { kind.to_owned() } else { format!("{kind}({})", quote(&self.value)) }
    }
}

/// Whether `c` may stand in a name.
pub(super) fn is_name_char(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphabetic() || c.is_ascii_digit()
}

const WORD_OPERATORS: &[&str] =
    &["not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"];

/// A lexer that hands out one token at a time.
pub(super) struct Lexer {
    chars: Vec<char>,
    start: usize,
    end: usize,
    /// A name that followed `#` directly and is the next token.
    waiting: Option<Token>,
}

impl Lexer {
    /// A lexer over `source`.
    pub(super) fn new(source: &str) -> Self {
        Self { chars: source.chars().collect(), start: 0, end: 0, waiting: None }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.end).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek();
        self.end += usize::from(c.is_some());
        c
    }

    fn accept(&mut self, valid: &str) -> bool {
        let fits = self.peek().is_some_and(|c| valid.contains(c));
        self.end += usize::from(fits);
        fits
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn word(&self) -> String {
        self.chars.get(self.start..self.end).unwrap_or_default().iter().collect()
    }

    fn token(&mut self, kind: TokenKind, value: String) -> Token {
        let at = self.start;
        self.start = self.end;
        Token { kind, value, bytes: Vec::new(), at }
    }

    fn plain(&mut self, kind: TokenKind) -> Token {
        let word = self.word();
        self.token(kind, word)
    }

    /// A fault at the last character read; past the end of the text when `at_end`.
    fn fault(&self, at_end: bool, fault: ReadFault) -> FaultAt {
        FaultAt::new((self.end + usize::from(at_end)).saturating_sub(1), fault)
    }

    /// The next token; `End` at the end of the text, as often as asked (source: lexer/lexer.go, `Next`).
    pub(super) fn next(&mut self) -> Result<Token, FaultAt> {
        if let Some(token) = self.waiting.take() {
            return Ok(token);
        }
        loop {
            let Some(c) = self.bump() else {
                return Ok(Token {
                    kind: TokenKind::End,
                    value: String::new(),
                    bytes: Vec::new(),
                    at: self.end.saturating_sub(1),
                });
            };
            match c {
                c if c.is_whitespace() => self.start = self.end,
                '/' if self.accept("/") => {
                    while self.bump().is_some_and(|c| c != '\n') {}
                    self.start = self.end;
                }
                '/' if self.accept("*") => self.block_comment()?,
                c => return self.token_from(c),
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), FaultAt> {
        loop {
            match self.bump() {
                None => return Err(self.fault(true, ReadFault::UnclosedComment)),
                Some('*') if self.accept("/") => break,
                Some(_) => {}
            }
        }
        self.start = self.end;
        Ok(())
    }

    fn token_from(&mut self, first: char) -> Result<Token, FaultAt> {
        match first {
            '\'' | '"' => {
                self.scan_quoted(first)?;
                let text = escape::text(&self.word()).map_err(|m| self.fault(false, m))?;
                Ok(self.token(TokenKind::Text, text))
            }
            '`' => self.raw(),
            'b' | 'B' if matches!(self.peek(), Some('\'' | '"')) => {
                let quote = self.bump().unwrap_or('"');
                self.scan_quoted(quote)?;
                let literal: String = self.word().chars().skip(1).collect();
                let bytes = escape::bytes(&literal).map_err(|m| self.fault(false, m))?;
                let shown = String::from_utf8_lossy(&bytes).into_owned();
                Ok(Token { bytes, ..self.token(TokenKind::Bytes, shown) })
            }
            '0'..='9' => {
                self.end -= 1;
                self.number()
            }
            '?' => {
                self.accept(".?");
                Ok(self.plain(TokenKind::Operator))
            }
            '#' => Ok(self.pointer()),
            '|' | ':' => {
                self.accept(if first == '|' { "|" } else { ":" });
                Ok(self.plain(TokenKind::Operator))
            }
            '(' | '[' | '{' | ')' | ']' | '}' => Ok(self.plain(TokenKind::Bracket)),
            ',' | ';' | '%' | '+' | '-' | '^' | '/' => Ok(self.plain(TokenKind::Operator)),
            '&' | '!' | '=' | '*' | '<' | '>' => {
                self.accept("&=*");
                Ok(self.plain(TokenKind::Operator))
            }
            '.' => {
                if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.end -= 1;
                    return self.number();
                }
                self.accept(".");
                Ok(self.plain(TokenKind::Operator))
            }
            c if is_name_char(c) => {
                while self.peek().is_some_and(is_name_char) {
                    self.end += 1;
                }
                let operator = WORD_OPERATORS.contains(&self.word().as_str());
                Ok(self.plain(if operator { TokenKind::Operator } else { TokenKind::Identifier }))
            }
            found => Err(self.fault(false, ReadFault::UnknownCharacter { found })),
        }
    }

    fn pointer(&mut self) -> Token {
        self.accept("#");
        let token = self.plain(TokenKind::Operator);
        while self.peek().is_some_and(is_name_char) {
            self.end += 1;
        }
        if self.end > self.start {
            self.waiting = Some(self.plain(TokenKind::Identifier));
        }
        token
    }

    fn number(&mut self) -> Result<Token, FaultAt> {
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        let before_point = self.end;
        if self.accept(".") {
            if self.peek() == Some('.') {
                self.end = before_point; // `1..2` is a range
                return Ok(self.plain(TokenKind::Number));
            }
            self.accept_run(digits);
        }
        if self.accept("eE") {
            self.accept("+-");
            self.accept_run(digits);
        }
        if self.peek().is_some_and(is_name_char) {
            self.end += 1;
            return Err(self.fault(false, ReadFault::NumberSyntax(self.word())));
        }
        Ok(self.plain(TokenKind::Number))
    }

    /// Reads to the closing `quote`, and checks that each escape is complete.
    fn scan_quoted(&mut self, quote: char) -> Result<(), FaultAt> {
        loop {
            match self.bump() {
                Some(c) if c == quote => return Ok(()),
                None => return Err(self.fault(true, ReadFault::NotTerminated)),
                Some('\n') => return Err(self.fault(false, ReadFault::NotTerminated)),
                Some('\\') => self.scan_escape(quote)?,
                Some(_) => {}
            }
        }
    }

    fn scan_escape(&mut self, quote: char) -> Result<(), FaultAt> {
        match self.bump() {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\') => Ok(()),
            Some(c) if c == quote => Ok(()),
            Some(c @ '0'..='7') => self.scan_digits(Some(c), 8, 3),
            Some('x') => self.scan_some(16, 2),
            Some('u') if self.peek() == Some('{') => {
                self.end += 1;
                let from = self.end;
                while self.peek().is_some_and(|c| c.is_ascii_hexdigit()) && self.end - from < 6 {
                    self.end += 1;
                }
                if self.end == from || self.peek() != Some('}') {
                    return Err(self.fault(false, ReadFault::CharEscape));
                }
                self.end += 1;
                Ok(())
            }
            Some('u') => self.scan_some(16, 4),
            Some('U') => self.scan_some(16, 8),
            other => Err(self.fault(other.is_none(), ReadFault::CharEscape)),
        }
    }

    fn scan_some(&mut self, base: u32, count: usize) -> Result<(), FaultAt> {
        let first = self.bump();
        self.scan_digits(first, base, count)
    }

    fn scan_digits(&mut self, first: Option<char>, base: u32, count: usize) -> Result<(), FaultAt> {
        let mut c = first;
        for n in 0..count {
            if !c.is_some_and(|c| c.is_digit(base)) {
                return Err(self.fault(c.is_none(), ReadFault::CharEscape));
            }
            if n + 1 < count {
                c = self.bump();
            }
        }
        Ok(())
    }

    /// A literal between backticks: nothing is an escape, and a doubled backtick stands for one.
    fn raw(&mut self) -> Result<Token, FaultAt> {
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.fault(true, ReadFault::NotTerminated)),
                Some('`') if self.accept("`") => text.push('`'),
                Some('`') => return Ok(self.token(TokenKind::Text, text)),
                Some(c) => text.push(c),
            }
        }
    }
}
