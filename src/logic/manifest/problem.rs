//! Decides how a mistake in a manifest is reported: what, where, and what to do.
//! It never draws it; the front does.

use crate::base::yaml::Place;
use std::fmt::{Display, Formatter, Result};

/// A mistake in a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file; empty when the mistake is in none.
    pub(crate) path: String,
    /// Where in the file.
    pub(crate) place: Option<Place>,
    /// What is wrong.
    pub(crate) what: String,
    /// Words for the place itself.
    pub(crate) label: Box<str>,
    /// What to do.
    pub(crate) help: String,
    /// Whether the line it stands in holds a secret, so that it is not shown.
    pub(crate) is_secret: bool,
}

impl Problem {
    /// A mistake in `path` at `place`.
    #[must_use]
    pub(crate) fn at(
        path: &str,
        place: Option<Place>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (path, what, help) = (path.to_owned(), what.into(), help.into());
        Self { path, place, what, help, ..Self::default() }
    }

    /// The same in a line that is not to be shown.
    #[must_use]
    pub(crate) fn in_secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// The same with words for the place itself.
    #[must_use]
    pub(crate) fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = label.into().into_boxed_str();
        self
    }
}

/// Mistakes that are told at most; of the others only the number is.
const MOST_TOLD: usize = 20;

/// The mistakes by file and line, not more than anybody reads.
#[must_use]
pub(crate) fn told(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
    let more = problems.len().saturating_sub(MOST_TOLD);
    problems.truncate(MOST_TOLD);
    if more > 0 {
        let what = format!("{more} more mistakes are not shown");
        problems.push(Problem::at("", None, what, "correct these first"));
    }
    problems
}

impl Display for Problem {
    /// One line: `web/rollout.yaml:22: what; help`.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match (self.path.is_empty(), self.place) {
            (true, _) => {}
            (false, None) => write!(f, "{}: ", self.path)?,
            (false, Some(place)) => write!(f, "{}:{}: ", self.path, place.line)?,
        }
        f.write_str(&self.what)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}
