//! The verbs: each file holds the words one of them understands and what it does with them, and [`ALL`] lists them.
//! Nothing here is shared by two verbs; that stands one floor up, in `cli`.
//!
//! - [`all`]: the list
//! - [`demo`], [`sandbox`]: the embedded cluster, with a story and without
//! - [`run`], [`controller`]: an engine at work
//! - [`plan`], [`diff`], [`get`], [`list`], [`status`]: looking
//! - [`explain`], [`man`], [`version`]: what there is to know of it all
//! - [`lint`](mod@lint): looking at files alone
//! - [`promote`], [`abort`], [`retry`], [`pause`], [`undo`], [`restart`], [`set`]: a person steers a Rollout
//! - [`terminate`]: a person ends an analysis early
//! - [`reconcile`]: a person wants a Delivery looked at
//! - [`install_crds`], [`completion`]: making cluster and shell ready
pub(crate) mod abort;
pub(crate) mod all;
pub(crate) mod completion;
pub(crate) mod controller;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod get;
pub(crate) mod install_crds;
pub(crate) mod lint;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod promote;
pub(crate) mod reconcile;
pub(crate) mod restart;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod set;
pub(crate) mod status;
pub(crate) mod terminate;
pub(crate) mod undo;
pub(crate) mod version;

pub(crate) use all::ALL;
