//! From a real repository to the embedded cluster, through the engine as it runs in production: what is applied,
//! what is left alone, and what bad input of every kind comes to.

mod away;
mod back;
mod bad;
mod deleted;
mod depends;
mod drift;
mod fit;
mod inventory;
mod merging;
mod object;
mod once;
mod operator;
mod picked;
mod pruned;
mod rig;
mod rights;
mod scope;
mod sync;
mod told;
mod trusted;
mod versioned;
mod why;
