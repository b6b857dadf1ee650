//! Decides what a Delivery's spec asks for, with everything that was left out, and which specs nobody can act on.
//! It never opens a repository.

use crate::api::config_policy::{ConfigPolicy, NoPolicy};
use crate::api::delivery::DeliverySpec;
use crate::api::object_name::{ObjectName, is_label};
use crate::base::digest;
use crate::base::duration::{BadDuration, parse_go};
use crate::logic::plan::{DriftPolicy, UnknownPolicy};
use crate::logic::revert::{NoReason, RollbackOn};
use std::time::Duration;
use thiserror::Error;

/// Repositories are not asked more often than so.
const MOST_OFTEN: Duration = Duration::from_secs(1);

/// What a spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// URL of the repository.
    pub(crate) url: String,
    /// The branch.
    pub(crate) branch: String,
    /// Folder of the manifests.
    pub(crate) path: String,
    /// Namespace of objects that name none.
    pub(crate) namespace: String,
    /// How often the repository is asked, if it says so.
    pub(crate) interval: Option<Duration>,
    /// The Secret with credentials.
    pub(crate) secret: Option<String>,
    /// The ServiceAccount in whose name objects are read and written.
    pub(crate) account: Option<String>,
    /// Whether objects that leave Git stay.
    pub(crate) keeps: bool,
    /// What is done about objects that others change.
    pub(crate) drift: DriftPolicy,
    /// Whether failed revisions go back in Git.
    pub(crate) rollback: bool,
    /// For which reasons they do.
    pub(crate) rollback_on: RollbackOn,
    /// How ConfigMaps and Secrets reach pods.
    pub(crate) config: ConfigPolicy,
}

/// Why nobody can act on a spec; each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum BadSpec {
    /// It names no repository.
    #[error("spec.repository is empty; write the URL of a repository")]
    NoRepository,
    /// What never moves cannot take a revert.
    #[error(
        "spec.ref.{what} cannot be delivered, because a revert could not be pushed to it; name a branch instead"
    )]
    NoBranch {
        /// `tag` or `commit`.
        what: &'static str,
    },
    /// A time that is none.
    #[error("spec.interval: {0}")]
    Interval(#[from] BadDuration),
    /// A time that is too short.
    #[error("spec.interval is shorter than 1s; write one such as 30s")]
    TooOften,
    /// A name that is none.
    #[error("spec.{field} is {name:?}, which no {kind} is called; write the name of one")]
    Name {
        /// The field.
        field: &'static str,
        /// What it says.
        name: String,
        /// What it should name.
        kind: &'static str,
    },
    /// A word that is none of a field's.
    #[error("spec.{field}: {word:?} means nothing there; write {known}")]
    Word {
        /// The field.
        field: &'static str,
        /// The word.
        word: String,
        /// Those that mean something.
        known: &'static str,
    },
    /// No way to deal with drift.
    #[error("spec.drift: {0}")]
    Drift(#[from] UnknownPolicy),
    /// No reason to go back.
    #[error("spec.rollbackOn: {0}")]
    RollbackOn(#[from] NoReason),
    /// No way to bring configuration to pods.
    #[error("spec.config: {0}")]
    Config(#[from] NoPolicy),
}

impl Wanted {
    /// What `spec` of the Delivery `name` asks for.
    ///
    /// # Errors
    /// What nobody can act on.
    pub(crate) fn of(name: &ObjectName, spec: &DeliverySpec) -> Result<Self, BadSpec> {
        let git_ref = spec.r#ref.clone().unwrap_or_default();
        for (what, is_there) in [("tag", git_ref.tag.is_some()), ("commit", git_ref.commit.is_some())] {
            if is_there {
                return Err(BadSpec::NoBranch { what });
            }
        }
        let interval = spec.interval.as_deref().map(parse_go).transpose()?;
        if interval.is_some_and(|interval| interval < MOST_OFTEN) {
            return Err(BadSpec::TooOften);
        }
        let text = |field: &Option<String>, absent: &str| {
            field.clone().filter(|t| !t.is_empty()).unwrap_or_else(|| absent.to_owned())
        };
        let named = |field, kind, value: Option<&String>| match value {
            Some(name) if !name.split('.').all(is_label) => {
                Err(BadSpec::Name { field, name: name.clone(), kind })
            }
            other => Ok(other.cloned()),
        };
        if spec.repository.trim().is_empty() {
            return Err(BadSpec::NoRepository);
        }
        let drift = spec.drift.as_deref().map(str::parse).transpose()?;
        let config = spec.config.as_deref().map(str::parse).transpose()?;
        let rollback_on = spec.rollback_on.as_ref().map(|reasons| reasons.join(",").parse()).transpose()?;
        deletes(spec)?;
        let namespace = named("targetNamespace", "Namespace", spec.target_namespace.as_ref())?;
        Ok(Self {
            url: spec.repository.trim().to_owned(),
            branch: text(&git_ref.branch, "main"),
            path: text(&spec.path, "."),
            namespace: namespace.unwrap_or_else(|| name.namespace.clone()),
            interval,
            secret: named("secretRef.name", "Secret", spec.secret_ref.as_ref().map(|s| &s.name))?,
            account: named("serviceAccountName", "ServiceAccount", spec.service_account_name.as_ref())?,
            keeps: word("prune", spec.prune.as_deref(), "enabled", "disabled", "enabled or disabled")?,
            drift: drift.unwrap_or_default(),
            rollback: !word("rollback", spec.rollback.as_deref(), "commit", "off", "commit or off")?,
            rollback_on: rollback_on.unwrap_or_default(),
            config: config.unwrap_or_default(),
        })
    }
}

/// Whether the objects go with their Delivery.
///
/// # Errors
/// A word that means nothing.
pub(crate) fn deletes(spec: &DeliverySpec) -> Result<bool, BadSpec> {
    word("deletionPolicy", spec.deletion_policy.as_deref(), "Orphan", "Delete", "Orphan or Delete")
}

/// Whether a field says `other` instead of `usual`, which it also says when it is absent.
fn word(
    field: &'static str,
    said: Option<&str>,
    usual: &str,
    other: &str,
    known: &'static str,
) -> Result<bool, BadSpec> {
    match said {
        None => Ok(false),
        Some(word) if word == usual => Ok(false),
        Some(word) if word == other => Ok(true),
        Some(word) => Err(BadSpec::Word { field, word: word.to_owned(), known }),
    }
}

/// Name of the inventory of the Delivery `name`, whatever its spec says: a label's value, so it is not long.
#[must_use]
pub(crate) fn inventory_name(name: &ObjectName) -> String {
    let digest = digest::sha256_hex(format!("delivery\n{name}").as_bytes());
    let stem: String =
        name.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(30).collect();
    format!("switchback-{}-{}", stem.trim_matches('-'), digest.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::delivery::{GitRef, SecretRef};

    fn web() -> ObjectName {
        ObjectName::new("shop", "web")
    }

    fn spec() -> DeliverySpec {
        DeliverySpec { repository: "https://example.com/shop.git".into(), ..DeliverySpec::default() }
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let wanted = Wanted::of(&web(), &spec()).unwrap();
        assert_eq!((wanted.branch.as_str(), wanted.path.as_str()), ("main", "."));
        assert_eq!((wanted.namespace.as_str(), wanted.interval), ("shop", None));
        assert!(wanted.rollback && !wanted.keeps && wanted.rollback_on == RollbackOn::default());
        let other = DeliverySpec {
            prune: Some("disabled".into()),
            rollback: Some("off".into()),
            interval: Some("2m".into()),
            secret_ref: Some(SecretRef { name: "git".into() }),
            target_namespace: Some("prod".into()),
            ..spec()
        };
        let other = Wanted::of(&web(), &other).unwrap();
        assert!(other.keeps && !other.rollback && other.interval == Some(Duration::from_secs(120)));
        assert_eq!((other.secret.as_deref(), other.namespace.as_str()), (Some("git"), "prod"));
    }

    #[test]
    fn what_nobody_can_act_on_says_what_to_write() {
        let tag = GitRef { tag: Some("v1".into()), ..GitRef::default() };
        for (spec, told) in [
            (DeliverySpec::default(), "write the URL"),
            (DeliverySpec { r#ref: Some(tag), ..spec() }, "spec.ref.tag cannot be delivered"),
            (DeliverySpec { interval: Some("soon".into()), ..spec() }, "write it like 30s"),
            (DeliverySpec { interval: Some("5ms".into()), ..spec() }, "shorter than 1s"),
            (DeliverySpec { drift: Some("fix".into()), ..spec() }, "heal, report or ignore"),
            (DeliverySpec { prune: Some("no".into()), ..spec() }, "enabled or disabled"),
            (DeliverySpec { deletion_policy: Some("delete".into()), ..spec() }, "Orphan or Delete"),
            (DeliverySpec { rollback_on: Some(vec!["rain".into()]), ..spec() }, "`rain` is no reason"),
            (
                DeliverySpec { service_account_name: Some("a:b".into()), ..spec() },
                "no ServiceAccount is called",
            ),
        ] {
            let error = Wanted::of(&web(), &spec).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn an_inventory_is_named_by_its_delivery_alone() {
        let long = "a-very-long-name-of-a-delivery-that-goes-on.and-on-and-on-and-on";
        for name in [web(), ObjectName::new("bank", "web"), ObjectName::new("shop", long)] {
            let inventory = inventory_name(&name);
            assert!(inventory.len() <= 63 && is_label(&inventory), "{inventory}");
        }
        assert_ne!(inventory_name(&web()), inventory_name(&ObjectName::new("bank", "web")));
    }
}
