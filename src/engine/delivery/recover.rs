//! Decides which objects are ours when the inventory is lost: those that carry our marks, of every kind that Git names and
//! of the built-in ones. What was applied of them is lost with it, and it never guesses that.

use crate::api::inventory::Inventory;
use crate::api::key::{Key, target_of};
use crate::api::kinds::{self, Kind};
use crate::api::names;
use crate::api::notice::Notice;
use crate::base::json::{list, text};
use crate::engine::context::Context;
use crate::engine::delivery::live::AT_ONCE;
use crate::engine::delivery::source::Source;
use crate::logic::delivery::ledger::Ledger;
use crate::logic::manifest::Manifests;
use crate::logic::manifest::object::annotation;
use crate::world::cluster::ClusterError;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Kinds that others make of ours, labels included, or that come and go too fast to be delivered.
const OF_OTHERS: [&str; 7] =
    ["Endpoints", "EndpointSlice", "Event", "Lease", "Node", "ControllerRevision", "AnalysisRun"];

/// `ledger` with the objects that are ours in it, which no inventory knows; people are told if there are any.
///
/// # Errors
/// The cluster is away. Kinds that it does not serve or may not be listed have none.
pub(crate) async fn recover(
    context: &Context,
    source: &Source,
    ledger: Ledger,
    manifests: &Manifests,
) -> Result<Ledger, ClusterError> {
    let found = marked(context, &source.name, manifests).await?;
    if found.is_empty() {
        return Ok(ledger);
    }
    let text = format!(
        "the inventory {}/{} is not there; {} objects that carry its label are taken in by that. Fields that left Git since \
         they were applied stay in the cluster: look for them with switchback plan",
        source.namespace,
        source.name,
        found.len()
    );
    context.notify(Notice::Problem { repository: source.git.name(), code: "InventoryLost", text });
    let mut inventory: Inventory = (*ledger.inventory).clone();
    let known = std::mem::take(&mut inventory.objects);
    take_in(&mut inventory, found);
    inventory.objects.extend(known); // what a commit that was cut short has noted
    Ok(Ledger { inventory: Arc::new(inventory), ..ledger })
}

/// What is known of an object by its marks alone.
pub(crate) struct Marked {
    /// The API version it is read in.
    version: String,
    /// Whether others had made it before it was first applied.
    is_adopted: bool,
}

/// Notes in `inventory` what was found by marks.
pub(crate) fn take_in(inventory: &mut Inventory, found: BTreeMap<Key, Marked>) {
    for (key, marked) in found {
        if marked.is_adopted {
            inventory.adopted.insert(key.clone());
        }
        inventory.objects.insert(key, marked.version);
    }
}

/// The objects that carry the marks of the inventory `name`.
///
/// # Errors
/// The cluster is away.
pub(crate) async fn marked(
    context: &Context,
    name: &str,
    manifests: &Manifests,
) -> Result<BTreeMap<Key, Marked>, ClusterError> {
    let built_in = kinds::all().filter(|kind| !OF_OTHERS.contains(&kind.kind.as_str()));
    let in_git = manifests.objects.values().map(|m| m.kind.clone());
    let all: BTreeMap<(String, String), Kind> =
        built_in.chain(in_git).map(|kind| ((kind.group.clone(), kind.kind.clone()), kind)).collect();
    let selector = format!("{}={}", names::DELIVERY, name);
    let lists: Vec<BoxFuture<'_, _>> = all
        .values()
        .map(|kind| {
            let selector = &selector;
            async move { (kind.api_version(), context.cluster.list(kind, None, selector).await) }.boxed()
        })
        .collect();
    let answers: Vec<_> = futures::stream::iter(lists).buffered(AT_ONCE).collect().await;
    let mut found = BTreeMap::new();
    for (version, answer) in answers {
        let objects = match answer {
            Err(ClusterError::Refused { code: 403..=405, .. }) => continue,
            other => other?,
        };
        let ours = objects.iter().filter(|object| is_ours(object, name));
        found.extend(ours.map(|object| {
            let is_adopted = annotation(object, names::ADOPTED).is_some();
            (Key::of(&target_of(object)), Marked { version: version.clone(), is_adopted })
        }));
    }
    Ok(found)
}

/// Whether we have applied the object, and nobody has made it of one that we have applied.
fn is_ours(object: &Value, name: &str) -> bool {
    annotation(object, names::SOURCE) == Some(name)
        && text(object, "/type") != "switchback.dev/inventory"
        && list(object, "/metadata/ownerReferences").is_empty()
}
