//! Decides what may become of the objects that a deleted object owns, and the words for it.
//! It never deletes.

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// They are deleted before it.
    Foreground,
    /// They are deleted after it.
    Background,
    /// They stay and lose their owner.
    Orphan,
}

impl Propagation {
    /// Every way there is.
    pub(crate) const ALL: [Self; 3] = [Self::Foreground, Self::Background, Self::Orphan];

    /// The value of `propagationPolicy`.
    #[must_use]
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
            Self::Orphan => "Orphan",
        }
    }

    /// What a `propagationPolicy` means.
    #[must_use]
    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.text() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_its_own() {
        assert!(Propagation::ALL.into_iter().all(|p| Propagation::named(p.text()) == Some(p)));
        assert_eq!(Propagation::named("nil"), None);
    }
}
