//! What Git says: from files to objects, each with the place it stands at.
//! Nothing here reads a file or asks a cluster.

pub mod check;
pub mod object;
pub mod problem;
pub mod references;
pub mod split;

pub use object::{Manifest, Manifests};
pub use problem::Problem;
pub use split::{Source, read};
