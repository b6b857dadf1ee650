//! Decides how a create and an update run: the order of checks, what is filled in, when nothing has changed.
//! It never reads a request; the rules of single kinds are in `admit`, those of patches in `patch`.

use super::admit;
use super::apply;
use super::kept;
use super::object::{self, meta};
use super::place::Place;
use super::prepare;
use super::refuse::Refusal;
use super::request::Writer;
use super::shelf::Stored;
use super::state::State;
use serde_json::Value;

/// Makes the new object from the live one; `None` stands for a missing live object.
pub(crate) type Make<'a> = dyn FnMut(Option<&Value>, &mut Writer) -> Result<Value, Refusal> + 'a;

/// How an update makes the new object from the live one.
pub(crate) struct Change<'a> {
    /// Makes the new object.
    pub make: &'a mut Make<'a>,
    /// A missing object is created (server-side apply).
    pub creates: bool,
    /// The uid the new object must share with the live one, checked before anything else.
    pub uid: Option<String>,
}

/// What a write left behind.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The object, as stored or as it would have been.
    pub stored: Stored,
    /// Whether it is new.
    pub created: bool,
}

/// Puts the namespace of the request into the object.
///
/// # Errors
/// 400 when the object names another one.
pub(crate) fn take_namespace(object: &mut Value, namespace: &str) -> Result<(), Refusal> {
    let own = meta(object, "namespace");
    if own == namespace {
        return Ok(());
    }
    if own.is_empty() || namespace.is_empty() {
        let value = (!namespace.is_empty()).then(|| namespace.into());
        object::set_meta(object, "namespace", value);
        return Ok(());
    }
    Err(Refusal::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// Drops what only the server may say about a new object.
fn wipe(object: &mut Value) {
    for field in ["creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        object::set_meta(object, field, None);
    }
}

const TRIES: usize = 8;

impl State {
    /// Creates an object that has been decoded for its kind.
    ///
    /// # Errors
    /// Whatever a real server refuses: namespace, name, rules of the kind, a name that is taken.
    pub(crate) fn create(
        &mut self,
        place: &Place,
        mut object: Value,
        w: &mut Writer,
    ) -> Result<Stored, Refusal> {
        wipe(&mut object);
        take_namespace(&mut object, &place.namespace)?;
        admit::namespace(self, place, &object)?;
        prepare::dedup_owners(&mut object, w);
        apply::record_manager(place, None, &mut object, w);
        admit::mutate(self, place, &mut object, None)?;
        if meta(&object, "name").is_empty() && !meta(&object, "generateName").is_empty() {
            let base = prepare::name_base(meta(&object, "generateName"));
            for attempt in 1..=TRIES {
                let name = format!("{base}{}", self.chance.suffix());
                let mut named = object.clone();
                object::set_meta(&mut named, "name", Some(name.into()));
                match self.finish_create(place, named, w) {
                    Err(refusal) if refusal.reason == "AlreadyExists" && attempt < TRIES => {}
                    done => return done,
                }
            }
        }
        self.finish_create(place, object, w)
    }

    fn finish_create(&mut self, place: &Place, mut object: Value, w: &mut Writer) -> Result<Stored, Refusal> {
        let served = &place.served;
        let kind = &served.kind;
        object::set_meta(&mut object, "creationTimestamp", Some(self.now().into()));
        object::set_meta(&mut object, "uid", Some(self.chance.uid().into()));
        admit::allocate(self, served, &mut object, None)?;
        prepare::create(served, &mut object);
        let errors = admit::check_create(served, &object);
        if !errors.is_empty() {
            return Err(Refusal::invalid(&kind.group, &kind.kind, meta(&object, "name"), &errors));
        }
        if !meta(&object, "resourceVersion").is_empty() {
            return Err(Refusal::new(500, "", "resourceVersion should not be set on objects to be created"));
        }
        let name = meta(&object, "name").to_owned();
        if let Some(live) = self.stored(served, &place.namespace, &name) {
            let deleting = live.head.deleting;
            let mut taken = if meta(&object, "generateName").is_empty() {
                Refusal::already_exists(&kind.group, &kind.plural, &name)
            } else {
                Refusal::no_free_name(&kind.group, &kind.plural, &name)
            };
            if deleting {
                taken.message = format!("object is being deleted: {}", taken.message);
            }
            return Err(taken);
        }
        if w.dry_run {
            return Ok(kept::write(served, 0, &object));
        }
        let stored = self.put(served, object, None);
        self.after(served, &stored);
        Ok(stored)
    }

    /// Updates the object at `place`, or one of its subresources.
    ///
    /// # Errors
    /// Whatever a real server refuses: a missing object, an old revision, rules of the kind.
    pub(crate) fn update(
        &mut self,
        place: &Place,
        change: Change<'_>,
        w: &mut Writer,
    ) -> Result<Written, Refusal> {
        let served = &place.served;
        let Some(stored) = self.stored(served, &place.namespace, &place.name).cloned() else {
            let may = place.sub.is_empty() && (change.creates || served.manners.create_on_update);
            return if may { self.create_by_update(place, change, w) } else { Err(place.missing()) };
        };
        let live = kept::current(served, &stored);
        if let Some(uid) = change.uid.filter(|u| !u.is_empty() && *u != stored.head.uid) {
            return Err(place.conflict(&prepare::uid_mismatch(place, &uid, &stored.head.uid)));
        }
        let mut object = (change.make)(Some(&live), w)?;
        prepare::dedup_owners(&mut object, w);
        admit::mutate(self, place, &mut object, Some(&live))?;
        let bad = |text: String| {
            Refusal::bad_request(format!("resourceVersion: Invalid value: \"{text}\": must be a number"))
        };
        match object::revision(&object).map_err(bad)? {
            0 if served.manners.unconditional_update => {}
            0 => return Err(prepare::revision_needed(place)),
            asked if asked == stored.head.revision => {}
            _ => return Err(place.modified()),
        }
        object::set_meta(&mut object, "resourceVersion", Some(stored.head.revision.to_string().into()));
        if place.sub.is_empty() {
            admit::allocate(self, served, &mut object, Some(&live))?;
        }
        take_namespace(&mut object, &place.namespace)?;
        prepare::update(served, &place.sub, &mut object, &live);
        let errors = admit::check_update(place, &object, &live);
        if !errors.is_empty() {
            let kind = &served.kind;
            return Err(Refusal::invalid(&kind.group, &kind.kind, meta(&object, "name"), &errors));
        }
        apply::ignore_manager_times(&mut object, &live);
        if prepare::is_last_finalizer_gone(served, &object, &live) {
            if !w.dry_run {
                self.remove(served, stored, live);
                self.after_removal(served, &object);
            }
            let revision = object::revision(&object).unwrap_or(0);
            return Ok(Written { stored: kept::write(served, revision, &object), created: false });
        }
        if object == live || w.dry_run {
            let revision = stored.head.revision;
            return Ok(Written { stored: kept::write(served, revision, &object), created: false });
        }
        let stored = self.put(served, object, Some((stored, live)));
        self.after(served, &stored);
        Ok(Written { stored, created: false })
    }

    fn create_by_update(
        &mut self,
        place: &Place,
        change: Change<'_>,
        w: &mut Writer,
    ) -> Result<Written, Refusal> {
        let mut object = (change.make)(None, w)?;
        let uid = change.uid.unwrap_or_default();
        if !uid.is_empty() {
            return Err(place.conflict(&prepare::uid_mismatch(place, &uid, "")));
        }
        if !meta(&object, "uid").is_empty() {
            let uid = meta(&object, "uid");
            return Err(place.conflict(&format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            )));
        }
        take_namespace(&mut object, &place.namespace)?;
        admit::namespace(self, place, &object)?;
        prepare::dedup_owners(&mut object, w);
        admit::mutate(self, place, &mut object, None)?;
        let stored = self.finish_create(place, object, w)?;
        Ok(Written { stored, created: true })
    }
}
