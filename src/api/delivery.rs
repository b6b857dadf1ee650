//! Decides the shape of a Delivery: `switchback.dev/v1alpha1`, what is brought from where to the cluster, and how that
//! stands. It never decides what a field means; `logic::delivery` does.

use crate::meta::Meta;
use crate::time::Time;
use crate::word::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// API group and version of Deliveries.
pub const VERSION: &str = "switchback.dev/v1alpha1";
/// Their kind.
pub const KIND: &str = "Delivery";

/// A Delivery as it is read from the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Metadata.
    #[serde(default)]
    pub metadata: Meta,
    /// What is wanted.
    pub spec: DeliverySpec,
    /// How it stands.
    #[serde(default)]
    pub status: DeliveryStatus,
}

/// What is brought from where to the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliverySpec {
    /// URL of the repository.
    #[schemars(length(min = 1))]
    pub repository: String,
    /// What of it; the branch `main` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<GitRef>,
    /// Folder of the manifests; the whole repository when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often the repository is asked, such as `30s`; as the engine was told when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"))]
    pub interval: Option<String>,
    /// Secret in the namespace of the Delivery with `username` and `password`, `token`, or `ssh-privatekey`; and `known_hosts`
    /// and `ca.crt`, the ssh servers and the authority of https servers that are trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Namespace of objects that name none; that of the Delivery when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_namespace: Option<String>,
    /// ServiceAccount in the namespace of the Delivery in whose name objects are read and written; the engine's own
    /// rights, or those of its default account, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Whether objects that leave Git go: `enabled` (when absent) or `disabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["enabled", "disabled"]))]
    pub prune: Option<String>,
    /// What is done about objects that others change: `heal` (when absent), `report` or `ignore`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["heal", "report", "ignore"]))]
    pub drift: Option<String>,
    /// Whether failed revisions go back in Git: `commit` (when absent) or `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["commit", "off"]))]
    pub rollback: Option<String>,
    /// For which reasons they do: some of `failed`, `error`, `deadline`, `abort`, `undo`; all but `error` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(inner(regex(pattern = r"^(failed|error|deadline|abort|undo)$")))]
    pub rollback_on: Option<Vec<String>>,
    /// How ConfigMaps and Secrets reach the pods of Rollouts: `plain` (when absent) or `versioned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["plain", "versioned"]))]
    pub config: Option<String>,
    /// What becomes of the objects when the Delivery is deleted: they stay (`Orphan`, when absent), or go with it (`Delete`)
    /// as if they had left Git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Orphan", "Delete"]))]
    pub deletion_policy: Option<String>,
    /// Deliveries that have to be ready before this one begins, and before each new commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// Whether it is left alone until this is taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// What of a repository is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GitRef {
    /// A branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A tag; refused, because a revert could not be pushed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// A commit; refused for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// An object in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretRef {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// Another Delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Its namespace; the same when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// How a Delivery stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliveryStatus {
    /// The generation of the spec that this is about.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// `Ready` always, `Reconciling` and `Stalled` while they are so, as kstatus reads them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<DeliveryCondition>,
    /// The commit seen at the head of the branch.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub observed_commit: String,
    /// The commit that was to be applied last.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_attempted_commit: String,
    /// The commit that was applied last.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_applied_commit: String,
    /// Commits that are not applied again, by their first digits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fenced_commits: Vec<String>,
    /// What Git still has to take back: waiting to be made, or made and not pushed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_revert: Option<OwedRevert>,
    /// Rollouts that are held until a person acts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_rollouts: Vec<HeldRollout>,
    /// What was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventoryDigest>,
    /// What was applied or failed lately, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// The request to reconcile that was answered last.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_handled_request: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks so
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// What Git still has to take back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OwedRevert {
    /// The revert commit, by its first digits, when it is made and could not be pushed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// The commits it takes back, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reverts: Vec<String>,
    /// The Rollouts that a revert is still to be made for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<RolloutRef>,
    /// What it waits for.
    pub message: String,
}

/// A Rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RolloutRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A Rollout that is held until a person acts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HeldRollout {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Why, and what to do.
    pub message: String,
}

/// What was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InventoryDigest {
    /// The Secret in the namespace of the Delivery that holds it.
    pub name: String,
    /// Number of objects.
    pub objects: i64,
    /// Changes when other objects are applied.
    pub digest: String,
}

words! {
    /// What came of a commit.
    pub enum CommitOutcome {
        /// It was applied.
        Applied,
        /// It could not be applied, at least not whole.
        Failed,
        /// It was applied, and went back.
        Reverted,
    }
}

impl Default for CommitOutcome {
    /// Nobody said.
    fn default() -> Self {
        Self::Other(String::new())
    }
}

/// One commit of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistoryEntry {
    /// The commit.
    pub commit: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// What came of it.
    pub outcome: CommitOutcome,
}

words! {
    /// What a condition of a Delivery is about, as kstatus has it.
    pub enum DeliveryConditionType {
        /// The head is applied whole, and nothing is held or waits to go back.
        Ready,
        /// It is not, but it will be tried again by itself.
        Reconciling,
        /// It is not, until a person acts.
        Stalled,
    }
}

words! {
    /// Why a condition of a Delivery is as it is; other reasons are the codes of errors.
    pub enum DeliveryReason {
        /// The head is applied.
        Applied,
        /// It was not reconciled yet.
        Pending,
        /// Somebody has said that it is left alone.
        Suspended,
        /// The spec cannot be acted on.
        InvalidSpec,
        /// Another Delivery has to be ready first.
        DependencyNotReady,
        /// Deliveries wait for each other.
        DependencyCycle,
        /// Whoever it acts as lacks a right.
        Forbidden,
        /// The Secret is not there, or holds no credentials.
        NoCredentials,
        /// Rollouts are held until a person acts.
        RolloutsHeld,
        /// A revert waits to be made or to be pushed.
        RevertPending,
    }
}

/// One condition of a Delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryCondition {
    /// Type.
    pub r#type: DeliveryConditionType,
    /// `True`, `False` or `Unknown`.
    pub status: crate::condition::ConditionStatus,
    /// A word that programs read.
    pub reason: DeliveryReason,
    /// A sentence that people read.
    #[serde(default)]
    pub message: String,
    /// The generation of the spec that this is about.
    #[serde(default)]
    pub observed_generation: i64,
    /// When its status last changed.
    pub last_transition_time: Time,
}

impl DeliveryStatus {
    /// The condition of a type, if it has it.
    #[must_use]
    pub fn condition(&self, of: &DeliveryConditionType) -> Option<&DeliveryCondition> {
        self.conditions.iter().find(|c| c.r#type == *of)
    }

    /// Whether it is ready, as of `generation` of its spec.
    #[must_use]
    pub fn is_ready(&self, generation: i64) -> bool {
        let ready = self.condition(&DeliveryConditionType::Ready);
        let is_true = ready.is_some_and(|c| c.status == crate::condition::ConditionStatus::True);
        self.observed_generation == generation && is_true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_ready_only_as_of_the_generation_that_was_looked_at() {
        let wire = json!({"metadata": {"generation": 3}, "spec": {"repository": "r"}, "status": {
            "observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True", "reason": "Applied",
            "observedGeneration": 2, "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        let read: Delivery = serde_json::from_value(wire.clone()).unwrap();
        assert!(read.status.is_ready(2) && !read.status.is_ready(3));
        assert_eq!(serde_json::to_value(&read.status).unwrap(), wire["status"]);
    }
}
