//! Decides which handler answers a request about objects.
//! It never waits: everything here happens while the state is locked.

use super::place::Place;
use super::read::Selection;
use super::refuse::Refusal;
use super::reply::Reply;
use super::request::{Call, Writer};
use super::route::{Ask, Target};
use super::shape;
use super::state::State;
use super::subresource;
use super::verbs;
use super::watch::Plan;
use tokio::sync::watch::Receiver;

/// An answer: a whole one, or a watch.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Everything is known now.
    Whole(Reply),
    /// More is told as it happens, whenever the receiver hears of a change.
    Watch(Box<Plan>, Receiver<u64>),
}

/// Answers a request about objects.
///
/// # Errors
/// Whatever a real server refuses.
pub(crate) fn objects(state: &mut State, target: &Target, call: &Call) -> Result<Answer, Refusal> {
    if !target.sub.is_empty() {
        return subresource::answer(state, target, call).map(Answer::Whole);
    }
    let look = verbs::look(state, call)?;
    let place = Place::of(target);
    let whole = match target.ask {
        Ask::Get => verbs::get(state, &place, call, look)?,
        Ask::List => {
            let selection = Selection::new(target, call)?;
            let page = state.list(&selection, &call.query)?;
            Reply::bytes(200, shape::list(&target.served, &page, look))
        }
        Ask::Watch => {
            let selection = Selection::new(target, call)?;
            let plan = Box::new(state.watch(selection, call, look)?);
            return Ok(Answer::Watch(plan, state.shelf(&target.served).listen()));
        }
        Ask::Create => verbs::create(state, &place, call, look)?,
        Ask::Update => {
            let mut w = Writer::new(call, "UpdateOptions", state.clock.now())?;
            let written = verbs::put(state, &place, call, &mut w)?;
            verbs::shown(&place, &written.0, look, if written.1 { 201 } else { 200 }, w)
        }
        Ask::Patch => {
            let (stored, created, w) = verbs::patch_object(state, &place, call)?;
            verbs::shown(&place, &stored, look, if created { 201 } else { 200 }, w)
        }
        Ask::Delete => verbs::remove(state, &place, call, look)?,
        Ask::DeleteCollection => verbs::remove_all(state, target, call, look)?,
    };
    Ok(Answer::Whole(whole))
}
