//! What Git says: from files to objects, each with the place it stands at.
//! Nothing here reads a file or asks a cluster.
//!
//! - [`pick`], [`ignore`]: which files are read as manifests; what ignore files leave out
//! - [`split`]: the files of a commit become manifests, or mistakes with their lines
//! - [`check`], [`schema`]: what is wrong with a manifest as far as it shows without a cluster; by a definition of Git
//! - [`name`], [`texts`]: names, and values that have to be texts
//! - [`object`], [`field`]: one manifest, and all of them, each object once; paths of fields
//! - [`kept`]: what is kept of files, so that only those that differ are read again
//! - [`served`]: how the kinds of manifests are served
//! - [`skipped`]: what was passed over because it is no manifest
//! - [`references`]: what pods of a template use, and what a Rollout names
//! - [`versioned`], [`by_name`]: configuration under a name with its hash; who else uses it by its own name
//! - [`problem`]: a mistake: what, where, and what to do

mod by_name;
pub(crate) mod check;
pub(crate) mod field;
pub(crate) mod ignore;
pub(crate) mod kept;
pub(crate) mod name;
pub(crate) mod object;
pub(crate) mod pick;
pub(crate) mod problem;
pub(crate) mod references;
pub(crate) mod schema;
pub(crate) mod served;
pub(crate) mod skipped;
pub(crate) mod split;
#[cfg(test)]
mod tests;
pub(crate) mod texts;
pub(crate) mod versioned;

pub(crate) use object::{Manifest, Manifests};
pub(crate) use pick::ManifestFile;
pub(crate) use problem::Problem;
