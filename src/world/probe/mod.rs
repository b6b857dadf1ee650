//! How providers of metrics are asked: over the network, or inside this process in simulations.
//! Nothing here judges an answer, and no error of it shows a header, a path or a user.
//!
//! - [`ask`]: whom a question goes to, and how long it may take
//! - [`rooms`]: how many questions are open at once, in all and to one host
//! - [`network`]: one question over HTTP, redirect after redirect
//! - [`redirect`]: where a redirect leads, and what goes along with it
//! - [`address`]: which addresses are never asked
//! - [`error`]: why there is no answer

mod address;
mod ask;
mod error;
mod network;
mod redirect;
mod rooms;

pub(crate) use address::Guard;
pub use ask::{Inside, Probe};
pub use error::ProbeError;
pub(crate) use rooms::Rooms;
