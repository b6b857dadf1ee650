//! Decides how a fault in an expression is reported: a message, and the place as line, column and a caret.
//! It never decides what is a fault.

use super::fault::{Fault, FaultAt};
use std::fmt;

/// A fault found while reading, checking or evaluating an expression (source: file/error.go, `Error`).
///
/// Displayed as `message (line:column)`, then the line and a caret below the place:
///
/// ```text
/// unknown name foo (1:1)
///  | foo > 1
///  | ^
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ExprError {
    message: String,
    place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    text: String,
}

impl ExprError {
    /// A fault that belongs to no place in the text.
    pub(super) fn unplaced(fault: impl Into<Fault>) -> Self {
        Self { message: fault.into().to_string(), place: None }
    }

    /// A fault at a character of `source`.
    pub(super) fn placed(fault: &FaultAt, source: &str) -> Self {
        let at = fault.at;
        let (mut line, mut column, mut start) = (1, 0, 0);
        for (count, (byte, c)) in source.char_indices().enumerate() {
            if count == at {
                break;
            }
            if c == '\n' {
                (line, column, start) = (line + 1, 0, byte + 1);
            } else {
                column += 1;
            }
        }
        let text = source.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let place = (!text.is_empty()).then(|| Place { line, column, text: text.replace('\t', " ") });
        Self { message: fault.fault.to_string(), place }
    }

    /// What is wrong, without the place: the text that Argo Rollouts writes into an AnalysisRun.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line and column of the fault, both counted from 1, if it belongs to a place.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|p| (p.line, p.column + 1))
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(Place { line, column, text }) = &self.place {
            let dots = ".".repeat(*column);
            write!(f, " ({line}:{})\n | {text}\n | {dots}^", column + 1)?;
        }
        Ok(())
    }
}
