//! From a real repository to the embedded cluster, through the engine as it runs in production: what is applied,
//! what is left alone, and what bad input of every kind comes to.

mod away;
mod back;
mod bad;
mod deleted;
mod denied;
mod depends;
mod drift;
mod fast;
mod fit;
mod inventory;
mod lost;
mod merging;
mod moved;
mod object;
mod odd;
mod once;
mod operator;
mod picked;
mod pruned;
mod rewritten;
pub mod rig;
mod rights;
mod scope;
mod sync;
mod told;
mod trusted;
mod versioned;
mod why;
