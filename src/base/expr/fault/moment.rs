//! Decides how it is reported that a text is no date, no duration or no time zone.
//! It never reads one.

use crate::go_text::quote;
use thiserror::Error;

/// What is wrong with a text about time (source: Go's time/format.go, `ParseError.Error`, `ParseDuration`).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::expr) enum MomentFault {
    #[error("unknown time zone {0}")]
    Zone(String),
    /// More or fewer arguments than `date()` knows.
    #[error("invalid date")]
    DateArguments,
    #[error("invalid date {0}")]
    Date(String),
    #[error("parsing time {} as {}: cannot parse {} as {}", quote(&.0.text), quote(&.0.layout), quote(&.0.rest), quote(&.0.piece))]
    Unread(Box<Unread>),
    #[error("parsing time {}: extra text: {}", quote(text), quote(rest))]
    Extra { text: String, rest: String },
    /// `what` is the part of the date, such as `month`.
    #[error("parsing time {}: {what} out of range", quote(text))]
    OutOfRange { text: String, what: &'static str },
    #[error("time: invalid duration {}", quote(.0))]
    Duration(String),
    #[error("time: missing unit in duration {}", quote(.0))]
    MissingUnit(String),
    #[error("time: unknown unit {} in duration {}", quote(unit), quote(text))]
    UnknownUnit { unit: String, text: String },
}

/// Where a text and its layout part: `rest` of the text is no `piece` of the layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::expr) struct Unread {
    pub(in crate::expr) text: String,
    pub(in crate::expr) layout: String,
    pub(in crate::expr) rest: String,
    pub(in crate::expr) piece: String,
}
