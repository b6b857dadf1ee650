//! Decides how a user's word reaches the cluster, once `logic::rollout::act` or `logic::rollout::undo` has said what it
//! amounts to: every write, in its order, or none in a dry run. It never decides what is written.

use crate::engine::setup::{AccessError, Client};
use crate::logic::rollout::act::Said;
use crate::world::cluster::Mode;

/// Makes the writes of `said`, unless it is only a trial (`dry_run`).
///
/// # Errors
/// The cluster refuses or is away; the writes before the refused one were made.
pub(crate) async fn perform(client: &Client, said: &Said, dry_run: bool) -> Result<(), AccessError> {
    let Said::Writes(writes, _) = said else { return Ok(()) };
    for write in writes.iter().filter(|_| !dry_run) {
        client.cluster().perform(write, Mode::Plain).await?;
    }
    Ok(())
}
