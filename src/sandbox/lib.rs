//! An embedded Kubernetes API server, for the demo, for tests and for trying manifests out: real API semantics over
//! objects in memory. It never talks to a real cluster and never runs a container.
//!
//! ```text
//! service, serve -> door -> route -> answer -> read, watch, write, delete, patch, subresource -> state -> shelf
//! ```

use switchback_api as api;
use switchback_base as base;
use switchback_merge as merge;

pub mod accept;
pub mod actors;
pub mod admit;
pub mod answer;
pub mod apply;
pub mod chance;
pub mod columns;
pub mod crd;
pub mod custom;
pub mod decode;
pub mod delete;
pub mod discover;
pub mod door;
pub mod drive;
pub mod events;
pub mod fault;
pub mod field;
pub mod fields;
pub mod fit;
pub mod inside;
pub mod metrics;
pub mod names;
pub mod object;
pub mod openapi;
pub mod page;
pub mod patch;
pub mod prepare;
pub mod propagation;
pub mod read;
pub mod refuse;
pub mod request;
pub mod route;
pub mod schema;
pub mod seed;
pub mod select;
pub mod serve;
pub mod served;
pub mod service;
pub mod shape;
pub mod shelf;
pub mod state;
pub mod subresource;
pub mod table;
pub mod typed;
pub mod watch;
pub mod write;

pub use delete::DeleteOptions;
pub use door::{Options, Sandbox};
pub use fault::{Attempt, Fault, Moment};
pub use propagation::Propagation;
pub use refuse::Refusal;
pub use shelf::Verb;
pub use state::Change;
