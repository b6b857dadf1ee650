//! Decides how it is told why a path finds nothing, in kubectl's words where it has some.
//! It never decides whether that is a fault.

use thiserror::Error;

/// Why a path finds nothing.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum BadPath {
    /// It cannot be read.
    #[error("{path:?} is no JSONPath: {source}; write it like {{$.data.value}}")]
    Unreadable {
        /// The path.
        path: String,
        /// What is wrong with it.
        source: PathFault,
    },
    /// It leads nowhere in this document.
    #[error(transparent)]
    Stuck(#[from] PathStuck),
}

impl BadPath {
    /// A word for programs that stays when the text changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "JsonPathUnreadable",
            Self::Stuck(_) => "JsonPathStuck",
        }
    }
}

/// What is wrong with a path.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum PathFault {
    /// A `{` without `}`.
    #[error("unclosed action")]
    Unclosed,
    /// A `[` without `]`.
    #[error("unterminated array")]
    UnclosedArray,
    /// A `[?(` without `)`.
    #[error("unterminated filter")]
    UnclosedFilter,
    /// A `)` without `]` after a filter.
    #[error("unclosed array expect ]")]
    FilterWithoutBracket,
    /// A quote without another.
    #[error("unterminated quoted string")]
    UnclosedQuote,
    /// An escape that Go does not know.
    #[error("unquote string {0} error invalid syntax")]
    Unquote(String),
    /// A character that begins nothing.
    #[error("unrecognized character in action: {0:?}")]
    Character(char),
    /// `....`
    #[error("invalid multiple recursive descent")]
    RecursiveTwice,
    /// A number that is none.
    #[error("cannot parse number {0}")]
    Number(String),
    /// Something else than an index, a slice or a key in brackets.
    #[error("invalid array index {0}")]
    Index(String),
    /// An index that is no number, or none that fits.
    #[error("array index {0} is not a number")]
    NoNumber(String),
}

/// Why a path that can be read leads nowhere in a document.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum PathStuck {
    /// No such field.
    #[error("{0} is not found")]
    NotFound(String),
    /// An index into something that is no list.
    #[error("{0} is not array or slice")]
    NoList(&'static str),
    /// A filter of something that is no list.
    #[error("{0} is not array or slice and cannot be filtered")]
    NotFiltered(&'static str),
    /// An index behind the end.
    #[error("array index out of bounds: index {index}, length {length}")]
    OutOfBounds {
        /// The index.
        index: i64,
        /// Number of items.
        length: i64,
    },
    /// A slice that ends before it begins.
    #[error("starting index {start} is greater than ending index {end}")]
    Backwards {
        /// Where it begins.
        start: i64,
        /// Where it ends.
        end: i64,
    },
    /// A slice that goes nowhere.
    #[error("step must be > 0")]
    Step,
    /// A filter that compares several values at a time.
    #[error("can only compare one element at a time")]
    Several,
    /// A comparison that there is none of.
    #[error("unrecognized filter operator {0}")]
    Operator(String),
    /// A value that cannot be compared.
    #[error("invalid type for comparison")]
    NotComparable,
    /// Two values of different types.
    #[error("incompatible types for comparison")]
    Incompatible,
    /// A word that says nothing.
    #[error("unrecognized identifier {0}")]
    Identifier(String),
    /// `{end}` without `{range}`.
    #[error("not in range, nothing to end")]
    NotInRange,
    /// Too much of everything.
    #[error("the path leads to more than {0} values; narrow it")]
    TooMany(usize),
    /// Ranges in ranges.
    #[error("more than {0} ranges stand in each other; use fewer")]
    TooDeep(usize),
}
