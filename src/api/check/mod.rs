//! What Kubernetes refuses of what is written, in its words: the rules that its server and Argo Rollouts both hold.
//! Nothing here reads a cluster or repairs an object.
//!
//! - [`field`]: how one wrong field is told
//! - [`texts`]: whether a text may be a name, a label, a key
//! - [`at`]: how a check walks an object
//! - [`labels`]: labels, annotations, selectors
//! - [`pod`]: the template of a pod, part by part
pub mod at;
pub mod field;
pub mod labels;
pub mod pod;
pub mod texts;
