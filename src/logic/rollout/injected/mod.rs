//! What the ReplicaSet of a revision is given beside the template of its Rollout. Nothing of it is a change of that template.
//!
//! - [`metadata`]: labels and annotations for the role of the revision, on pods that run too
//! - [`anti_affinity`]: the rule that keeps new pods away from the stable ones
//! - [`template`]: what of a template was put into it, and what it says without
pub(crate) mod anti_affinity;
pub(crate) mod metadata;
pub(crate) mod template;
