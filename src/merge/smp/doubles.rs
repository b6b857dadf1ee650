//! Decides what a list is to hold in which one key stands twice (an environment variable that is set twice, a port behind
//! two ports of the node), and puts it into an object as it is. It never merges a list whose items can be told apart.
//!
//! Such items are told apart by what they say: an item of ours is the item of the server that holds all of it, in the
//! same order where that can be; what is left over pairs by its turn among the items with its key.

use super::directive::{field, replacement};
use super::order;
use crate::MergeError;
use crate::api::listkeys::Schema;
use serde_json::Value;

/// Merges one item of three lists: the earlier one, the wanted one and the present one.
type MergeItem<'a> = dyn Fn(&Value, &Value, &Value) -> Result<Value, MergeError> + 'a;
/// Whether an item of one list may be that of another.
type Fits<'a> = dyn Fn(&Value, &Value) -> bool + 'a;
/// Whether the item of ours at a place may be the item of theirs at another one.
type Round<'a> = dyn Fn(usize, &Value, usize, &Value) -> bool + 'a;

/// How the items of such a list are told apart, as far as they can be, and merged.
pub(super) struct Doubles<'a> {
    /// What tells an item apart, though another may have it too.
    pub name: &'a dyn Fn(&Value) -> Option<Value>,
    /// `null` stands for an item that is not there.
    pub merge: &'a MergeItem<'a>,
}

impl Doubles<'_> {
    /// The list that three states make: wanted items in their order, and where they are those that only the server has.
    pub(super) fn list(
        &self,
        base: &[Value],
        desired: &[Value],
        live: &[Value],
    ) -> Result<Vec<Value>, MergeError> {
        let before = self.pair(desired, base, &|a, b| a == b);
        let known = self.pair(base, live, &|ours, theirs| self.holds(ours, theirs));
        let mut now: Vec<Option<usize>> =
            before.iter().map(|place| place.and_then(|at| known.get(at).copied().flatten())).collect();
        self.adopt(desired, &before, live, &known, &mut now);
        let mut ours = Vec::with_capacity(desired.len());
        for ((item, before), now) in desired.iter().zip(&before).zip(&now) {
            let old = before.and_then(|at| base.get(at)).unwrap_or(&Value::Null);
            let present = now.and_then(|at| live.get(at)).unwrap_or(&Value::Null);
            ours.push((*now, (self.merge)(old, item, present)?));
        }
        let is_foreign = |at: usize| !known.contains(&Some(at)) && !now.contains(&Some(at));
        let (mut list, mut ours) = (Vec::new(), ours.into_iter().peekable());
        for (at, item) in live.iter().enumerate().filter(|(at, _)| is_foreign(*at)) {
            while let Some((_, next)) = ours.next_if(|(place, _)| place.is_none_or(|place| place < at)) {
                list.push(next);
            }
            list.push(item.clone());
        }
        list.extend(ours.map(|(_, item)| item));
        Ok(list)
    }

    /// Whether an item of the server says all that one of ours says.
    fn holds(&self, ours: &Value, theirs: &Value) -> bool {
        (self.merge)(ours, ours, theirs).is_ok_and(|merged| merged == *theirs)
    }

    /// Takes an item that others have put there for one that is new in Git, where it holds all of that or is alone
    /// under its key.
    fn adopt(
        &self,
        desired: &[Value],
        before: &[Option<usize>],
        live: &[Value],
        known: &[Option<usize>],
        now: &mut [Option<usize>],
    ) {
        let new: Vec<(usize, &Value)> =
            desired.iter().enumerate().filter(|(at, _)| before.get(*at) == Some(&None)).collect();
        let others: Vec<(usize, &Value)> =
            live.iter().enumerate().filter(|(at, _)| !known.contains(&Some(*at))).collect();
        let items = |list: &[(usize, &Value)]| list.iter().map(|(_, v)| (*v).clone()).collect::<Vec<Value>>();
        let places = self.pair(&items(&new), &items(&others), &|ours, theirs| self.holds(ours, theirs));
        for ((at, item), place) in new.iter().zip(places) {
            let Some((there, other)) = place.and_then(|place| others.get(place)) else { continue };
            let is_alone = live.iter().filter(|item| self.same(item, other)).count() == 1;
            if let Some(slot) = now.get_mut(*at).filter(|_| is_alone || self.holds(item, other)) {
                *slot = Some(*there);
            }
        }
    }

    fn same(&self, a: &Value, b: &Value) -> bool {
        (self.name)(a) == (self.name)(b)
    }

    /// The place in `theirs` of each of `ours`; no place is given twice.
    fn pair(&self, ours: &[Value], theirs: &[Value], fits: &Fits<'_>) -> Vec<Option<usize>> {
        let mut rest = theirs.iter().enumerate();
        let mut next = |item: &Value| rest.find(|(_, other)| self.same(item, other) && fits(item, other));
        let in_order: Option<Vec<Option<usize>>> =
            ours.iter().map(|item| next(item).map(|(at, _)| Some(at))).collect();
        if let Some(places) = in_order {
            return places;
        }
        let turn = |list: &[Value], at: usize, item: &Value| {
            list.iter().take(at).filter(|other| self.same(other, item)).count()
        };
        let rounds: [&Round<'_>; 3] = [
            &|i, item, j, other| turn(ours, i, item) == turn(theirs, j, other) && fits(item, other),
            &|_, item, _, other| fits(item, other),
            &|_, _, _, _| true,
        ];
        let mut places = vec![None; ours.len()];
        for round in rounds {
            for (i, item) in ours.iter().enumerate() {
                if places.get(i) != Some(&None) {
                    continue;
                }
                let mut free = theirs.iter().enumerate().filter(|(j, _)| !places.contains(&Some(*j)));
                let found = free.find(|(j, other)| self.same(item, other) && round(i, item, *j, other));
                let found = found.map(|(j, _)| j);
                if let Some(place) = places.get_mut(i) {
                    *place = found;
                }
            }
        }
        places
    }
}

/// Puts every list that `settled` marks as a replacement into `object` as it stands there. Answers whether that changes
/// anything: a strategic merge patch cannot part items with the same key.
pub(super) fn put_whole(object: &mut Value, settled: &Value, schema: &Schema) -> bool {
    let mut changes = false;
    match (object, settled) {
        (Value::Object(object), Value::Object(settled)) => {
            for (name, value) in settled {
                if let Some(slot) = object.get_mut(name) {
                    changes |= put_whole(slot, value, &field(schema, name));
                }
            }
        }
        (Value::Array(list), Value::Array(settled)) => {
            if let Some(whole) = replacement(settled) {
                changes = list != whole;
                *list = whole.to_vec();
            } else if let Some(key) = schema.patch().key() {
                for item in settled.iter().filter(|item| item.get(key).is_some()) {
                    let place = order::find(list, item, Some(key)).and_then(|at| list.get_mut(at));
                    changes |= place.is_some_and(|slot| put_whole(slot, item, &schema.items()));
                }
            }
        }
        _ => {}
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn env(list: &[(&str, &str)]) -> Vec<Value> {
        list.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect()
    }

    fn merged(base: &[(&str, &str)], desired: &[(&str, &str)], live: &[(&str, &str)]) -> Vec<Value> {
        let name = |item: &Value| item.get("name").cloned();
        let merge = |_: &Value, item: &Value, now: &Value| Ok(json::apply(now, item));
        Doubles { name: &name, merge: &merge }.list(&env(base), &env(desired), &env(live)).unwrap()
    }

    #[test]
    fn the_one_that_git_takes_out_goes_and_the_other_stays() {
        let both = [("A", "1"), ("A", "2")];
        assert_eq!(merged(&both, &both[1..], &both), env(&both[1..]));
        assert_eq!(merged(&both, &both[..1], &both), env(&both[..1]));
        assert_eq!(merged(&both, &[], &both), env(&[]));
    }

    #[test]
    fn the_one_that_git_edits_changes_and_an_order_is_an_order() {
        let both = [("A", "1"), ("B", "1"), ("A", "2")];
        let edited = [("A", "1"), ("B", "1"), ("A", "3")];
        assert_eq!(merged(&both, &edited, &both), env(&edited));
        let turned = [("A", "2"), ("B", "1"), ("A", "1")];
        assert_eq!(merged(&both, &turned, &both), env(&turned));
    }

    #[test]
    fn what_others_have_added_stays_where_it_is() {
        let both = [("A", "1"), ("A", "2")];
        let live = [("X", "9"), ("A", "1"), ("A", "8"), ("A", "2"), ("Y", "9")];
        let after = [("X", "9"), ("A", "8"), ("A", "2"), ("Y", "9")];
        assert_eq!(merged(&both, &both, &live), env(&live), "also under a key of ours");
        assert_eq!(merged(&both, &both[1..], &live), env(&after));
        let added = [("A", "1"), ("A", "2"), ("A", "3")];
        let after = [("X", "9"), ("A", "1"), ("A", "8"), ("A", "2"), ("A", "3"), ("Y", "9")];
        assert_eq!(merged(&both, &added, &live), env(&after));
    }

    #[test]
    fn what_others_have_changed_is_taken_back() {
        let both = [("A", "1"), ("A", "2")];
        assert_eq!(merged(&both, &both, &[("A", "1"), ("A", "7")]), env(&both));
        assert_eq!(merged(&both, &both, &[("A", "2")]), env(&both));
        assert_eq!(merged(&[], &both, &[("A", "7")]), env(&both), "one alone under its key is the same item");
    }
}
