//! Decides how the flags of leader election, as Argo Rollouts' controller spells them, become an election.
//! It never takes part in one.

use crate::api::object_name::ObjectName;
use crate::base::duration::parse_go;
use crate::engine::leadership::{ARGO_LOCK, Election};
use crate::engine::rivals::Rivals;
use crate::front::embedded::chance;
use crate::front::exit::Failure;
use crate::logic::lease::Terms;
use clap::{ArgAction, Args};
use std::path::Path;
use std::time::Duration;

/// The namespace that Argo Rollouts is installed in unless people say otherwise.
const ARGO_NAMESPACE: &str = "argo-rollouts";
/// Where a pod finds its own namespace.
const POD_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Which of several processes acts.
#[derive(Clone, Debug, Args)]
pub(crate) struct ElectionFlags {
    /// Act only while holding a Lease, so that of several processes one acts; =false where there is only one.
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true", num_args = 0..=1, require_equals = true, action = ArgAction::Set, env = "SWITCHBACK_LEADER_ELECT")]
    leader_elect: bool,
    /// Namespace of the Lease; for `controller` that of its pod without one, for `run` that of the inventory.
    #[arg(long, value_name = "NS", env = "SWITCHBACK_LEADER_ELECTION_NAMESPACE")]
    leader_election_namespace: Option<String>,
    /// For how long nobody else takes a Lease that is not renewed.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = parse_go)]
    leader_election_lease_duration: Duration,
    /// After how long without a renewal we stop acting.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_go)]
    leader_election_renew_deadline: Duration,
    /// How often the Lease is renewed, or asked for.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse_go)]
    leader_election_retry_period: Duration,
    /// Act although another controller of Rollouts, such as Argo Rollouts', runs on the cluster.
    #[arg(long, env = "SWITCHBACK_TAKE_OVER")]
    take_over: bool,
}

/// Which Lease is asked for.
pub(crate) enum Lease<'a> {
    /// That of Argo Rollouts' controller, which then waits for us as we wait for it.
    OfController,
    /// One of a delivery's own.
    OfDelivery(&'a str),
}

impl ElectionFlags {
    /// The election for `lease` of the controller `instance`; none when nobody is elected. `home` is the namespace of
    /// the Lease unless a flag or the pod says otherwise; `only` the one that is looked at, if it is one.
    ///
    /// # Errors
    /// Times that cannot be kept.
    pub(crate) fn election(
        &self,
        lease: &Lease<'_>,
        instance: Option<&str>,
        home: &str,
        only: Option<&str>,
    ) -> Result<Option<Election>, Failure> {
        let terms = Terms {
            lasts: self.leader_election_lease_duration,
            renew_within: self.leader_election_renew_deadline,
            every: self.leader_election_retry_period,
        };
        if terms.lasts <= terms.renew_within || terms.renew_within <= terms.every || terms.every.is_zero() {
            return Err(Failure::usage(
                "--leader-election-lease-duration must be longer than --leader-election-renew-deadline, and that longer \
                 than --leader-election-retry-period; leave them out for 15s, 10s and 2s",
            ));
        }
        let lock = instance.map_or_else(|| ARGO_LOCK.to_owned(), |id| format!("{ARGO_LOCK}-{id}"));
        let own = self.leader_election_namespace.clone();
        let (name, namespace, delivery) = match lease {
            Lease::OfController => (lock.clone(), own.or_else(pod_namespace), None),
            Lease::OfDelivery(name) => ((*name).to_owned(), own, Some((*name).to_owned())),
        };
        let lease = ObjectName::new(namespace.unwrap_or_else(|| home.to_owned()), name);
        let places = [Some(ARGO_NAMESPACE.to_owned()), pod_namespace(), Some(home.to_owned())];
        let rivals =
            Rivals { lock, everywhere: only.is_none(), namespaces: places.into_iter().flatten().collect() };
        let rivals = Some(rivals).filter(|_| !self.take_over);
        let identity = identity();
        Ok(Some(Election { lease, identity, terms, delivery, rivals }).filter(|_| self.leader_elect))
    }
}

/// The namespace of the pod we run in; none outside of one (source: argo-rollouts utils/defaults/defaults.go,
/// `Namespace`).
#[must_use]
pub(crate) fn pod_namespace() -> Option<String> {
    let told = std::env::var("POD_NAMESPACE").ok();
    let told = told.or_else(|| std::fs::read_to_string(Path::new(POD_NAMESPACE)).ok());
    told.map(|ns| ns.trim().to_owned()).filter(|ns| !ns.is_empty())
}

/// The host and a number by chance: no other process is called so.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host = host.map(|h| h.trim().to_owned()).filter(|h| !h.is_empty());
    format!("{}_{:016x}{:016x}", host.as_deref().unwrap_or("switchback"), chance(), chance())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        election: ElectionFlags,
    }

    fn of(words: &str, lease: &Lease<'_>, instance: Option<&str>) -> Result<Option<Election>, Failure> {
        let words = Words::parse_from(std::iter::once("x").chain(words.split_whitespace()));
        words.election.election(lease, instance, "shop", None)
    }

    #[test]
    fn the_controller_shares_the_lease_of_argos_and_a_delivery_has_its_own() {
        let mine = of("", &Lease::OfController, Some("blue")).unwrap().unwrap();
        assert_eq!(mine.lease, ObjectName::new("shop", "argo-rollouts-controller-lock-blue"));
        let rivals = mine.rivals.unwrap();
        assert_eq!((rivals.lock.as_str(), rivals.everywhere), ("argo-rollouts-controller-lock-blue", true));
        assert!(rivals.namespaces.contains("argo-rollouts") && rivals.namespaces.contains("shop"));
        assert_eq!(mine.terms, Terms::default());
        let other = of("--take-over", &Lease::OfDelivery("switchback-a"), None).unwrap().unwrap();
        assert_eq!(other.lease, ObjectName::new("shop", "switchback-a"));
        assert!(other.rivals.is_none() && other.identity != mine.identity);
        let own = of("--leader-elect --leader-election-namespace ops", &Lease::OfController, None).unwrap();
        assert_eq!(own.unwrap().lease.namespace, "ops");
    }

    #[test]
    fn nobody_is_elected_where_people_say_so_and_times_must_fit() {
        assert!(of("--leader-elect=false", &Lease::OfController, None).unwrap().is_none());
        let wrong = of("--leader-election-renew-deadline 20s", &Lease::OfController, None).unwrap_err();
        assert!(wrong.text.contains("must be longer"), "{wrong}");
    }
}
