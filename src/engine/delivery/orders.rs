//! Decides how deliveries are begun, changed and ended while they work, and how each reconcile is accounted for.
//! It never decides which deliveries there are.

use crate::api::commit::short;
use crate::api::delivery::{DeliveryReason, HeldRollout, InventoryDigest, OwedRevert, RolloutRef};
use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::base::digest;
use crate::engine::delivery::contract::DeliveryReport;
use crate::engine::delivery::error::DeliverError;
use crate::engine::delivery::source::Source;
use crate::engine::delivery::state::State;
use crate::logic::delivery::account::{Account, DeliveryStanding, Known};
use crate::logic::delivery::order::Gate;
use crate::world::cluster::Cluster;
use crate::world::git::Git;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What is to be done with the delivery of a number.
pub(crate) enum Order {
    /// It is this from now on; it begins if it was not there.
    Set(usize, Box<Setting>),
    /// Its repository is reached in another way.
    Reach(usize, Arc<dyn Git>),
    /// Its new commits wait for this from now on.
    Gate(usize, Gate),
    /// Its repository has moved.
    Moved(usize),
    /// It ends, and leaves everything as it is.
    End(usize),
}

/// What a delivery is.
pub(crate) struct Setting {
    /// What is brought from where.
    pub(crate) source: Source,
    /// The cluster, in the name of whom objects are read and written.
    pub(crate) cluster: Cluster,
    /// How often the repository is asked; never when something else tells.
    pub(crate) interval: Option<Duration>,
    /// What its new commits wait for.
    pub(crate) gate: Gate,
    /// Tells accounts of this from those of what it was before.
    pub(crate) edition: u64,
}

/// What is told of a delivery.
pub(crate) enum Told {
    /// What a reconcile has come to.
    Came {
        /// The number of the delivery.
        number: usize,
        /// Its edition.
        edition: u64,
        /// What there is to say of it.
        account: Box<Account>,
    },
    /// The delivery of this number has ended, as it was ordered to.
    Ended(usize),
}

/// The end from which deliveries are begun, changed and ended.
pub(crate) struct Helm {
    /// What is to be done.
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    /// What has come of it.
    pub(crate) told: mpsc::UnboundedReceiver<Told>,
    /// The first number that is free.
    pub(crate) free: usize,
}

/// What was said of an inventory, with its number and how many objects it held.
pub(crate) type Digested = ((u64, usize), Known);

/// What there is to say of a reconcile; `digested` is what was said of the inventory last, which is said again unless it
/// is another one by now.
pub(crate) fn account(
    source: &Source,
    state: &State,
    report: &DeliveryReport,
    digested: &mut Option<Digested>,
) -> Account {
    if let Some(inventory) = state.inventory.known() {
        let objects = inventory.objects.len();
        let is_new = digested.as_ref().is_none_or(|((number, count), known)| {
            (*number, *count) != (inventory.number, objects) || known.commit != inventory.commit
        });
        if is_new {
            *digested = Some(((inventory.number, objects), known(source, inventory)));
        } else if let Some((_, known)) = digested {
            (known.fenced, known.reverted) = fences(inventory);
        }
    }
    let attempted = match &report.result {
        Ok(commit) => Some(commit.clone()),
        Err(DeliverError::Git(_) | DeliverError::Waits(_)) => None,
        Err(_) => state.head.clone(),
    };
    let held = state.held.iter().map(|(rollout, why)| HeldRollout {
        namespace: rollout.namespace.clone(),
        name: rollout.name.clone(),
        message: why.clone(),
    });
    Account {
        standing: standing(source, state, report),
        head: state.head.clone(),
        attempted,
        known: digested.as_ref().map(|(_, known)| known.clone()),
        owed: owed(source, state),
        held: held.collect(),
    }
}

/// What Git still has to take back.
fn owed(source: &Source, state: &State) -> Option<OwedRevert> {
    if state.owed.is_empty() && state.unpushed.is_none() {
        return None;
    }
    let mut why: Vec<String> = state.owed.values().cloned().collect();
    why.dedup();
    if state.unpushed.is_some() {
        why.push(format!("it could not be pushed to {}", source.branch));
    }
    let reference = |key: &Key| RolloutRef { namespace: key.namespace.clone(), name: key.name.clone() };
    let unpushed = state.unpushed.as_ref();
    let commits = unpushed.map(|u| u.commits.iter().map(|c| short(c).to_owned()).collect());
    Some(OwedRevert {
        commit: unpushed.map(|u| short(&u.revert).to_owned()).unwrap_or_default(),
        reverts: commits.unwrap_or_default(),
        rollouts: state.owed.keys().map(reference).collect(),
        message: why.join("; "),
    })
}

fn standing(source: &Source, state: &State, report: &DeliveryReport) -> DeliveryStanding {
    match &report.result {
        Err(error) => {
            let reason = match error {
                DeliverError::Git(error) => DeliveryReason::from(error.code()),
                DeliverError::Waits(waits) => waits.reason(),
                other => DeliveryReason::from(other.code()),
            };
            let message = error.to_string();
            match error.may_pass() {
                true => DeliveryStanding::Passing { reason, message },
                false => DeliveryStanding::Stuck { reason, message },
            }
        }
        Ok(_) if report.more.is_held => {
            let message = state.held.values().cloned().collect::<Vec<_>>().join("\n");
            DeliveryStanding::Stuck { reason: DeliveryReason::RolloutsHeld, message }
        }
        Ok(commit) if report.more.push_waits => DeliveryStanding::Passing {
            reason: DeliveryReason::RevertPending,
            message: format!(
                "{} is applied, and a revert waits to be pushed to {}; let Switchback push there, or revert by hand",
                short(commit),
                source.branch
            ),
        },
        Ok(commit) if !state.owed.is_empty() => {
            let one = |(rollout, why): (&Key, &String)| format!("a revert is owed for {rollout}: {why}");
            let owed: Vec<String> = state.owed.iter().map(one).collect();
            let message = format!("{} is applied, and {}", short(commit), owed.join("; "));
            DeliveryStanding::Passing { reason: DeliveryReason::RevertPending, message }
        }
        Ok(commit) => {
            DeliveryStanding::Applied { message: format!("applied {} of {}", short(commit), source.branch) }
        }
    }
}

fn fences(inventory: &Inventory) -> (Vec<String>, Vec<String>) {
    let all = |is_wanted: fn(&Option<String>) -> bool| {
        let fences = inventory.fences.iter().filter(|f| is_wanted(&f.revert));
        fences.flat_map(|f| f.commits.iter().cloned()).collect()
    };
    (all(|_| true), all(Option::is_some))
}

fn known(source: &Source, inventory: &Inventory) -> Known {
    let (fenced, reverted) = fences(inventory);
    let names: Vec<String> =
        inventory.objects.iter().map(|(key, version)| format!("{version} {key}")).collect();
    let digest = digest::sha256_hex(names.join("\n").as_bytes());
    let digest = format!("sha256:{}", digest.get(..16).unwrap_or_default());
    let objects = i64::try_from(inventory.objects.len()).unwrap_or(i64::MAX);
    let inventory_digest = InventoryDigest { name: source.name.clone(), objects, digest };
    Known { commit: inventory.commit.clone(), fenced, reverted, inventory: inventory_digest }
}
