//! Decides how code of this process reads and writes objects without a request: the same rules, at once.
//! It never goes around a rule, and no fault hook is asked.

use super::apply;
use super::decode;
use super::door::Sandbox;
use super::fit;
use super::kept;
use super::object::meta;
use super::patch;
use super::place::Place;
use super::refuse::Refusal;
use super::request::Writer;
use super::served::Served;
use super::state::State;
use super::write::Change;
use crate::base::json;
use serde_json::Value;
use std::sync::Arc;

fn served(state: &State, api_version: &str, kind: &str) -> Result<Arc<Served>, Refusal> {
    state.kinds.named(api_version, kind).ok_or_else(|| {
        Refusal::new(404, "NotFound", format!("no matches for kind \"{kind}\" in version \"{api_version}\""))
    })
}

/// The place of `object`: its own kind, namespace and name.
fn place_of(state: &State, object: &Value, sub: &str) -> Result<Place, Refusal> {
    let (version, kind) = (json::text(object, "/apiVersion"), json::text(object, "/kind"));
    let served = served(state, version, kind)?;
    let namespace = if served.kind.namespaced { meta(object, "namespace").to_owned() } else { String::new() };
    Ok(Place { served, namespace, name: meta(object, "name").to_owned(), sub: sub.to_owned() })
}

impl State {
    /// Creates `object`, written by `agent`.
    ///
    /// # Errors
    /// As for a POST of the object.
    pub(crate) fn create_inside(&mut self, agent: &str, mut object: Value) -> Result<Value, Refusal> {
        let place = place_of(self, &object, "")?;
        let mut w = Writer::inside(agent, self.clock.now());
        decode::kind(&self.kinds, &place.served, &mut object)?;
        let object = fit::body(&place.served, object, None, &mut w)?;
        let stored = self.create(&Place { name: String::new(), ..place.clone() }, object, &mut w)?;
        Ok(kept::value(&place.served, &stored))
    }

    /// Replaces `object`, or with `sub` one of its subresources, written by `agent`. An object without a
    /// `resourceVersion` is taken where a PUT of it would be.
    ///
    /// # Errors
    /// As for a PUT of the object.
    pub(crate) fn update_inside(
        &mut self,
        agent: &str,
        mut object: Value,
        sub: &str,
    ) -> Result<Value, Refusal> {
        let place = place_of(self, &object, sub)?;
        let mut w = Writer::inside(agent, self.clock.now());
        decode::kind(&self.kinds, &place.served, &mut object)?;
        let object = fit::body(&place.served, object, None, &mut w)?;
        patch::same_name(&place, &object)?;
        let uid = Some(meta(&object, "uid").to_owned());
        let mut make = |live: Option<&Value>, w: &mut Writer| {
            let mut object = object.clone();
            apply::record_manager(&place, live, &mut object, w);
            Ok(object)
        };
        let written = self.update(&place, Change { make: &mut make, creates: false, uid }, &mut w)?;
        Ok(kept::value(&place.served, &written.stored))
    }

    /// One object.
    #[must_use]
    pub(crate) fn get_inside(
        &self,
        (api_version, kind): (&str, &str),
        namespace: &str,
        name: &str,
    ) -> Option<Value> {
        let served = self.kinds.named(api_version, kind)?;
        self.stored(&served, namespace, name).map(|stored| kept::value(&served, stored))
    }
}

impl Sandbox {
    /// Creates `object` (with `apiVersion`, `kind`, namespace), written by `agent`.
    ///
    /// # Errors
    /// As for a POST of the object.
    pub fn create(&self, agent: &str, object: Value) -> Result<Value, Refusal> {
        self.shared().locked(|state| state.create_inside(agent, object))
    }

    /// Replaces `object`, written by `agent`.
    ///
    /// # Errors
    /// As for a PUT of the object.
    pub fn update(&self, agent: &str, object: Value) -> Result<Value, Refusal> {
        self.shared().locked(|state| state.update_inside(agent, object, ""))
    }

    /// Replaces the status of `object`, written by `agent`.
    ///
    /// # Errors
    /// As for a PUT of the object's status.
    pub fn update_status(&self, agent: &str, object: Value) -> Result<Value, Refusal> {
        self.shared().locked(|state| state.update_inside(agent, object, "status"))
    }

    /// One object; `kind` is `apiVersion` and `kind`.
    #[must_use]
    pub fn get(&self, kind: (&str, &str), namespace: &str, name: &str) -> Option<Value> {
        self.shared().locked(|state| state.get_inside(kind, namespace, name))
    }
}
