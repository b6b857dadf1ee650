//! Scenarios of the actors against a small store that plays the API server.
//! Nothing here knows the actors' inner parts; every test goes through `observe`, `act`, `refused` and `wake`.

mod deployment;
mod garbage;
mod job;
mod pods;
mod replicaset;
mod world;
