//! Decides which right somebody lacks by the words of an API server, which says so in words alone; and how it is given.
//! It never decides whether somebody should have it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What our work asks of any kind.
const VERBS: [&str; 6] = ["get", "list", "watch", "create", "patch", "delete"];
/// How the names of ServiceAccounts open as users.
const ACCOUNT: &str = "system:serviceaccount:";

/// A right that somebody lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingRight {
    /// The user, as the cluster calls it.
    who: String,
    /// Namespace; all of them, or none, without.
    namespace: Option<String>,
    /// The resource with its subresource, such as `pods/eviction`.
    resource: String,
    /// API group; empty for the core group.
    group: String,
    /// `get`, `create` …
    verb: String,
}

impl MissingRight {
    /// The right that an API server says in `message` is lacking (source: apiserver's
    /// pkg/endpoints/handlers/responsewriters/errors.go, `forbiddenMessage`); none when it refuses for another reason,
    /// such as a quota.
    #[must_use]
    pub(super) fn of(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once("User \"")?;
        let (who, rest) = rest.split_once("\" cannot ")?;
        let (verb, rest) = rest.split_once(" resource \"")?;
        let (resource, rest) = rest.split_once("\" in API group \"")?;
        let (group, rest) = rest.split_once('"')?;
        let namespace = rest.strip_prefix(" in the namespace \"").and_then(|rest| rest.split_once('"'));
        Some(Self {
            who: who.to_owned(),
            namespace: namespace.map(|(namespace, _)| namespace.to_owned()),
            resource: resource.to_owned(),
            group: group.to_owned(),
            verb: verb.to_owned(),
        })
    }

    /// The resource as kubectl has it: `deployments.apps/scale`.
    fn kind(&self) -> String {
        let (resource, sub) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let sub = if sub.is_empty() { String::new() } else { format!("/{sub}") };
        format!("{resource}{group}{sub}")
    }

    /// Namespace and name of the ServiceAccount that lacks it, if it is one.
    fn account(&self) -> Option<(&str, &str)> {
        self.who.strip_prefix(ACCOUNT)?.split_once(':')
    }

    /// What one role and one binding can give together: who, where, and whether it is the right to act as others.
    fn place(&self) -> (&str, Option<&str>, bool) {
        (&self.who, self.namespace.as_deref(), self.verb == "impersonate")
    }
}

impl fmt::Display for MissingRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account() {
            Some((namespace, name)) => write!(f, "ServiceAccount {namespace}/{name}")?,
            None => write!(f, "user {}", self.who)?,
        }
        write!(f, " may not {} {}", self.verb, self.kind())?;
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => f.write_str(" in the whole cluster"),
        }
    }
}

/// The commands that give all of `rights`, to be run one after the other.
#[must_use]
pub(crate) fn how_to_give(rights: &[MissingRight]) -> String {
    let mut places: BTreeMap<_, (BTreeSet<String>, BTreeSet<&str>)> = BTreeMap::new();
    for right in rights {
        let (kinds, verbs) = places.entry(right.place()).or_default();
        kinds.insert(right.kind());
        verbs.insert(&right.verb);
    }
    let mut commands = Vec::with_capacity(places.len());
    for ((who, namespace, is_impersonation), (kinds, mut verbs)) in places {
        if !is_impersonation {
            verbs.extend(VERBS);
        }
        let (subject, account) = who_is(who);
        let name = format!("{account}-{}", kinds.iter().next().map_or("", String::as_str));
        let name = name.replace(['/', ':', '.'], "-");
        let (kinds, verbs) = (joined(kinds.iter().map(String::as_str)), joined(verbs.into_iter()));
        let (role, within) = match namespace {
            Some(namespace) => ("role", format!(" -n {namespace}")),
            None => ("clusterrole", String::new()),
        };
        commands.push(format!(
            "kubectl{within} create {role} {name} --verb={verbs} --resource={kinds} && kubectl{within} create \
             {role}binding {name} --{role}={name} {subject}"
        ));
    }
    commands.join(" && ")
}

fn joined<'t>(all: impl Iterator<Item = &'t str>) -> String {
    all.collect::<Vec<_>>().join(",")
}

/// How kubectl is told whom to bind, and a name for what is bound.
fn who_is(who: &str) -> (String, &str) {
    match who.strip_prefix(ACCOUNT).and_then(|account| account.split_once(':')) {
        Some((namespace, name)) => (format!("--serviceaccount={namespace}:{name}"), name),
        None => (format!("--user={who}"), who),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "rollouts.argoproj.io \"web\" is forbidden: User \"system:serviceaccount:shop:deployer\" cannot \
                           patch resource \"rollouts\" in API group \"argoproj.io\" in the namespace \"shop\": RBAC: role \
                           \"x\" not found";

    #[test]
    fn a_missing_right_is_told_with_the_command_that_gives_it() {
        let right = MissingRight::of(REFUSED).unwrap();
        assert_eq!(
            right.to_string(),
            "ServiceAccount shop/deployer may not patch rollouts.argoproj.io in namespace shop"
        );
        assert_eq!(
            how_to_give(&[right]),
            "kubectl -n shop create role deployer-rollouts-argoproj-io --verb=create,delete,get,list,patch,watch \
             --resource=rollouts.argoproj.io && kubectl -n shop create rolebinding deployer-rollouts-argoproj-io \
             --role=deployer-rollouts-argoproj-io --serviceaccount=shop:deployer"
        );
        let own = "serviceaccounts \"deployer\" is forbidden: User \"least\" cannot impersonate resource \
                   \"serviceaccounts\" in API group \"\" at the cluster scope";
        let right = MissingRight::of(own).unwrap();
        assert_eq!(right.to_string(), "user least may not impersonate serviceaccounts in the whole cluster");
        let command = how_to_give(&[right]);
        assert!(
            command.contains("create clusterrole least-serviceaccounts --verb=impersonate --res"),
            "{command}"
        );
        assert!(command.ends_with("--clusterrole=least-serviceaccounts --user=least"), "{command}");
    }

    #[test]
    fn several_are_given_by_one_role_where_that_can_be() {
        let right = |resource: &str| {
            MissingRight::of(&REFUSED.replace("rollouts\" in", &format!("{resource}\" in"))).unwrap()
        };
        let command = how_to_give(&[right("rollouts"), right("rollouts/scale"), right("rollouts")]);
        assert!(command.contains("--resource=rollouts.argoproj.io,rollouts.argoproj.io/scale"), "{command}");
        assert_eq!(command.matches("create role ").count(), 1);
    }

    #[test]
    fn other_refusals_are_none() {
        for other in [
            "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1",
            "configmaps \"a\" is forbidden: unable to create new content in namespace shop because it is being \
             terminated",
            "User \"x\" cannot get path \"/metrics\"",
        ] {
            assert_eq!(MissingRight::of(other), None, "{other}");
        }
    }
}
