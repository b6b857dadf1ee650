//! Decides which commit is a Rollout's good one: the newest applied one at which it was seen healthy.
//! It never looks at the cluster or at Git; both are told to it.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use std::collections::BTreeMap;

/// How a Rollout stands when the next commit is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing<'a> {
    /// The applied commit at which it is healthy now, if it is.
    pub(crate) healthy_at: Option<&'a str>,
    /// Whether the next commit changes its template.
    pub(crate) is_touched: bool,
}

/// The good commit of `rollout`; none when it never was healthy at one of ours.
///
/// What the inventory says nothing of was healthy when its commit was applied, and that commit left it alone.
#[must_use]
pub(crate) fn of<'i>(inventory: &'i Inventory, rollout: &Key) -> Option<&'i str> {
    let good = inventory.good.get(rollout).unwrap_or(&inventory.commit);
    Some(good.as_str()).filter(|c| !c.is_empty())
}

/// What has to be written down with the next commit: the good commits of the Rollouts that it changes or that are not
/// healthy. `all` are those that the next commit has.
#[must_use]
pub(crate) fn next<'a>(
    inventory: &Inventory,
    all: impl IntoIterator<Item = (&'a Key, Standing<'a>)>,
) -> BTreeMap<Key, String> {
    let mut good = BTreeMap::new();
    for (rollout, standing) in all {
        let is_known = inventory.objects.contains_key(rollout);
        let commit = match standing {
            Standing { is_touched: false, .. } if !is_known => continue, // taken over as Git has it
            Standing { healthy_at: Some(_), is_touched: false } => continue,
            Standing { healthy_at: Some(commit), .. } if is_known => commit,
            _ if is_known => of(inventory, rollout).unwrap_or_default(),
            _ => "",
        };
        good.insert(rollout.clone(), commit.to_owned());
    }
    good
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(commit: &str, good: &[(&str, &str)]) -> Inventory {
        let key = |name: &str| Key::rollout("shop", name);
        Inventory {
            commit: commit.into(),
            objects: [(key("web"), String::new())].into(),
            good: good.iter().map(|(name, commit)| (key(name), (*commit).to_owned())).collect(),
            ..Inventory::default()
        }
    }

    /// The good commit of `web` once the next commit is applied.
    fn then(before: &Inventory, healthy_at: Option<&str>, is_touched: bool) -> Option<String> {
        let web = Key::rollout("shop", "web");
        let good = next(before, [(&web, Standing { healthy_at, is_touched })]);
        let after = Inventory { commit: "next".into(), good, ..before.clone() };
        of(&after, &web).map(str::to_owned)
    }

    #[test]
    fn a_healthy_rollout_goes_back_to_the_commit_applied_before() {
        let before = inventory("c2", &[("web", "c1")]);
        assert_eq!(then(&before, Some("c2"), true).as_deref(), Some("c2"), "promoted: c1 is history");
        assert_eq!(then(&before, Some("c2"), false).as_deref(), Some("next"), "left alone: good as it is");
    }

    #[test]
    fn one_in_flight_keeps_its_good_commit() {
        let before = inventory("c2", &[("web", "c1")]);
        assert_eq!(then(&before, None, true).as_deref(), Some("c1"));
        assert_eq!(then(&before, None, false).as_deref(), Some("c1"));
        assert_eq!(then(&inventory("c2", &[]), None, true).as_deref(), Some("c2"), "changed by hand, say");
    }

    #[test]
    fn one_that_is_taken_over_is_good_only_where_git_has_it_so() {
        let none = Inventory { commit: "c1".into(), ..Inventory::default() };
        assert_eq!(then(&none, Some("c1"), false).as_deref(), Some("next"));
        assert_eq!(then(&none, Some("c1"), true), None);
        assert_eq!(then(&none, None, true), None, "made by the next commit");
    }
}
