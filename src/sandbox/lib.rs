//! An embedded Kubernetes API server, for the demo, for tests and for trying manifests out: real API semantics over
//! objects in memory. It never talks to a real cluster and never runs a container.
//!
//! ```text
//! service, serve -> exchange -> route -> answer -> subresource, verbs -> read, watch, write, patch, delete -> state -> shelf
//! ```
//!
//! In and out:
//! - [`door`]: how the program holds it
//! - [`service`], [`serve`]: how it is reached without a socket, and over one
//! - [`inside`]: objects read and written without a request
//! - [`exchange`], [`shared`]: one request and its answer; the lock around the state
//! - [`fault`]: trouble on demand
//!
//! What is asked:
//! - [`route`], [`request`]: which resource and verb, and what else
//! - [`place`]: the object that is meant
//! - [`accept`], [`media`], [`decode`]: the form of the answer, and of a body; the object in it
//!
//! What is answered:
//! - [`answer`], [`verbs`], [`reply`]: which handler answers, the handlers of objects, what an answer is
//! - [`refuse`]: the words of a refusal
//! - [`shape`], [`table`]: objects on the wire, and in tables
//! - [`page`], [`discover`], [`openapi`]: what is no object: version, what is served, schemas
//!
//! Reading:
//! - [`read`], [`watch`], [`stream`]: which objects a list means, what a watch tells, and how long
//! - [`select`], [`fields`]: selectors, and what a field selector may ask for
//!
//! Writing:
//! - [`write`](mod@write), [`patch`], [`apply`], [`subresource`]: create and update; patches; owners of fields; status and others
//! - [`delete`], [`propagation`]: how a deletion runs, and what becomes of what is owned
//! - [`prepare`], [`fit`], [`admit`]: before the checks, to the kind, checks and plugins
//!
//! Kinds:
//! - [`served`], [`typed`]: how each is served; the built-in ones
//! - [`crd`], [`custom`], [`schema`]: the custom ones
//! - [`events`]: Events of two groups
//!
//! What is kept:
//! - [`state`], [`shelf`], [`kept`]: the whole, one resource with its past, the form of both
//! - [`seed`], [`chance`]: what is there at first; what is random
//! - [`object`]: an object's metadata
//!
//! What acts by itself:
//! - [`actors`], [`drive`]: the controllers, scheduler and kubelet, and when they act
//! - [`metrics`]: Prometheus' answers
//!
//! Words of its own:
//!
//! | word | meaning |
//! |---|---|
//! | actors, crew | the controllers, scheduler and kubelet; who keeps their queue |
//! | task, turn | one controller's work on one object; the moment it is done |
//! | errand | a request to the server that a turn asks for |
//! | rows, wiring | what the crew remembers of objects; which change makes which task |
//! | furniture | what every new namespace holds |
//! | door, inside | how the program holds the server; writing without a request |
//! | shelf, stored | all objects of one resource, with their past; one of them |
//! | head | what is known of a stored object without reading it |
//! | place | the resource, namespace, name and subresource of a write |
//! | manners | how a kind is served beyond the usual |
//! | chance | all that is random, from one seed |
//! | fault, trouble | a failure that a test asks for |
#![deny(unreachable_pub)]

use api::check::{field, texts as names};
use switchback_api as api;
use switchback_base as base;
use switchback_merge as merge;

mod accept;
pub mod actors;
mod admit;
mod answer;
mod apply;
mod chance;
mod crd;
mod custom;
mod decode;
mod delete;
mod discover;
mod door;
mod drive;
mod events;
mod exchange;
mod fault;
mod fields;
mod fit;
mod inside;
mod kept;
mod media;
pub mod metrics;
mod object;
mod openapi;
mod page;
mod patch;
mod place;
mod prepare;
mod propagation;
mod read;
mod refuse;
mod reply;
mod request;
pub mod route;
mod schema;
mod seed;
mod select;
mod serve;
mod served;
mod service;
mod shape;
mod shared;
mod shelf;
mod state;
mod stream;
mod subresource;
mod table;
mod typed;
mod verbs;
mod watch;
mod write;

pub use door::{Options, Sandbox};
pub use fault::{Attempt, Fault, Moment};
pub use refuse::Refusal;
pub use shelf::Verb;
pub use state::Change;
