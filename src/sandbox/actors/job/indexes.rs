//! Decides how a set of completion indexes is written: `0,2-4`.
//! It never decides which indexes are complete.

use std::collections::BTreeSet;

/// The most indexes a text may name; more of it is left out.
const MOST: i64 = 100_000;

/// Reads `0,2-4`; what cannot be read is left out.
pub(super) fn read(text: &str) -> BTreeSet<i64> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) {
            all.extend(first..=last.min(first.saturating_add(MOST)));
        }
    }
    all
}

/// Writes the set: runs of three and more as `first-last`.
pub(super) fn show(all: &BTreeSet<i64>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = all.iter().copied().peekable();
    while let Some(first) = rest.next() {
        let mut last = first;
        while rest.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        parts.push(match last - first {
            0 => first.to_string(),
            1 => format!("{first},{last}"),
            _ => format!("{first}-{last}"),
        });
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_are_shortened() {
        assert_eq!(show(&BTreeSet::from([0, 2, 3, 4, 6, 7])), "0,2-4,6,7");
        assert_eq!(show(&BTreeSet::new()), "");
        assert_eq!(read("x,3-,1,-2,5-4"), BTreeSet::from([1]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in prop::collection::btree_set(0_i64..60, 0..40)) {
            prop_assert_eq!(read(&show(&all)), all);
        }
    }
}
