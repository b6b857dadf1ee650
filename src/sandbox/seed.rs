//! Decides what a new server holds before anyone has written to it: the namespaces every cluster has.
//! It never runs twice.

use super::place::Place;
use super::request::Writer;
use super::state::State;
use serde_json::json;

/// The namespaces of every cluster.
pub(crate) const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Fills an empty server.
pub(crate) fn fill(state: &mut State) {
    let Some(served) = state.kinds.named("v1", "Namespace") else { return };
    for name in NAMESPACES {
        let place = Place {
            served: served.clone(),
            namespace: String::new(),
            name: name.to_owned(),
            sub: String::new(),
        };
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let mut w = Writer::inside("kube-apiserver", state.clock.now());
        // these objects keep every rule, so the server takes them
        let _taken = state.create(&place, object, &mut w);
    }
}
