//! What is wrong with the template of a pod, in the order in which Kubernetes finds it.
//! Nothing here runs, schedules or repairs a pod; what is left out counts as what the server fills in.
//!
//! - [`rules`]: whose rules hold, where they differ
//! - [`template`], [`whole`]: the template and its pod: the front door; what its parts are looked at with
//! - [`containers`]: the lists of containers, and what all containers have
//! - [`ports`], [`env`](mod@env), [`handlers`]: ports, variables, probes and hooks
//! - [`resources`]: amounts asked for, and claims
//! - [`volumes`], [`sources`], [`projected`], [`paths`]: volumes, their kinds, and the paths in them
//! - [`mounts`]: how containers mount them
//! - [`security`], [`profiles`]: who a container is and what it may
//! - [`affinity`], [`spread`]: on which nodes
//! - [`network`]: names and addresses
//! - [`system`]: the operating system
pub mod affinity;
pub mod containers;
pub mod env;
pub mod handlers;
pub mod mounts;
pub mod network;
pub mod paths;
pub mod ports;
pub mod profiles;
pub mod projected;
pub mod resources;
pub mod rules;
pub mod security;
pub mod sources;
pub mod spread;
pub mod system;
pub mod template;
pub mod volumes;
pub mod whole;
