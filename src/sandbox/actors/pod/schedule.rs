//! Decides which node a pod goes to: there is one.
//! It never looks at resources, affinity, taints or node selectors.

use crate::sandbox::actors::NODE;
use crate::sandbox::actors::object::{deleting, list, text};
use crate::sandbox::actors::task::Key;
use crate::sandbox::actors::template::title;
use crate::sandbox::actors::turn::Turn;

/// Assigns a pod to the node, unless it waits for scheduling gates or another scheduler.
pub(in crate::sandbox::actors) fn schedule(turn: &mut Turn<'_>, key: &Key) {
    let Some(pod) = turn.read(key) else { return };
    let scheduler = text(&pod, "/spec/schedulerName");
    let ours = scheduler.is_empty() || scheduler == "default-scheduler";
    let waits = deleting(&pod) || !list(&pod, "/spec/schedulingGates").is_empty();
    if ours && !waits && text(&pod, "/spec/nodeName").is_empty() {
        turn.bind(&pod, NODE);
        turn.normal(&pod, "Scheduled", format!("Successfully assigned {} to {NODE}", title(&pod)));
    }
}
