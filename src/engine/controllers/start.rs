//! Decides which controller a key belongs to, and hands it the facts as they are now.
//! It never waits for a reconcile.

use crate::engine::context::Context;
use crate::engine::controllers::asking::Asking;
use crate::engine::controllers::outcome::Outcome;
use crate::engine::controllers::refusals::Refusals;
use crate::engine::controllers::{analysis_run, rollout, service};
use crate::engine::index::Index;
use crate::engine::key::Key;
use futures::FutureExt;
use futures::future::BoxFuture;

/// The reconcile of `key`; none when there is nothing left to reconcile. With `debounced`, what was held back may be
/// written.
pub(super) fn start(
    key: &Key,
    context: &Context,
    index: &Index,
    asking: &mut Asking,
    refusals: &Refusals,
    debounced: bool,
) -> Option<BoxFuture<'static, Outcome>> {
    match key {
        Key::Rollout(name) => rollout::start(context, index, refusals, name, debounced).map(FutureExt::boxed),
        Key::AnalysisRun(name) => analysis_run::start(context, index, asking, name).map(FutureExt::boxed),
        Key::Service(name) => service::start(context, index, name).map(FutureExt::boxed),
    }
}
