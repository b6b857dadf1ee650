//! What Git says: from files to objects, each with the place it stands at.
//! Nothing here reads a file or asks a cluster.
//!
//! - [`split`]: the files of a commit become manifests, or mistakes with their lines
//! - [`check`]: what is wrong with a manifest as far as it shows without a cluster
//! - [`name`], [`texts`]: names, and values that have to be texts
//! - [`object`]: one manifest, and all of them, each object once
//! - [`references`]: the ConfigMaps and Secrets that pods of a template use
//! - [`problem`]: a mistake: what, where, and what to do

pub(crate) mod check;
pub(crate) mod name;
pub(crate) mod object;
pub(crate) mod problem;
pub(crate) mod references;
pub(crate) mod split;
pub(crate) mod texts;

pub(crate) use object::{Manifest, Manifests};
pub(crate) use problem::Problem;
pub(crate) use split::ManifestFile;
