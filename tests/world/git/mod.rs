//! Git through the door everyone uses, the trait `Git`, against repositories that the `git` program makes and
//! checks: on this machine, over HTTP from `git http-backend`, and over a stand-in for `ssh`.

mod crash;
mod hostile;
mod http;
mod local;
mod push;
mod read;
mod revert;
mod rig;
mod secret;
pub mod server;
mod shallow;
mod ssh;
pub mod tls;
mod watch;
