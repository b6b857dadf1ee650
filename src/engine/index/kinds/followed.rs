//! Decides what a kind has to say for itself so that the index can follow it: which objects, what is kept of each, and
//! whom a change concerns. It never knows any kind by name.

use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::api::watch::News;
use crate::engine::index::effects::Effects;
use crate::engine::index::links::To;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::{Head, Table};
use std::fmt;

/// Whether a kind has to be there before anything is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Nothing can be decided without it.
    Required,
    /// It may be missing or forbidden; it then counts as empty.
    Optional,
    /// It is followed once a Rollout refers to one; until it is listed, it counts as empty.
    OnDemand,
}

/// Which objects of a kind are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picked {
    /// All.
    All,
    /// Those with this label.
    With(&'static str),
    /// Those without this label.
    Without(&'static str),
}

/// A kind that the index follows.
pub(crate) struct Followed {
    /// What tells it from the others, in messages too; usually the kind.
    pub(crate) name: &'static str,
    /// `group/version`.
    pub(crate) api_version: &'static str,
    /// Kind.
    pub(crate) kind: &'static str,
    /// Which objects.
    pub(crate) picked: Picked,
    /// Whether decisions wait for it.
    pub(crate) need: Presence,
    /// What of it is taken in, and how.
    rows: Rows,
}

/// How the rows of a kind are made and kept.
#[derive(Clone, Copy)]
struct Rows {
    present: fn(&'static Followed, RawObject) -> Change,
    gone: fn(&'static Followed, RawObject) -> Change,
    deleted: fn(&'static Followed, &mut Index, &ObjectName, &str) -> Effects,
    list_begins: fn(&'static Followed, &mut Index),
    list_ends: fn(&'static Followed, &mut Index) -> Effects,
}

/// A change of one object, ready to be taken into the index.
pub(crate) struct Change(Box<dyn FnOnce(&mut Index) -> Effects + Send>);

/// What is kept of an object, and what follows from it.
pub(crate) trait Row: Sized + Send + 'static {
    /// The row of an object, which is read here, once, and only when it is news; what is costly or cannot have changed
    /// is taken over from the row before. None when it is not in our scope.
    fn of(object: RawObject, before: Option<&Self>, scope: &Scope) -> Option<Self>;

    /// Where the rows are.
    fn table<'i>(index: &'i mut Index, followed: &Followed) -> &'i mut Table<Self>;

    /// What the row points at; nothing unless the kind says so.
    fn links(&self, _name: &ObjectName) -> Vec<To> {
        Vec::new()
    }

    /// What a change at `name` brings about; the index has the row as it is now, `before` is the one that was there.
    fn effects(
        index: &mut Index,
        followed: &'static Followed,
        name: &ObjectName,
        before: Option<&Self>,
    ) -> Effects;
}

impl Followed {
    /// A kind of which `R` are the rows.
    #[must_use]
    pub(crate) const fn of<R: Row>(
        name: &'static str,
        api_version: &'static str,
        kind: &'static str,
        picked: Picked,
        need: Presence,
    ) -> Self {
        let rows = Rows {
            present: present::<R>,
            gone: gone::<R>,
            deleted: deleted::<R>,
            list_begins: list_begins::<R>,
            list_ends: list_ends::<R>,
        };
        Self { name, api_version, kind, picked, need, rows }
    }

    /// The change that `object` is there, new or changed.
    #[must_use]
    pub(crate) fn present(&'static self, object: RawObject) -> Change {
        (self.rows.present)(self, object)
    }

    /// What a watch tells, ready to be taken in.
    #[must_use]
    pub(crate) fn read(&'static self, news: News<RawObject>) -> News<Change> {
        let is_gone = matches!(news, News::Gone(_));
        news.map(|object| if is_gone { (self.rows.gone)(self, object) } else { self.present(object) })
    }

    /// The label selector of the watch.
    #[must_use]
    pub(crate) fn selector(&self) -> String {
        match self.picked {
            Picked::All => String::new(),
            Picked::With(label) => label.to_owned(),
            Picked::Without(label) => format!("!{label}"),
        }
    }
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Followed {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change")
    }
}

impl Index {
    /// Takes in a change. Answers what it brings about; nothing when it is known already or older.
    pub(crate) fn take_in(&mut self, change: Change) -> Effects {
        (change.0)(self)
    }

    /// Notes that we deleted an object ourselves, so that older news of it are not believed.
    pub(crate) fn deleted(&mut self, followed: &'static Followed, name: &ObjectName, uid: &str) -> Effects {
        (followed.rows.deleted)(followed, self, name, uid)
    }

    /// A list of a kind begins.
    pub(crate) fn list_begins(&mut self, followed: &'static Followed) {
        (followed.rows.list_begins)(followed, self);
    }

    /// The list of a kind is complete: what it did not bring is gone.
    pub(crate) fn list_ends(&mut self, followed: &'static Followed) -> Effects {
        (followed.rows.list_ends)(followed, self)
    }

    fn put<R: Row>(&mut self, followed: &'static Followed, head: &Head, object: RawObject) -> Effects {
        if !R::table(self, followed).is_news(head) {
            return Effects::default(); // half of what watches bring are echoes of our own writes
        }
        let before = R::table(self, followed).take(&head.name);
        let row = R::of(object, before.as_ref(), self.scope());
        let links = row.as_ref().map(|r| r.links(&head.name)).unwrap_or_default();
        self.links.set(followed.name, &head.name, links);
        R::table(self, followed).put(head, row);
        R::effects(self, followed, &head.name, before.as_ref())
    }

    fn end<R: Row>(&mut self, followed: &'static Followed, name: &ObjectName, row: Option<R>) -> Effects {
        self.links.set(followed.name, name, Vec::new());
        R::effects(self, followed, name, row.as_ref())
    }
}

fn present<R: Row>(followed: &'static Followed, object: RawObject) -> Change {
    let head = Head::of(&object.metadata);
    Change(Box::new(move |index| index.put::<R>(followed, &head, object)))
}

fn gone<R: Row>(followed: &'static Followed, object: RawObject) -> Change {
    let head = Head::of(&object.metadata);
    Change(Box::new(move |index| {
        let row = R::table(index, followed).gone(&head);
        index.end(followed, &head.name, row)
    }))
}

fn deleted<R: Row>(followed: &'static Followed, index: &mut Index, name: &ObjectName, uid: &str) -> Effects {
    let row = R::table(index, followed).deleted(name, uid);
    index.end(followed, name, row)
}

fn list_begins<R: Row>(followed: &'static Followed, index: &mut Index) {
    R::table(index, followed).list_begins();
}

fn list_ends<R: Row>(followed: &'static Followed, index: &mut Index) -> Effects {
    let mut effects = Effects::default();
    for name in R::table(index, followed).list_ends() {
        let row = R::table(index, followed).missing(&name);
        effects.extend(index.end(followed, &name, row));
    }
    effects
}
