//! Decides the order of the fields of pod templates in Go's types, and when each one is written.
//! It never decides how a value is written; generated from k8s.io/api v0.35 by reflection.

use super::containers::{
    APP_ARMOR_PROFILE, CONTAINER, EPHEMERAL_CONTAINER, RESOURCE_REQUIREMENTS, SE_LINUX_OPTIONS,
    SECCOMP_PROFILE, WINDOWS_SECURITY_CONTEXT_OPTIONS,
};
use super::shape::Field;
use super::shape::Shape::{Bool, Int, List, Map, Object, Quantity, Text};
use super::shape::{always, filled, set};
use super::volumes::{LABEL_SELECTOR, LOCAL_OBJECT_REFERENCE, OBJECT_META, VOLUME};

const SYSCTL: &[Field] = &[always("name", Text), always("value", Text)];
const POD_SECURITY_CONTEXT: &[Field] = &[
    set("seLinuxOptions", Object(SE_LINUX_OPTIONS)),
    set("windowsOptions", Object(WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    set("runAsUser", Int),
    set("runAsGroup", Int),
    set("runAsNonRoot", Bool),
    filled("supplementalGroups", List(&Int)),
    set("supplementalGroupsPolicy", Text),
    set("fsGroup", Int),
    filled("sysctls", List(&Object(SYSCTL))),
    set("fsGroupChangePolicy", Text),
    set("seccompProfile", Object(SECCOMP_PROFILE)),
    set("appArmorProfile", Object(APP_ARMOR_PROFILE)),
    set("seLinuxChangePolicy", Text),
];
const NODE_SELECTOR_REQUIREMENT: &[Field] =
    &[always("key", Text), always("operator", Text), filled("values", List(&Text))];
const NODE_SELECTOR_TERM: &[Field] = &[
    filled("matchExpressions", List(&Object(NODE_SELECTOR_REQUIREMENT))),
    filled("matchFields", List(&Object(NODE_SELECTOR_REQUIREMENT))),
];
const NODE_SELECTOR: &[Field] = &[always("nodeSelectorTerms", List(&Object(NODE_SELECTOR_TERM)))];
const PREFERRED_SCHEDULING_TERM: &[Field] =
    &[always("weight", Int), always("preference", Object(NODE_SELECTOR_TERM))];
const NODE_AFFINITY: &[Field] = &[
    set("requiredDuringSchedulingIgnoredDuringExecution", Object(NODE_SELECTOR)),
    filled("preferredDuringSchedulingIgnoredDuringExecution", List(&Object(PREFERRED_SCHEDULING_TERM))),
];
const POD_AFFINITY_TERM: &[Field] = &[
    set("labelSelector", Object(LABEL_SELECTOR)),
    filled("namespaces", List(&Text)),
    always("topologyKey", Text),
    set("namespaceSelector", Object(LABEL_SELECTOR)),
    filled("matchLabelKeys", List(&Text)),
    filled("mismatchLabelKeys", List(&Text)),
];
const WEIGHTED_POD_AFFINITY_TERM: &[Field] =
    &[always("weight", Int), always("podAffinityTerm", Object(POD_AFFINITY_TERM))];
const POD_AFFINITY: &[Field] = &[
    filled("requiredDuringSchedulingIgnoredDuringExecution", List(&Object(POD_AFFINITY_TERM))),
    filled("preferredDuringSchedulingIgnoredDuringExecution", List(&Object(WEIGHTED_POD_AFFINITY_TERM))),
];
const POD_ANTI_AFFINITY: &[Field] = &[
    filled("requiredDuringSchedulingIgnoredDuringExecution", List(&Object(POD_AFFINITY_TERM))),
    filled("preferredDuringSchedulingIgnoredDuringExecution", List(&Object(WEIGHTED_POD_AFFINITY_TERM))),
];
const AFFINITY: &[Field] = &[
    set("nodeAffinity", Object(NODE_AFFINITY)),
    set("podAffinity", Object(POD_AFFINITY)),
    set("podAntiAffinity", Object(POD_ANTI_AFFINITY)),
];
const TOLERATION: &[Field] = &[
    filled("key", Text),
    filled("operator", Text),
    filled("value", Text),
    filled("effect", Text),
    set("tolerationSeconds", Int),
];
const HOST_ALIAS: &[Field] = &[always("ip", Text), filled("hostnames", List(&Text))];
const POD_DNS_CONFIG_OPTION: &[Field] = &[filled("name", Text), set("value", Text)];
const POD_DNS_CONFIG: &[Field] = &[
    filled("nameservers", List(&Text)),
    filled("searches", List(&Text)),
    filled("options", List(&Object(POD_DNS_CONFIG_OPTION))),
];
const POD_READINESS_GATE: &[Field] = &[always("conditionType", Text)];
const TOPOLOGY_SPREAD_CONSTRAINT: &[Field] = &[
    always("maxSkew", Int),
    always("topologyKey", Text),
    always("whenUnsatisfiable", Text),
    set("labelSelector", Object(LABEL_SELECTOR)),
    set("minDomains", Int),
    set("nodeAffinityPolicy", Text),
    set("nodeTaintsPolicy", Text),
    filled("matchLabelKeys", List(&Text)),
];
const POD_OS: &[Field] = &[always("name", Text)];
const POD_SCHEDULING_GATE: &[Field] = &[always("name", Text)];
const POD_RESOURCE_CLAIM: &[Field] =
    &[always("name", Text), set("resourceClaimName", Text), set("resourceClaimTemplateName", Text)];
const WORKLOAD_REFERENCE: &[Field] =
    &[always("name", Text), always("podGroup", Text), filled("podGroupReplicaKey", Text)];
const POD_SPEC: &[Field] = &[
    filled("volumes", List(&Object(VOLUME))),
    filled("initContainers", List(&Object(CONTAINER))),
    always("containers", List(&Object(CONTAINER))),
    filled("ephemeralContainers", List(&Object(EPHEMERAL_CONTAINER))),
    filled("restartPolicy", Text),
    set("terminationGracePeriodSeconds", Int),
    set("activeDeadlineSeconds", Int),
    filled("dnsPolicy", Text),
    filled("nodeSelector", Map(&Text)),
    filled("serviceAccountName", Text),
    filled("serviceAccount", Text),
    set("automountServiceAccountToken", Bool),
    filled("nodeName", Text),
    filled("hostNetwork", Bool),
    filled("hostPID", Bool),
    filled("hostIPC", Bool),
    set("shareProcessNamespace", Bool),
    set("securityContext", Object(POD_SECURITY_CONTEXT)),
    filled("imagePullSecrets", List(&Object(LOCAL_OBJECT_REFERENCE))),
    filled("hostname", Text),
    filled("subdomain", Text),
    set("affinity", Object(AFFINITY)),
    filled("schedulerName", Text),
    filled("tolerations", List(&Object(TOLERATION))),
    filled("hostAliases", List(&Object(HOST_ALIAS))),
    filled("priorityClassName", Text),
    set("priority", Int),
    set("dnsConfig", Object(POD_DNS_CONFIG)),
    filled("readinessGates", List(&Object(POD_READINESS_GATE))),
    set("runtimeClassName", Text),
    set("enableServiceLinks", Bool),
    set("preemptionPolicy", Text),
    filled("overhead", Map(&Quantity)),
    filled("topologySpreadConstraints", List(&Object(TOPOLOGY_SPREAD_CONSTRAINT))),
    set("setHostnameAsFQDN", Bool),
    set("os", Object(POD_OS)),
    set("hostUsers", Bool),
    filled("schedulingGates", List(&Object(POD_SCHEDULING_GATE))),
    filled("resourceClaims", List(&Object(POD_RESOURCE_CLAIM))),
    set("resources", Object(RESOURCE_REQUIREMENTS)),
    set("hostnameOverride", Text),
    set("workloadRef", Object(WORKLOAD_REFERENCE)),
];
pub(super) const POD_TEMPLATE_SPEC: &[Field] =
    &[always("metadata", Object(OBJECT_META)), always("spec", Object(POD_SPEC))];
