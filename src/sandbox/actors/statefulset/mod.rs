//! StatefulSets: numbered pods that come in order, go in reverse order, and keep their claims.
//! Nothing here deletes a claim.
//!
//! - [`sync`](mod@sync): which pod comes or goes next
//! - [`pods`]: what the pod of a number looks like

mod pods;
mod sync;

pub(super) use sync::sync;
