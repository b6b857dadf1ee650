//! The endpoints of Services, in both of their kinds: EndpointSlices and the older Endpoints.
//! Nothing here routes a packet, and a Service without a selector is left to whoever made it.
//!
//! - [`sync`](mod@sync): what becomes of them in one turn
//! - [`ends`]: who serves a Service
//! - [`slices`]: its EndpointSlices
//! - [`legacy`]: its Endpoints

mod ends;
mod legacy;
mod slices;
mod sync;

pub(super) use sync::sync;
