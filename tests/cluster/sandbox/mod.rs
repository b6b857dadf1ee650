//! The embedded API server answers as a real one: each file here is one area of its semantics.
//! Everything goes through its public doors, raw requests or `kube`.

mod custom;
mod deleting;
mod determinism;
mod listing;
mod serving;
mod tables;
mod trouble;
mod watching;
mod wire;
mod writing;
