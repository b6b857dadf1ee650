//! An embedded Kubernetes API server, for the demo, for tests and for trying manifests out: real API semantics over
//! objects in memory. It never talks to a real cluster and never runs a container.
//!
//! ```text
//! service, serve -> exchange -> route -> answer -> subresource, verbs -> read, watch, write, patch, delete -> state -> shelf
//! ```
//!
//! - In and out: [`service`] (without a socket), [`serve`] (over one), [`door`] (how the program holds it), [`inside`]
//!   (objects without a request), [`exchange`] (one request), [`shared`] (the lock), [`fault`] (trouble on demand)
//! - What is asked: [`route`], [`request`], [`place`], [`accept`], [`media`], [`decode`]
//! - What is answered: [`answer`], [`verbs`], [`reply`], [`refuse`] and [`field`] (its words), [`shape`], [`table`],
//!   [`page`], [`discover`], [`openapi`]
//! - Reading: [`read`], [`watch`] and [`stream`], [`select`] (selectors), [`fields`] (what a field selector may ask for)
//! - Writing: [`write`](mod@write), [`delete`], [`propagation`], [`patch`], [`apply`], [`subresource`], [`prepare`]
//!   (before the checks), [`fit`] (to the kind), [`admit`] (checks and plugins)
//! - Kinds: [`served`], [`typed`] (built in), [`crd`], [`custom`] and [`schema`] (custom), [`events`] (of two groups)
//! - What is kept: [`state`], [`shelf`], [`kept`] (in which form), [`seed`] (at first), [`chance`]
//! - Rules of texts and objects: [`names`], [`object`]
//! - What acts by itself: [`actors`] and [`drive`] (when), [`metrics`] (Prometheus' answers)
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
#![deny(rustdoc::broken_intra_doc_links)]
#![allow(rustdoc::private_intra_doc_links)] // the maps name what is private too

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
mod field;
mod fields;
mod fit;
mod inside;
mod kept;
mod media;
pub mod metrics;
mod names;
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
