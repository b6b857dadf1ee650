//! Decides how it is reported that a text is no regular expression.
//! It never compiles one.

use thiserror::Error;

/// What Go refuses, each with the part that it shows (source: Go's regexp/syntax/parse.go, `ErrorCode`).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::expr) enum PatternFault {
    #[error("error parsing regexp: unexpected ): `{0}`")]
    UnexpectedParen(String),
    #[error("error parsing regexp: missing closing ): `{0}`")]
    MissingParen(String),
    #[error("error parsing regexp: missing closing ]: `{0}`")]
    MissingBracket(String),
    #[error("error parsing regexp: missing argument to repetition operator: `{0}`")]
    NothingToRepeat(String),
    #[error("error parsing regexp: invalid nested repetition operator: `{0}`")]
    RepeatedRepeat(String),
    #[error("error parsing regexp: invalid repeat count: `{0}`")]
    RepeatCount(String),
    #[error("error parsing regexp: trailing backslash at end of expression: ``")]
    TrailingBackslash,
    #[error("error parsing regexp: invalid escape sequence: `{0}`")]
    Escape(String),
    /// Refused by Rust's engine alone; Go has no text for it.
    #[error("error parsing regexp: expression is invalid or too large: `{0}`")]
    Refused(String),
}
