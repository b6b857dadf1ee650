//! Decides whether a canary strategy can be acted on as it is written, apart from its steps.
//! It never looks at the Services it names; `references` does.

use super::fault::{NOT_YET, wrong};
use super::routers::{has_one_of, router};
use super::{roles, steps};
use crate::api::intstr::IntOrString;
use crate::api::strategy::Canary;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::replicas;
use crate::logic::rollout::view::Obstacle;
use crate::logic::traffic::routers::{ALL, choice::choose};
use serde_json::{Value, json};

const ROOT: &str = "spec.strategy.canary";

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategyCanary`)
pub(super) fn obstacle(builder: &Builder<'_>, canary: &Canary) -> Option<Obstacle> {
    limits(builder, canary)
        .or_else(|| services(canary))
        .or_else(|| ping_pong(canary))
        .or_else(|| services_of_routers(canary))
        .or_else(|| scaling(canary))
        .or_else(|| canary.steps.iter().enumerate().find_map(|(i, s)| steps::obstacle(ROOT, i, s, canary)))
        .or_else(|| roles::anti_affinity(ROOT, canary.anti_affinity.as_ref()))
        .or_else(|| unsupported(canary))
        .or_else(|| {
            let given =
                [("canaryMetadata", &canary.canary_metadata), ("stableMetadata", &canary.stable_metadata)];
            roles::labels(builder, ROOT, given)
        })
}

/// How far the number of pods may leave the desired one
/// (source: pkg/apis/rollouts/validation/validation.go, `invalidMaxSurgeMaxUnavailable`).
fn limits(builder: &Builder<'_>, canary: &Canary) -> Option<Obstacle> {
    let path = format!("{ROOT}.maxSurge");
    let (surge, unavailable) = (canary.max_surge.as_ref(), canary.max_unavailable.as_ref());
    let zero = |v: Option<&IntOrString>| v.is_some_and(|v| v.to_string().trim_end_matches('%') == "0");
    if zero(surge) && zero(unavailable) {
        return wrong(&path, json!(surge), "MaxSurge and MaxUnavailable both can not be zero");
    }
    // Argo Rollouts counts what is neither a number nor a percentage as nothing, and never moves.
    let why = replicas::fenceposts(surge, unavailable, builder.spec().replicas()).err()?;
    wrong(&path, json!(surge), why)
}

fn services(canary: &Canary) -> Option<Obstacle> {
    let stable = canary.stable_service.as_ref().filter(|s| !s.is_empty())?;
    if canary.canary_service.as_ref() != Some(stable) {
        return None;
    }
    let text = "This rollout uses the same service for the stable and canary services, but two different services are required.";
    wrong(&format!("{ROOT}.stableService"), stable.as_str(), text)
}

fn ping_pong(canary: &Canary) -> Option<Obstacle> {
    let pair = canary.ping_pong.as_ref()?;
    let name = |field: &str| pair.get(field).and_then(Value::as_str).unwrap_or_default();
    let (ping, pong) = (name("pingService"), name("pongService"));
    let path = |field: &str| format!("{ROOT}.pingPong.{field}");
    if canary.traffic_routing.is_some() && !has_one_of(canary, &["alb", "istio", "plugins"]) {
        let text = "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only";
        return wrong(&format!("{ROOT}.trafficRouting.alb"), Value::Null, text);
    }
    let text = "Ping service and Pong service must to be set to use Ping-Pong feature";
    if ping.is_empty() {
        return wrong(&path("pingService"), ping, text);
    }
    if pong.is_empty() {
        return wrong(&path("pongService"), pong, text);
    }
    if ping == pong {
        let text = "This rollout uses the same service for the ping and pong services, but two different services are required.";
        return wrong(&path("pingService"), ping, text);
    }
    let root = router(canary, "alb").map(|alb| alb.get("rootService").and_then(Value::as_str).unwrap_or(""));
    if root == Some("") {
        let text =
            "Root service field is required for the configuration with ALB and ping-pong feature enabled";
        return wrong(&format!("{ROOT}.trafficRouting.alb.rootService"), "", text);
    }
    None
}

/// Routers that lead to two Services
/// (source: pkg/apis/rollouts/validation/validation.go, `requireCanaryStableServices`).
fn services_of_routers(canary: &Canary) -> Option<Obstacle> {
    let is_alone = canary.ping_pong.is_none();
    let by_subsets = router(canary, "istio").is_some_and(|i| i.get("destinationRule").is_some());
    let two = has_one_of(canary, &["smi", "apisix", "ambassador", "nginx", "appMesh", "traefik"])
        || (is_alone && has_one_of(canary, &["alb"]))
        || (is_alone && has_one_of(canary, &["istio"]) && !by_subsets);
    let text = "Canary service and Stable service must to be set to use Traffic Routing";
    let named = [("stableService", &canary.stable_service), ("canaryService", &canary.canary_service)];
    let missing = named.into_iter().find(|(_, name)| name.as_deref().is_none_or(str::is_empty));
    let (field, _) = missing.filter(|_| two)?;
    wrong(&format!("{ROOT}.{field}"), "", text)
}

/// What asks for a traffic router, or for another one.
fn scaling(canary: &Canary) -> Option<Obstacle> {
    let delay = canary.scale_down_delay_seconds;
    let Some(routing) = &canary.traffic_routing else {
        if let Some(seconds) = delay {
            let text = "Canary scaleDownDelaySeconds can only be used with traffic routing";
            return wrong(&format!("{ROOT}.scaleDownDelaySeconds"), seconds, text);
        }
        let text = "Canary dynamicStableScale can only be used with traffic routing";
        return canary
            .dynamic_stable_scale
            .then(|| wrong(&format!("{ROOT}.dynamicStableScale"), true, text))?;
    };
    if delay.is_some() && canary.dynamic_stable_scale {
        let text = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds";
        return wrong(&format!("{ROOT}.dynamicStableScale"), true, text);
    }
    let most = routing.get("maxTrafficWeight").filter(|m| !m.is_null())?;
    if has_one_of(canary, &["nginx", "plugins"]) {
        return None;
    }
    let text = "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins";
    wrong(&format!("{ROOT}.trafficRouting.maxTrafficWeight"), most.clone(), text)
}

/// What Argo Rollouts acts on and we do not.
fn unsupported(canary: &Canary) -> Option<Obstacle> {
    let unsupported = [
        ("trafficRouting", canary.traffic_routing.as_ref().is_some_and(|t| choose(t, ALL).is_none())),
        ("pingPong", canary.ping_pong.is_some()),
        ("dynamicStableScale", canary.dynamic_stable_scale),
    ];
    let (field, _) = unsupported.iter().find(|(_, used)| *used)?;
    Some(Obstacle::wrong(NOT_YET.to_owned()).at(&format!("{ROOT}.{field}")))
}
