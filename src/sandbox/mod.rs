//! An embedded Kubernetes API, for the demo, for tests and for trying manifests out.
//! It never talks to a real cluster.

pub mod actors;
pub mod metrics;
pub mod table;
