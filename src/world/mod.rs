//! Touching: Git, the cluster, metric providers; the only floor that talks to the outside.
//! Nothing here decides what should be done.

pub mod git;
