//! Scenarios of the actors against a small store that plays the API server.
//! Nothing here knows the actors' inner parts; every test goes through `observe`, `act`, `refused` and `wake`.

mod budget;
mod claim;
mod daemonset;
mod deployment;
mod endpoints;
mod garbage;
mod job;
mod pods;
mod real;
mod replicaset;
mod statefulset;
mod world;
