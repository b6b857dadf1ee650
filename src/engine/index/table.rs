//! Decides which news of one kind are believed: none that is older than what is known, none of an object that we have
//! deleted since. It never keeps anything of an object that is gone for good.

use crate::api::meta::Meta;
use crate::api::object_name::ObjectName;
use std::collections::{BTreeMap, BTreeSet};

/// What tells one state of one object from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Namespace and name.
    pub(crate) name: ObjectName,
    /// Uid.
    pub(crate) uid: String,
    /// Resource version; 0 when it is no number.
    pub(crate) version: u64,
}

impl Head {
    /// The head of an object.
    #[must_use]
    pub(crate) fn of(meta: &Meta) -> Self {
        Self {
            name: ObjectName::new(&*meta.namespace, &*meta.name),
            uid: meta.uid.clone(),
            version: meta.resource_version.parse().unwrap_or(0),
        }
    }
}

/// The rows of one kind.
#[derive(Debug)]
pub(crate) struct Table<T> {
    entries: BTreeMap<ObjectName, Entry<T>>,
    /// Names that the list under way has brought.
    listed: Option<BTreeSet<ObjectName>>,
    /// Uids of objects we deleted whose deletion the watch has not told yet, and whether it still has to: a list that
    /// was begun before may bring such an object once more.
    deleted: BTreeMap<String, bool>,
}

/// The version seen last, and the row if the object is one for us.
#[derive(Debug)]
struct Entry<T> {
    version: u64,
    row: Option<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), listed: None, deleted: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    /// The row at `name`.
    #[must_use]
    pub(crate) fn get(&self, name: &ObjectName) -> Option<&T> {
        self.entries.get(name)?.row.as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, name: &ObjectName) -> Option<&mut T> {
        self.entries.get_mut(name)?.row.as_mut()
    }

    /// Every row with its name, in order of names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ObjectName, &T)> {
        self.entries.iter().filter_map(|(name, entry)| Some((name, entry.row.as_ref()?)))
    }

    /// The names in `namespace` that begin so, in order, with the row where the object is one for us.
    pub(crate) fn within(
        &self,
        namespace: &str,
        prefix: String,
    ) -> impl Iterator<Item = (&ObjectName, Option<&T>)> {
        let first = ObjectName::new(namespace, prefix);
        let from = self.entries.range(first.clone()..);
        let is_within =
            move |name: &ObjectName| name.namespace == first.namespace && name.name.starts_with(&first.name);
        from.take_while(move |(name, _)| is_within(name)).map(|(name, entry)| (name, entry.row.as_ref()))
    }

    /// Number of objects and deletions that something is remembered of.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.entries.len() + self.deleted.len()
    }

    /// Whether the state that `head` tells of is news.
    pub(crate) fn is_news(&mut self, head: &Head) -> bool {
        if let Some(listed) = &mut self.listed {
            listed.insert(head.name.clone());
        }
        if let Some(is_awaited) = self.deleted.get_mut(&head.uid) {
            *is_awaited = true;
            return false;
        }
        let known = self.entries.get(&head.name).map_or(0, |e| e.version);
        head.version == 0 || head.version > known
    }

    /// Takes the row at `name` out, to be put back changed.
    pub(crate) fn take(&mut self, name: &ObjectName) -> Option<T> {
        self.entries.get_mut(name)?.row.take()
    }

    /// Puts the row of a state that is news; none when the object is not for us, which is remembered too, so that older
    /// news do not make it ours again.
    pub(crate) fn put(&mut self, head: &Head, row: Option<T>) {
        self.entries.insert(head.name.clone(), Entry { version: head.version, row });
    }

    /// The watch says that an object is gone.
    pub(crate) fn gone(&mut self, head: &Head) -> Option<T> {
        self.deleted.remove(&head.uid);
        self.remove(&head.name)
    }

    /// We deleted an object; older news of it are not believed until the watch tells so too.
    pub(crate) fn deleted(&mut self, name: &ObjectName, uid: &str) -> Option<T> {
        let is_known = self.entries.contains_key(name);
        if is_known && !uid.is_empty() {
            let was_listed = self.listed.as_ref().is_none_or(|listed| listed.contains(name));
            self.deleted.insert(uid.to_owned(), was_listed);
        } // else the watch was faster
        self.remove(name)
    }

    fn remove(&mut self, name: &ObjectName) -> Option<T> {
        self.entries.remove(name)?.row
    }

    /// Whether a list is under way.
    #[must_use]
    pub(crate) fn is_listing(&self) -> bool {
        self.listed.is_some()
    }

    /// A list begins: what it does not bring is gone.
    pub(crate) fn list_begins(&mut self) {
        self.listed = Some(BTreeSet::new());
        self.deleted.values_mut().for_each(|is_awaited| *is_awaited = false);
    }

    /// The list is complete. Answers what is gone by it.
    pub(crate) fn list_ends(&mut self) -> Vec<ObjectName> {
        let Some(listed) = self.listed.take() else { return Vec::new() };
        self.deleted.retain(|_, is_awaited| *is_awaited);
        self.entries.keys().filter(|name| !listed.contains(name)).cloned().collect()
    }

    /// What a list did not bring.
    pub(crate) fn missing(&mut self, name: &ObjectName) -> Option<T> {
        self.remove(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uid: &str, version: u64) -> Head {
        Head { name: ObjectName::new("shop", "web"), uid: uid.to_owned(), version }
    }

    fn see(table: &mut Table<u64>, head: &Head) -> bool {
        let is_news = table.is_news(head);
        if is_news {
            table.put(head, Some(head.version));
        }
        is_news
    }

    #[test]
    fn older_news_are_not_believed_not_even_of_what_is_not_ours() {
        let mut table = Table::default();
        assert!(see(&mut table, &head("a", 5)));
        assert!(!see(&mut table, &head("a", 5)) && !see(&mut table, &head("a", 4)));
        table.put(&head("a", 9), None);
        assert!(!see(&mut table, &head("a", 8)));
        assert_eq!((table.get(&head("a", 0).name), table.iter().count()), (None, 0));
    }

    #[test]
    fn what_we_deleted_does_not_come_back_and_is_forgotten_with_the_watch() {
        let mut table = Table::default();
        see(&mut table, &head("a", 5));
        assert_eq!(table.deleted(&head("a", 0).name, "a"), Some(5));
        assert!(!see(&mut table, &head("a", 6)), "told before its deletion");
        assert!(see(&mut table, &head("b", 8)), "another of the same name");
        table.gone(&head("a", 7));
        table.gone(&head("b", 9));
        assert_eq!(table.remembered(), 0);
    }

    #[test]
    fn a_deletion_that_the_watch_told_first_is_not_waited_for() {
        let mut table = Table::default();
        see(&mut table, &head("a", 5));
        table.gone(&head("a", 6));
        assert_eq!((table.deleted(&head("a", 0).name, "a"), table.remembered()), (None, 0));
    }

    #[test]
    fn a_list_ends_the_wait_for_what_it_does_not_bring() {
        let mut table = Table::default();
        see(&mut table, &head("a", 5));
        table.deleted(&head("a", 0).name, "a");
        table.list_begins();
        assert!(!see(&mut table, &head("a", 5)), "the list is older than the deletion");
        assert_eq!((table.list_ends(), table.remembered()), (Vec::new(), 1));
        table.list_begins();
        table.list_ends();
        assert_eq!(table.remembered(), 0);
    }
}
