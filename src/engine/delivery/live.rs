//! Decides how objects are read as they are in the cluster: many of a kind by one list, few one by one.
//! It never judges what it reads.

use crate::api::key::{Key, target_of};
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::world::cluster::ClusterError;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Requests under way at once.
pub(crate) const AT_ONCE: usize = 32;
/// From this many objects of one kind and namespace on they are listed instead of read one by one.
const WORTH_A_LIST: usize = 8;

/// Reads the objects of `keys` (with the API version each was written in) as they are in the cluster. Objects and kinds
/// that are not there are left out.
///
/// # Errors
/// The cluster refuses or is away.
pub(crate) async fn read(
    context: &Context,
    keys: &BTreeMap<Key, String>,
) -> Result<BTreeMap<Key, Value>, ClusterError> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Key>> = BTreeMap::new();
    for (key, api_version) in keys {
        groups.entry((api_version, &key.kind, &key.namespace)).or_default().push(key);
    }
    let mut found = BTreeMap::new();
    for ((api_version, kind, namespace), wanted) in groups {
        let served = match context.cluster.kind(api_version, kind).await {
            Err(ClusterError::NoKind(_)) => continue, // its definition comes with this commit
            other => other?,
        };
        if wanted.len() >= WORTH_A_LIST {
            let names: BTreeSet<&str> = wanted.iter().map(|k| k.name.as_str()).collect();
            let namespace = Some(namespace).filter(|n| !n.is_empty());
            let listed = match context.cluster.list(&served, namespace, "").await {
                Err(error) if error.is_missing() => continue, // as above, of a kind that the table has
                other => other?,
            };
            for object in listed {
                let target = target_of(&object);
                if names.contains(target.name.as_str()) {
                    found.insert(Key::of(&target), object);
                }
            }
            continue;
        }
        let reads: Vec<BoxFuture<'_, _>> = wanted
            .into_iter()
            .map(|key| {
                let target = Target::new(api_version, kind, &key.namespace, &key.name);
                async move { context.cluster.get(&target).await.map(|o| (key.clone(), o)) }.boxed()
            })
            .collect();
        let answers: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).collect().await;
        for answer in answers {
            let (key, object) = answer?;
            found.extend(object.map(|o| (key, o)));
        }
    }
    Ok(found)
}
