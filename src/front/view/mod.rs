//! What people see of Rollouts: one picture of the facts, drawn as a tree, a table or data.
//! Nothing here changes a cluster.

pub mod draw;
pub mod follow;
pub mod picture;
pub mod runs;
pub mod table;

#[cfg(test)]
mod tests;
