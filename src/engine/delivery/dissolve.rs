//! Decides in which order all that a delivery has applied is deleted when the delivery itself is, and says what of it stays.
//! What may not be lost is `logic::plan`'s to say; Git is never asked.

use crate::api::key::Key;
use crate::engine::context::Context;
use crate::engine::delivery::error::SyncError;
use crate::engine::delivery::inventory::InventoryStore;
use crate::engine::delivery::live::{self, AT_ONCE};
use crate::engine::delivery::{leftovers, recover, trial};
use crate::logic::delivery::ledger::Ledger;
use crate::logic::manifest::Manifests;
use crate::logic::plan::{Action, Change, PlanContext, change};
use crate::world::cluster::{ClusterError, Mode};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// What has become of what a delivery had applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dissolved {
    /// Objects that were deleted.
    pub(crate) deleted: usize,
    /// Objects that stay, each with why.
    pub(crate) stay: Vec<String>,
}

/// Deletes what the inventory `name` in the namespace `home` holds, as if all of it had left Git at once and that was meant,
/// and then the inventory itself. Nobody else works on it.
///
/// # Guarantees
/// What pruning lets go stays: see `logic::plan::prune`. Without the rights for all of it nothing is deleted. Whenever it
/// ends early it can be begun again.
///
/// # Errors
/// The cluster refuses or is away.
pub(crate) async fn dissolve(context: &Context, name: &str, home: &str) -> Result<Dissolved, SyncError> {
    let mut store = InventoryStore::named(name, home);
    let applied = store.load(&context.cluster).await?;
    let mut inventory = (*Ledger::of(applied, store.attempt()).inventory).clone();
    if store.is_missing() {
        recover::take_in(&mut inventory, recover::marked(context, name, &Manifests::default()).await?);
    }
    let left: Vec<(&Key, &String)> = inventory.objects.iter().collect();
    let served = leftovers::versions(context, &left).await?;
    let reached = served.iter().filter_map(|(key, version)| Some((key.clone(), version.clone()?)));
    let live = live::read(context, &reached.collect::<BTreeMap<_, _>>()).await?;
    let common = PlanContext {
        source: name.to_owned(),
        former: inventory.former.clone(),
        adopted: inventory.adopted.clone(),
        seal: inventory.seal.clone(),
        may_prune: usize::MAX,
        ..PlanContext::default()
    };
    let none = BTreeSet::new();
    let gone = leftovers::changes(context, &left, &served, &live, &inventory, &none, &common).await?;
    trial::try_to_part(context, &gone).await?;
    let mut dissolved = Dissolved::default();
    for change in &gone {
        match &change.action {
            Action::LetGo(why) => dissolved.stay.push(format!("{}: {why}", change.key)),
            Action::PruneWaits(why) => dissolved.stay.push(format!("{}: {why}", change.key)),
            Action::OutOfReach => {
                dissolved.stay.push(format!("{}: the cluster does not serve its kind any more", change.key));
            }
            _ => dissolved.deleted += 1,
        }
    }
    part(context, &gone).await?;
    store.delete(&context.cluster).await?;
    Ok(dissolved)
}

/// Makes the writes of `gone`, in order as far as they begin.
async fn part(context: &Context, gone: &[Change]) -> Result<(), ClusterError> {
    let writes = gone.iter().filter_map(change::write_of);
    let all: Vec<BoxFuture<'_, _>> = writes
        .map(|write| async move { context.cluster.perform(&write, Mode::Plain).await }.boxed())
        .collect();
    let answers: Vec<_> = futures::stream::iter(all).buffered(AT_ONCE).collect().await;
    for answer in answers {
        match answer {
            Err(error) if error.is_missing() => {} // it is gone, which is as well
            other => drop(other?),
        }
    }
    Ok(())
}
