//! Decides what people are shown before anything is applied: the head, its manifests and the plan.
//! It never changes anything.

use crate::engine::context::Context;
use crate::engine::delivery::error::{DeliverError, Hold};
use crate::engine::delivery::recover::recover;
use crate::engine::delivery::source::{self, Source};
use crate::engine::delivery::state::State;
use crate::engine::delivery::trial;
use crate::logic::delivery::ledger::Ledger;
use crate::logic::manifest::{Manifest, Manifests};
use crate::logic::plan::Plan;
use crate::world::git::Commit;

/// Plans the head of a repository without changing anything, for people.
///
/// # Errors
/// Git or the cluster is away, or the head cannot be applied.
pub(crate) async fn preview(
    context: &Context,
    source: &Source,
) -> Result<(Commit, Manifests, Plan), DeliverError> {
    let head = source.git.fetch().await?;
    let mut state = State::new(source);
    let inventory = state.inventory.load(&context.cluster).await?;
    let manifests = source::read(context, source, &head.id).await?;
    if manifests.objects.is_empty() {
        let applied = inventory.objects.len();
        return Err(Hold::NothingThere { path: source.path.clone(), applied }.into());
    }
    let ledger = Ledger::of(inventory, state.inventory.attempt());
    let ledger = match state.inventory.is_missing() {
        true => recover(context, source, ledger, &manifests).await?,
        false => ledger,
    };
    let common = trial::context_of(source, &head, &manifests, &ledger);
    let chosen: Vec<&Manifest> = manifests.objects.values().collect();
    let plan = trial::plan(context, &manifests, &chosen, &ledger.inventory, &common).await?;
    Ok((head, manifests, plan))
}
