//! Decides whose rules hold for a pod, where Kubernetes' server and Argo Rollouts differ.
//! It never holds a rule itself.

/// Who looks at a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Argo Rollouts, which asks an older Kubernetes and leaves new rules off
    /// (source: argo-rollouts, validation.go, `allowAllPodValidationOptions`).
    Argo,
    /// The API server, which looks at a template.
    Server,
    /// The API server, which looks at a pod.
    ServerPod,
}

impl Rules {
    /// Whether what newer versions allow is allowed.
    #[must_use]
    pub(crate) fn are_new(self) -> bool {
        self != Self::Argo
    }

    /// Whether the pod itself is looked at and not a template of it.
    #[must_use]
    pub(crate) fn are_of_a_pod(self) -> bool {
        self == Self::ServerPod
    }
}
