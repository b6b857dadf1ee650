//! Decides how it is told what was passed over because it is no manifest.
//! It never decides what that is.

use std::fmt::{Display, Formatter, Result};

/// Names that are told at most; of the others only the number is.
const MOST_TOLD: usize = 10;

/// Something that was passed over because it is no manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Skipped {
    /// The file.
    pub(crate) path: String,
    /// Where in the file it begins; none when the whole file was passed over.
    pub(crate) line: Option<usize>,
}

impl Display for Skipped {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.line {
            None => f.write_str(&self.path),
            Some(line) => write!(f, "{}:{line}", self.path),
        }
    }
}

/// What was passed over, in a line; none when nothing was.
#[must_use]
pub(crate) fn line(all: &[Skipped]) -> Option<String> {
    let names: Vec<String> = all.iter().take(MOST_TOLD).map(ToString::to_string).collect();
    let more = all.len().saturating_sub(MOST_TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| format!("no manifests, passed over: {}{more}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_told_in_a_line_that_stays_short() {
        let one = |n: usize| Skipped { path: format!("{n}.json"), line: (n == 1).then_some(7) };
        assert_eq!(line(&[]), None);
        assert_eq!(line(&[one(1), one(2)]).as_deref(), Some("no manifests, passed over: 1.json:7, 2.json"));
        let many: Vec<Skipped> = (2..100).map(one).collect();
        assert!(line(&many).is_some_and(|l| l.ends_with("11.json and 88 more")));
    }
}
