//! Decides which addresses and ports a Service may have, given those that the other Services have.
//! It never stores the Service.

use super::assign;
use crate::kept;
use crate::object::meta;
use crate::refuse::Refusal;
use crate::served::Served;
use crate::state::State;
use serde_json::Value;

/// Gives a Service its addresses and ports.
///
/// # Errors
/// 422 for an address or port that is taken or outside the range.
pub(crate) fn allocate(
    state: &mut State,
    served: &Served,
    object: &mut Value,
    live: Option<&Value>,
) -> Result<(), Refusal> {
    if !served.is("", "Service") {
        return Ok(());
    }
    let mut taken = assign::Taken::default();
    let own = (meta(object, "namespace").to_owned(), meta(object, "name").to_owned());
    let others = state.look(served).into_iter().flat_map(|s| s.range("", None));
    for (_, stored) in others.filter(|(_, s)| (&s.head.namespace, &s.head.name) != (&own.0, &own.1)) {
        taken.add(&kept::read(served, stored));
    }
    assign::allocate(object, live, &taken, &mut state.chance)
}
