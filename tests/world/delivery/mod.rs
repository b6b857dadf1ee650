//! From a real repository to the embedded cluster, through the engine as it runs in production: what is applied,
//! what is left alone, and what bad input of every kind comes to.

mod away;
mod back;
mod bad;
mod drift;
mod fast;
mod fit;
mod inventory;
mod merging;
mod object;
mod once;
mod picked;
mod pruned;
mod rig;
mod scope;
mod sync;
mod versioned;
mod why;
