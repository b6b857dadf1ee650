//! Decides the hash that Argo Rollouts gives a pod template, which names its ReplicaSet and labels its pods.
//! It never applies defaults; two templates that differ only in defaults have two hashes.
//!
//! The hash is FNV-1a over the bytes that Go's `json.Marshal` gives for `corev1.PodTemplateSpec`: the fields of Go's
//! types in Go's order, unknown fields dropped, empty ones left out as each type says, quantities canonical,
//! `resources:{}` in every container. The tables follow k8s.io/api v0.35; v0.34 lacks only `spec.workloadRef` and
//! `userAnnotations` of projected pod certificates.
//!
//! - [`forms`](mod@forms): the door: the hash, and the forms that it stands on
//! - [`pod`], [`containers`], [`volumes`]: the tables of fields, in Go's order
//! - [`shape`]: what kinds of fields there are, and when Go leaves one out
//! - [`encode`](mod@encode): a template written through these tables, or [`Unfit`]
//! - [`held`](mod@held): what is held of a template that does not fit
//! - [`unknown`](mod@unknown): the field that Go's types do not know
//! - [`same`]: when two templates mean the same

mod containers;
mod encode;
mod forms;
mod held;
mod pod;
pub mod same;
mod shape;
mod unknown;
mod volumes;

pub use encode::Unfit;
pub(crate) use forms::comparable_form;
pub use forms::{canonical_json, hash, stored_form};
pub use held::held;
pub use unknown::unknown_field;
