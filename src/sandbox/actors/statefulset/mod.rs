//! StatefulSets: numbered pods that come in order, go in reverse order, and keep their claims.
//! Nothing here deletes a claim.

mod pods;
mod sync;

pub(super) use sync::sync;
