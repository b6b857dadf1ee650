//! Decides how the labels and annotations on the wire are spelt, Argo Rollouts' and our own.
//! It never decides who writes them.

/// API group and version of Rollouts and analyses.
pub const ARGO: &str = "argoproj.io/v1alpha1";

/// Label on ReplicaSets, pods and runs, and key in Service selectors: the identity of a revision.
pub const POD_HASH: &str = "rollouts-pod-template-hash";
/// Annotation on ReplicaSets, written by Argo Rollouts: the labels and annotations that it has put into the template.
pub const EPHEMERAL_METADATA: &str = "rollout.argoproj.io/ephemeral-metadata";
/// Annotation on Rollouts, ReplicaSets and runs: the revision number.
pub const REVISION: &str = "rollout.argoproj.io/revision";
/// Annotation on ReplicaSets: the numbers it had before, separated by commas.
pub const REVISION_HISTORY: &str = "rollout.argoproj.io/revision-history";
/// Annotation on ReplicaSets: `spec.replicas` of the Rollout when it was last scaled.
pub const DESIRED_REPLICAS: &str = "rollout.argoproj.io/desired-replicas";
/// Annotation on Rollouts: generation of the workload they refer to.
pub const WORKLOAD_GENERATION: &str = "rollout.argoproj.io/workload-generation";
/// Annotation on ReplicaSets: when it is to be scaled to zero, RFC 3339.
pub const SCALE_DOWN_DEADLINE: &str = "scale-down-deadline";
/// Annotation on Services: the Rollout that moves its selector.
pub const MANAGED_BY: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";
/// Label that assigns an object to one controller of several.
pub const INSTANCE_ID: &str = "argo-rollouts.argoproj.io/controller-instance-id";
/// Label on AnalysisRuns: `Step`, `Background`, `PrePromotion` or `PostPromotion`.
pub const RUN_TYPE: &str = "rollout-type";
/// Label on AnalysisRuns of a step: its index.
pub const STEP_INDEX: &str = "step-index";
/// Label on Jobs: the uid of the AnalysisRun that made them.
pub const JOB_RUN_UID: &str = "analysisrun.argoproj.io/uid";
/// Annotation on Jobs: the AnalysisRun that made them.
pub const JOB_RUN_NAME: &str = "analysisrun.argoproj.io/name";
/// Annotation on Jobs: the namespace of the AnalysisRun that made them.
pub const JOB_RUN_NAMESPACE: &str = "analysisrun.argoproj.io/namespace";
/// Annotation on Jobs: the metric they measure.
pub const JOB_METRIC: &str = "analysisrun.argoproj.io/metric-name";
/// Annotation that kubectl keeps of what it applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Annotation of Argo's notification engine; never copied.
pub const NOTIFIED: &str = "notified.notifications.argoproj.io";

/// Annotation of ours on Rollouts (and by copy on ReplicaSets): the commit this revision came from.
pub const COMMIT: &str = "switchback.dev/commit";
/// Annotation of ours on Rollouts (and by copy on ReplicaSets): subject and author of that commit.
pub const COMMIT_SUBJECT: &str = "switchback.dev/commit-subject";
/// Annotation of ours on Rollouts: a request to go back in Git, `FROM->TO` as revision numbers.
pub const UNDO: &str = "switchback.dev/undo";
/// Annotation of a Rollout: the reasons, separated by commas, for which Git goes back; instead of those of the delivery.
pub const ROLLBACK_ON: &str = "switchback.dev/rollback-on";
/// Annotation of a Rollout, written by people: `disabled` or `enabled`, whether pods that cannot run abort its update at
/// once; without it that is so for Rollouts that Git delivers.
pub const FAIL_FAST: &str = "switchback.dev/fail-fast";
/// Annotation of ours on ReplicaSets: what its template says itself under keys that its role has taken, as JSON.
pub const COVERED_METADATA: &str = "switchback.dev/covered-metadata";
/// Annotation of ours on ReplicaSets: what its pods may still lack of a change of role, as the JSON of a merge patch.
pub const STALE_METADATA: &str = "switchback.dev/stale-metadata";
/// Annotation of ours on Rollouts: why the delivery holds it until a person acts.
pub const HELD: &str = "switchback.dev/held";
/// Annotation of ours on every object we apply: the inventory it belongs to.
pub const SOURCE: &str = "switchback.dev/source";
/// Annotation of ours on objects that others had made before they were first applied: inventories know it too, but get lost.
pub const ADOPTED: &str = "switchback.dev/adopted";
/// Annotation of ours on any object, written by people: `disabled` or `enabled`, whether it goes when it leaves Git.
pub const PRUNE: &str = "switchback.dev/prune";
/// Annotation of ours on any object, written by people: `heal`, `report` or `ignore`, what is done when others change it.
pub const DRIFT: &str = "switchback.dev/drift";
/// Label of ours on every object we apply: the same, so that what somebody changes of it is noticed.
pub const DELIVERY: &str = "switchback.dev/delivery";
/// Label of ours on the Lease of a delivery that a process of its own makes: its name.
pub const LEASE_OF: &str = "switchback.dev/lease-of";
/// Annotation of a Rollout: `versioned` or `plain`, how its ConfigMaps and Secrets reach its pods; instead of the delivery's
/// way. On a ConfigMap or a Secret `plain` says that it keeps its name whoever uses it.
pub const CONFIG: &str = "switchback.dev/config";
/// Annotation of ours on a ConfigMap or a Secret that is applied under a name with its content's hash: its name in Git.
pub const CONFIG_OF: &str = "switchback.dev/config-of";
/// Annotation of ours on a Delivery, written by people: any word; another one asks for it to be reconciled now.
pub const REQUESTED: &str = "switchback.dev/requested-at";
/// Finalizer of ours on a Delivery whose objects go with it.
pub const DELETES: &str = "switchback.dev/delete-objects";
/// Prefix of all our annotations and labels.
pub const OWN_PREFIX: &str = "switchback.dev/";

/// Who we are where the cluster notes who set a field.
pub const FIELD_MANAGER: &str = "switchback";
/// The same of Argo Rollouts' controller: the name of its program (source: client-go rest/config.go,
/// `DefaultKubernetesUserAgent`).
pub const ARGO_FIELD_MANAGER: &str = "rollouts-controller";
/// Kind of the events' source, as Argo Rollouts names itself, so that existing filters keep working.
pub const EVENT_COMPONENT: &str = "rollouts-controller";
