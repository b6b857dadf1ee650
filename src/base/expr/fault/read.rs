//! Decides how it is reported that a text is no expression.
//! It never reads one.

use crate::go_text::{BadNumber, quote};
use thiserror::Error;

/// What is wrong with the text itself (source: lexer/lexer.go, lexer/state.go, parser/parser.go).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::expr) enum ReadFault {
    #[error("unclosed comment")]
    UnclosedComment,
    #[error("unrecognized character: U+{:04X} '{found}'", u32::from(*found))]
    UnknownCharacter { found: char },
    #[error("bad number syntax: {}", quote(.0))]
    NumberSyntax(String),
    #[error("literal not terminated")]
    NotTerminated,
    #[error("invalid char escape")]
    CharEscape,
    #[error("unable to unescape string")]
    Unescape,
    #[error("unable to unescape string, found '\\' as last character")]
    UnescapeAtEnd,
    #[error("unable to unescape octal sequence in string")]
    UnescapeOctal,
    #[error("unexpected end of expression")]
    End,
    /// The token as the lexer names it, such as `Operator("+")`.
    #[error("unexpected token {0}")]
    Unexpected(String),
    #[error("Operator ({0}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.")]
    MixedWithCoalesce(&'static str),
    #[error("expected at least {0} arguments")]
    TooFewArguments(usize),
    #[error("wrap predicate with brackets {{ and }}")]
    UnwrappedPredicate,
    #[error("expected name")]
    NoName,
    #[error(
        "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses \
         (unexpected token {0})"
    )]
    MapKey(String),
    #[error("invalid {radix} literal: {source}")]
    Literal {
        /// `hex`, `float`, `binary`, `octal` or `integer`.
        radix: &'static str,
        source: BadNumber,
    },
    #[error("compilation failed: expression exceeds maximum allowed nodes")]
    TooLarge,
    #[error("expression is nested too deeply; make it flatter")]
    TooDeep,
}
