//! Touching: Git, the cluster, metric providers; the only floor that talks to the outside.
//! Nothing here decides what should be done.
//!
//! - [`cluster`]: one Kubernetes cluster: how it is reached, written, read and followed
//! - [`git`]: one branch of one repository: fetch, read, revert, commit, push
//! - [`forge`]: hosts of repositories, as far as they differ
//! - [`probe`]: questions to metric providers
//! - [`notice`]: where notices go besides the terminal
//! - [`http`]: the one HTTP client that all of these use; the cluster has kube's
//! - [`tls`]: which cryptography TLS uses
//! - [`random`]: numbers that nobody can guess
//! - [`cause`]: a foreign error kept beneath one of ours

pub(crate) mod cause;
pub(crate) mod cluster;
pub(crate) mod forge;
pub mod git;
pub(crate) mod http;
pub(crate) mod notice;
pub mod probe;
pub(crate) mod random;
pub(crate) mod tls;
