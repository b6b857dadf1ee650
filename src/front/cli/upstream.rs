//! Decides which flags of Argo Rollouts' controller are understood so that its manifests start ours unchanged, and what is
//! said of those that mean nothing here. It never refuses one of them, but those that would be obeyed wrongly.

use crate::front::exit::Failure;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// Flags that mean nothing here, with the reason (source: argo-rollouts cmd/rollouts-controller/main.go).
const WITHOUT_MEANING: &[(&str, &str)] = &[
    ("rollout-resync", "nothing is read again by the clock"),
    ("qps", "few requests are made, and the cluster's own limits are heeded"),
    ("burst", "few requests are made, and the cluster's own limits are heeded"),
    ("rollout-threads", "reconciles wait for nothing long"),
    ("experiment-threads", "there are no experiments"),
    ("analysis-threads", "measurements run beside everything else"),
    ("service-threads", "reconciles wait for nothing long"),
    ("ingress-threads", "no Ingress is written"),
    ("ephemeral-metadata-threads", "pods are marked beside everything else"),
    ("ephemeral-metadata-update-pod-retries", "what fails is tried again"),
    ("aws-target-group-binding-api-version", "no load balancer is asked"),
    ("alb-tag-key-resource-id", "no load balancer is asked"),
    ("aws-verify-target-group", "no load balancer is asked"),
    ("alb-verify-weight", "no load balancer is asked"),
    ("alb-ingress-classes", "no Ingress is written"),
    ("nginx-ingress-classes", "no Ingress is written"),
    ("ingress-api-version", "no Ingress is written"),
    ("istio-api-version", "no route is written"),
    ("ambassador-api-version", "no route is written"),
    ("traffic-split-api-version", "no route is written"),
    ("traefik-api-group", "no route is written"),
    ("traefik-api-version", "no route is written"),
    ("appmesh-crd-version", "no route is written"),
    ("self-service-notification-enabled", "notifications are events and log lines"),
    ("enable-pprof-address", "there is nothing of Go to look at"),
    ("kloglevel", "there is one log; see --log-level"),
    ("klog-level", "there is one log; see --log-level"),
];

/// The flag that is not obeyed and not passed over either: whoever limits the controllers means others to run.
const CONTROLLERS: &str = "controllers";

/// `command` with the flags of Argo Rollouts' controller that are not ours.
#[must_use]
pub(crate) fn understood(command: Command) -> Command {
    let names = WITHOUT_MEANING.iter().map(|(name, _)| *name).chain([CONTROLLERS]);
    let flag = |name| {
        Arg::new(name)
            .long(name)
            .hide(true)
            .num_args(0..=1)
            .default_missing_value("")
            .action(ArgAction::Append)
    };
    command.args(names.map(flag))
}

/// Says which of the flags in `words` mean nothing here.
///
/// # Errors
/// A flag that would be obeyed wrongly.
pub(crate) fn pass_over(words: &ArgMatches) -> Result<(), Failure> {
    let is_given = |name: &str| words.contains_id(name);
    if is_given(CONTROLLERS) {
        return Err(Failure::usage(
            "--controllers is not understood: Rollouts and analyses are always looked after by the same process; leave \
             it out, and give what others look after another instance id",
        ));
    }
    let given = WITHOUT_MEANING.iter().filter(|(name, _)| is_given(name));
    let given: Vec<String> = given.map(|(name, why)| format!("--{name} ({why})")).collect();
    if !given.is_empty() {
        anstream::eprintln!(
            "these flags of Argo Rollouts' controller mean nothing here: {}",
            given.join(", ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> ArgMatches {
        let command = understood(Command::new("x").arg(Arg::new("ours").long("ours")));
        command.get_matches_from(std::iter::once("x").chain(line.split_whitespace()))
    }

    #[test]
    fn upstreams_flags_are_passed_over_with_and_without_values() {
        let words = words(
            "--qps 40 --aws-verify-target-group --istio-api-version=v1 --ours yes --burst 80 --burst 9",
        );
        assert!(pass_over(&words).is_ok());
        assert_eq!(words.get_one::<String>("ours").map(String::as_str), Some("yes"));
    }

    #[test]
    fn who_limits_the_controllers_is_told_that_it_is_not_obeyed() {
        let told = pass_over(&words("--controllers analysis")).unwrap_err();
        assert!(told.text.contains("leave it out"), "{told}");
    }
}
