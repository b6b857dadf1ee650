//! Decides which pages there are and which word leads to which; each is a file in `pages`, its first line says it all.
//! It never says what a field means; the definitions do.

/// A page about a concept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Topic {
    /// Its name.
    pub(crate) name: &'static str,
    /// Other words that lead to it.
    also: &'static [&'static str],
    /// The page: a line that says it all, the rest, and what to see besides.
    pub(crate) text: &'static str,
}

impl Topic {
    /// What it is, in a line.
    #[must_use]
    pub(crate) fn summary(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default()
    }
}

/// All pages, in the order in which they are best read.
pub(crate) const ALL: &[Topic] = &[
    Topic { name: "rollout", also: &["rollouts", "ro"], text: include_str!("pages/rollout.txt") },
    Topic { name: "canary", also: &[], text: include_str!("pages/canary.txt") },
    Topic {
        name: "blue-green",
        also: &["bluegreen", "blue_green"],
        text: include_str!("pages/blue-green.txt"),
    },
    Topic { name: "steps", also: &["step", "pause"], text: include_str!("pages/steps.txt") },
    Topic {
        name: "analysis",
        also: &["analysisrun", "analysistemplate", "metric"],
        text: include_str!("pages/analysis.txt"),
    },
    Topic { name: "revert", also: &["rollback", "undo"], text: include_str!("pages/revert.txt") },
    Topic { name: "fence", also: &["fenced"], text: include_str!("pages/fence.txt") },
    Topic { name: "held", also: &["hold"], text: include_str!("pages/held.txt") },
    Topic { name: "drift", also: &["heal"], text: include_str!("pages/drift.txt") },
    Topic { name: "inventory", also: &[], text: include_str!("pages/inventory.txt") },
    Topic {
        name: "versioned-config",
        also: &["config", "versioned"],
        text: include_str!("pages/versioned-config.txt"),
    },
    Topic { name: "delivery", also: &["deliveries", "dlv"], text: include_str!("pages/delivery.txt") },
    Topic { name: "prune", also: &["pruning"], text: include_str!("pages/prune.txt") },
    Topic { name: "takeover", also: &["take-over", "argo"], text: include_str!("pages/takeover.txt") },
    Topic { name: "exit-codes", also: &["exit", "codes"], text: include_str!("pages/exit-codes.txt") },
    Topic { name: "output", also: &["color", "colour"], text: include_str!("pages/output.txt") },
];

/// The page that `word` leads to.
#[must_use]
pub(crate) fn find(word: &str) -> Option<&'static Topic> {
    let word = word.to_lowercase();
    ALL.iter().find(|topic| topic.name == word || topic.also.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_page_is_listed_once_and_fits_the_narrowest_terminal() {
        let words: Vec<&str> = ALL.iter().flat_map(|t| t.also.iter().chain([&t.name])).copied().collect();
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/front/explain/pages");
        let files = std::fs::read_dir(pages).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = files.collect();
        assert_eq!(files, ALL.iter().map(|t| format!("{}.txt", t.name)).collect());
        for topic in ALL {
            assert!(topic.summary().ends_with('.'), "{}: {}", topic.name, topic.summary());
            assert!(topic.text.lines().all(|l| l.chars().count() <= 80), "{}", topic.name);
            assert!(topic.text.contains("\n  "), "{} has no command", topic.name);
        }
    }

    #[test]
    fn what_a_page_says_to_see_besides_is_there() {
        for topic in ALL {
            let also = topic.text.lines().find_map(|l| l.strip_prefix("See also: ")).unwrap();
            let missing: Vec<&str> = also.split(", ").filter(|word| find(word).is_none()).collect();
            assert!(missing.is_empty() && !also.contains(topic.name), "{}: {missing:?}", topic.name);
        }
    }
}
