//! What Git says: from files to objects, each with the place it stands at.
//! Nothing here reads a file or asks a cluster.
//!
//! - [`split`]: the files of a commit become manifests, or mistakes with their lines
//! - [`check`]: what is wrong with a manifest as far as it shows without a cluster
//! - [`object`]: one manifest, and all of them, each object once
//! - [`references`]: what pods of a template use, and what a Rollout names
//! - [`problem`]: a mistake: what, where, and what to do

pub(crate) mod check;
pub(crate) mod object;
pub(crate) mod problem;
pub(crate) mod references;
pub(crate) mod split;

pub(crate) use object::{Manifest, Manifests};
pub(crate) use problem::Problem;
pub(crate) use split::ManifestFile;
