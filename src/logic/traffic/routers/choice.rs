//! Decides which routers a `trafficRouting` chooses, and whether all of them can be acted on.
//! It never asks a router for anything.

use crate::logic::traffic::routers::Router;
use serde_json::Value;

/// Fields of `trafficRouting` that are settings for every router (source: pkg/apis/rollouts/v1alpha1/types.go,
/// `RolloutTrafficRouting`).
const SETTINGS: &[&str] = &["managedRoutes", "maxTrafficWeight"];

/// The routers among `all` that `routing` chooses, each with its part of it. None when it chooses none, or one that
/// is not there: a split that reaches only a part of the requests is worse than none.
#[must_use]
pub fn choose<'s, 'r>(routing: &'s Value, all: &'r [Router]) -> Option<Vec<(&'r Router, &'s Value)>> {
    let named = routing.as_object()?.iter();
    let named = named.filter(|(word, part)| !SETTINGS.contains(&word.as_str()) && !part.is_null());
    let chosen: Option<Vec<_>> =
        named.map(|(word, part)| Some((all.iter().find(|r| r.word == word)?, part))).collect();
    chosen.filter(|c| !c.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::write::{Patch, Target, Write};
    use crate::logic::traffic::routers;
    use crate::logic::traffic::weights::{RouterFacts, Verification, Weights};
    use serde_json::json;

    /// A router as plain as can be: one object with the canary's share in it.
    const SIGNPOST: Router = Router { word: "signpost", refers_to, writes, verify };

    fn refers_to(spec: &Value, namespace: &str) -> Vec<Target> {
        let name = spec.get("name").and_then(Value::as_str).unwrap_or_default();
        vec![Target::new("example.com/v1", "Signpost", namespace, name)]
    }

    fn share(facts: &RouterFacts<'_>) -> Option<i64> {
        facts.objects.first()?.pointer("/spec/canary")?.as_i64()
    }

    fn writes(facts: &RouterFacts<'_>, weights: Weights, headers: &[Value], mirrors: &[Value]) -> Vec<Write> {
        if share(facts) == Some(i64::from(weights.canary)) {
            return Vec::new();
        }
        let body = json!({"spec": {"canary": weights.canary, "to": facts.canary_service,
            "from": facts.stable_service, "headers": headers, "mirrors": mirrors}});
        let targets = refers_to(facts.spec, facts.namespace).into_iter();
        let write = |target| Write::Patch {
            target,
            subresource: "",
            patch: Patch::Merge(body.clone()),
            expect: None,
        };
        targets.map(write).collect()
    }

    fn verify(facts: &RouterFacts<'_>, weights: Weights) -> Verification {
        match share(facts) {
            Some(n) if n == i64::from(weights.canary) => Verification::InEffect,
            there => Verification::Waiting(format!("the signpost says {there:?}")),
        }
    }

    #[test]
    fn a_routing_is_acted_on_when_every_router_it_names_is_there() {
        let all = &[SIGNPOST];
        let words = |routing: Value| {
            let chosen = choose(&routing, all)?;
            Some(chosen.into_iter().map(|(r, part)| (r.word, part.clone())).collect::<Vec<_>>())
        };
        let part = json!({"name": "web"});
        let settings = json!({"signpost": part, "managedRoutes": [], "maxTrafficWeight": 100, "nginx": null});
        assert_eq!(words(settings), Some(vec![("signpost", part.clone())]));
        assert_eq!(words(json!({"signpost": part, "nginx": {}})), None, "one of the two would be left out");
        assert_eq!(words(json!({"managedRoutes": []})), None);
        assert_eq!(words(json!({})), None);
        assert!(choose(&json!({"istio": {}}), routers::ALL).is_none(), "this version has no router yet");
    }

    #[test]
    fn a_router_says_what_to_write_until_it_took_effect() {
        let routing = json!({"signpost": {"name": "web"}});
        let all = [SIGNPOST];
        let (router, spec) = choose(&routing, &all).unwrap()[0];
        let facts = |objects| RouterFacts {
            spec,
            namespace: "shop",
            canary_service: "web-canary",
            stable_service: "web",
            objects,
        };
        let before = [json!({"spec": {"canary": 0}})];
        let made = (router.writes)(&facts(&before), Weights::of(20), &[], &[]);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].target(), Target::new("example.com/v1", "Signpost", "shop", "web"));
        assert!(matches!((router.verify)(&facts(&before), Weights::of(20)), Verification::Waiting(_)));
        let after = [json!({"spec": {"canary": 20}})];
        assert!((router.writes)(&facts(&after), Weights::of(20), &[], &[]).is_empty());
        assert_eq!((router.verify)(&facts(&after), Weights::of(20)), Verification::InEffect);
    }
}
