//! Decides which node a pod goes to: there is one.
//! It never looks at resources, affinity, taints or node selectors.

use crate::actors::NODE;
use crate::actors::object::deleting;
use crate::actors::task::Key;
use crate::actors::template::title;
use crate::actors::turn::Turn;
use crate::base::json::{list, text};

/// Assigns a pod to the node, unless it waits for scheduling gates or another scheduler.
pub(in crate::actors) fn schedule(turn: &mut Turn<'_>, key: &Key) {
    let Some(pod) = turn.read(key) else { return };
    let scheduler = text(&pod, "/spec/schedulerName");
    let ours = scheduler.is_empty() || scheduler == "default-scheduler";
    let waits = deleting(&pod) || !list(&pod, "/spec/schedulingGates").is_empty();
    if ours && !waits && text(&pod, "/spec/nodeName").is_empty() {
        turn.bind(&pod, NODE);
        turn.normal(&pod, "Scheduled", format!("Successfully assigned {} to {NODE}", title(&pod)));
    }
}
