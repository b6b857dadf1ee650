//! Decides which known word somebody may have meant who wrote an unknown one.
//! It never corrects anything by itself.

/// The one of `known` that needs the fewest letters changed to become `word`; none when all need too many.
#[must_use]
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    let word = word.to_lowercase();
    let far = |other: &str| {
        let other = other.to_lowercase();
        let begins = word.len() > 2 && other.starts_with(&word);
        if begins { 1 } else { changes(&word, &other) }
    };
    let all = known.into_iter().map(|other| (far(other), other));
    all.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far).map(|(_, other)| other)
}

/// How many letters have to be put in, taken out or changed to make `one` `other`.
fn changes(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let same = at(&row, j) + usize::from(a != *b);
            next.push(same.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let known = ["rollout", "canary", "blue-green", "exit-codes"];
        let near = |word| nearest(word, known);
        assert_eq!(near("rolout"), Some("rollout"));
        assert_eq!(near("Canray"), Some("canary"));
        assert_eq!(near("bluegreen"), Some("blue-green"));
        assert_eq!(near("exit"), Some("exit-codes"));
        assert_eq!(near("weather"), None);
        assert_eq!(changes("", "abc"), 3);
    }
}
