//! Decides in which API version an object that Git no longer says is reached now, and reads what has to be known before
//! it goes. It never decides what becomes of it; `logic::plan` does.

use crate::api::inventory::Inventory;
use crate::api::key::{Key, target_of};
use crate::api::names;
use crate::engine::context::Context;
use crate::logic::plan::{Action, Change, PlanContext, change, order, waits};
use crate::world::cluster::ClusterError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The API version in which each of `leftovers` (with that in which it was written) is served; none when in none.
///
/// # Errors
/// The cluster refuses or is away.
pub(crate) async fn versions(
    context: &Context,
    leftovers: &[(&Key, &String)],
) -> Result<BTreeMap<Key, Option<String>>, ClusterError> {
    let mut known: BTreeMap<(&str, &str), Option<String>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (key, written) in leftovers {
        let kind = (written.as_str(), key.kind.as_str());
        let served = match known.get(&kind) {
            Some(served) => served.clone(),
            None => context.cluster.served_version(written, &key.kind).await?,
        };
        known.insert(kind, served.clone());
        found.insert((*key).clone(), served);
    }
    Ok(found)
}

/// What becomes of each of `left` (with the API version in which it was written), as it is `served` and `live`, in the
/// order in which they go; `plain` are the names by which Git has what is applied under a name with its hash.
///
/// # Errors
/// The cluster refuses or is away.
pub(crate) async fn changes(
    context: &Context,
    left: &[(&Key, &String)],
    served: &BTreeMap<Key, Option<String>>,
    live: &BTreeMap<Key, Value>,
    inventory: &Inventory,
    plain: &BTreeSet<Key>,
    common: &PlanContext,
) -> Result<Vec<Change>, ClusterError> {
    let applied = |key: &Key| inventory.base.get(key).map(|value| &**value);
    let mut gone: Vec<Change> = left
        .iter()
        .filter_map(|(key, written)| match served.get(*key).and_then(Option::as_ref) {
            Some(version) => change::of_leftover(key, version, live.get(*key), applied(key), common)
                .or_else(|| change::of_lost_version(key, version, live.get(*key), applied(key))),
            None => Some(change::out_of_reach(key, written)),
        })
        .collect();
    gone.sort_by_key(|c| (std::cmp::Reverse(order::rank(&c.key.kind)), c.key.clone()));
    for number in 0..gone.len() {
        let is_empty = match gone.get(number).and_then(waits::definition_of) {
            Some((version, kind)) => is_empty(context, &version, &kind, &gone).await?,
            None => false,
        };
        if let Some(change) = gone.get_mut(number).filter(|_| is_empty) {
            change.action = Action::Prune;
        }
    }
    let versions = waits::versions(&gone, plain, applied);
    waits::guard(&mut gone, &versions, inventory.objects.len(), common.may_prune);
    for namespace in waits::asks_for_sets(&gone) {
        let sets = all_in(context, "apps/v1", "ReplicaSet", &namespace).await?;
        let rollouts = all_in(context, names::ARGO, "Rollout", &namespace).await?;
        waits::keep_needed(&mut gone, &versions, &sets, &rollouts);
    }
    gone.retain(|change| change.before.is_some() || change.action != Action::Prune); // nobody needs what is gone
    Ok(gone)
}

/// Whether no object of a kind is left once what is pruned of `gone` is.
async fn is_empty(
    context: &Context,
    version: &str,
    kind: &str,
    gone: &[Change],
) -> Result<bool, ClusterError> {
    let served = match context.cluster.kind(version, kind).await {
        Err(ClusterError::NoKind(_)) => return Ok(true),
        other => other?,
    };
    let all = match context.cluster.list(&served, None, "").await {
        Err(error) if error.is_missing() => return Ok(true),
        other => other?,
    };
    let goes = |key: &Key| gone.iter().any(|c| c.key == *key && c.action == Action::Prune);
    Ok(all.iter().all(|object| goes(&Key::of(&target_of(object)))))
}

/// The objects of a kind in a namespace; none when there is no such kind.
async fn all_in(
    context: &Context,
    api_version: &str,
    kind: &str,
    namespace: &str,
) -> Result<Vec<Value>, ClusterError> {
    let kind = match context.cluster.kind(api_version, kind).await {
        Err(ClusterError::NoKind(_)) => return Ok(Vec::new()),
        other => other?,
    };
    match context.cluster.list(&kind, Some(namespace), "").await {
        Err(error) if error.is_missing() => Ok(Vec::new()),
        other => other,
    }
}
