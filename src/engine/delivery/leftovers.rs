//! Decides in which API version an object that Git no longer says is reached now: the one it was written in, or another
//! one of its group. It never decides what becomes of the object.

use crate::api::key::Key;
use crate::engine::context::Context;
use crate::world::cluster::ClusterError;
use std::collections::BTreeMap;

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
