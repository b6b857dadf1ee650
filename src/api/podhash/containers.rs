//! Decides the order of the fields of containers in Go's types, and when each one is written.
//! It never decides how a value is written; generated from k8s.io/api v0.35 by reflection.

use super::shape::Field;
use super::shape::Shape::{Bool, Int, IntOrText, List, Map, Object, Quantity, Text};
use super::shape::{always, filled, null, set};
use super::volumes::{OBJECT_FIELD_SELECTOR, RESOURCE_FIELD_SELECTOR};

const CONTAINER_PORT: &[Field] = &[
    filled("name", Text),
    filled("hostPort", Int),
    always("containerPort", Int),
    filled("protocol", Text),
    filled("hostIP", Text),
];
const CONFIG_MAP_ENV_SOURCE: &[Field] = &[filled("name", Text), set("optional", Bool)];
const SECRET_ENV_SOURCE: &[Field] = &[filled("name", Text), set("optional", Bool)];
const ENV_FROM_SOURCE: &[Field] = &[
    filled("prefix", Text),
    set("configMapRef", Object(CONFIG_MAP_ENV_SOURCE)),
    set("secretRef", Object(SECRET_ENV_SOURCE)),
];
const CONFIG_MAP_KEY_SELECTOR: &[Field] = &[filled("name", Text), always("key", Text), set("optional", Bool)];
const SECRET_KEY_SELECTOR: &[Field] = &[filled("name", Text), always("key", Text), set("optional", Bool)];
const FILE_KEY_SELECTOR: &[Field] =
    &[always("volumeName", Text), always("path", Text), always("key", Text), set("optional", Bool)];
const ENV_VAR_SOURCE: &[Field] = &[
    set("fieldRef", Object(OBJECT_FIELD_SELECTOR)),
    set("resourceFieldRef", Object(RESOURCE_FIELD_SELECTOR)),
    set("configMapKeyRef", Object(CONFIG_MAP_KEY_SELECTOR)),
    set("secretKeyRef", Object(SECRET_KEY_SELECTOR)),
    set("fileKeyRef", Object(FILE_KEY_SELECTOR)),
];
const ENV_VAR: &[Field] =
    &[always("name", Text), filled("value", Text), set("valueFrom", Object(ENV_VAR_SOURCE))];
const RESOURCE_CLAIM: &[Field] = &[always("name", Text), filled("request", Text)];
pub(super) const RESOURCE_REQUIREMENTS: &[Field] = &[
    filled("limits", Map(&Quantity)),
    filled("requests", Map(&Quantity)),
    filled("claims", List(&Object(RESOURCE_CLAIM))),
];
const CONTAINER_RESIZE_POLICY: &[Field] = &[always("resourceName", Text), always("restartPolicy", Text)];
const CONTAINER_RESTART_RULE_ON_EXIT_CODES: &[Field] =
    &[filled("operator", Text), filled("values", List(&Int))];
const CONTAINER_RESTART_RULE: &[Field] =
    &[filled("action", Text), set("exitCodes", Object(CONTAINER_RESTART_RULE_ON_EXIT_CODES))];
const VOLUME_MOUNT: &[Field] = &[
    always("name", Text),
    filled("readOnly", Bool),
    set("recursiveReadOnly", Text),
    always("mountPath", Text),
    filled("subPath", Text),
    set("mountPropagation", Text),
    filled("subPathExpr", Text),
];
const VOLUME_DEVICE: &[Field] = &[always("name", Text), always("devicePath", Text)];
const EXEC_ACTION: &[Field] = &[filled("command", List(&Text))];
const HTTP_HEADER: &[Field] = &[always("name", Text), always("value", Text)];
const HTTP_GET_ACTION: &[Field] = &[
    filled("path", Text),
    always("port", IntOrText),
    filled("host", Text),
    filled("scheme", Text),
    filled("httpHeaders", List(&Object(HTTP_HEADER))),
];
const TCP_SOCKET_ACTION: &[Field] = &[always("port", IntOrText), filled("host", Text)];
const GRPC_ACTION: &[Field] = &[always("port", Int), null("service", Text)];
const PROBE: &[Field] = &[
    set("exec", Object(EXEC_ACTION)),
    set("httpGet", Object(HTTP_GET_ACTION)),
    set("tcpSocket", Object(TCP_SOCKET_ACTION)),
    set("grpc", Object(GRPC_ACTION)),
    filled("initialDelaySeconds", Int),
    filled("timeoutSeconds", Int),
    filled("periodSeconds", Int),
    filled("successThreshold", Int),
    filled("failureThreshold", Int),
    set("terminationGracePeriodSeconds", Int),
];
const SLEEP_ACTION: &[Field] = &[always("seconds", Int)];
const LIFECYCLE_HANDLER: &[Field] = &[
    set("exec", Object(EXEC_ACTION)),
    set("httpGet", Object(HTTP_GET_ACTION)),
    set("tcpSocket", Object(TCP_SOCKET_ACTION)),
    set("sleep", Object(SLEEP_ACTION)),
];
const LIFECYCLE: &[Field] = &[
    set("postStart", Object(LIFECYCLE_HANDLER)),
    set("preStop", Object(LIFECYCLE_HANDLER)),
    set("stopSignal", Text),
];
const CAPABILITIES: &[Field] = &[filled("add", List(&Text)), filled("drop", List(&Text))];
pub(super) const SE_LINUX_OPTIONS: &[Field] =
    &[filled("user", Text), filled("role", Text), filled("type", Text), filled("level", Text)];
pub(super) const WINDOWS_SECURITY_CONTEXT_OPTIONS: &[Field] = &[
    set("gmsaCredentialSpecName", Text),
    set("gmsaCredentialSpec", Text),
    set("runAsUserName", Text),
    set("hostProcess", Bool),
];
pub(super) const SECCOMP_PROFILE: &[Field] = &[always("type", Text), set("localhostProfile", Text)];
pub(super) const APP_ARMOR_PROFILE: &[Field] = &[always("type", Text), set("localhostProfile", Text)];
const SECURITY_CONTEXT: &[Field] = &[
    set("capabilities", Object(CAPABILITIES)),
    set("privileged", Bool),
    set("seLinuxOptions", Object(SE_LINUX_OPTIONS)),
    set("windowsOptions", Object(WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    set("runAsUser", Int),
    set("runAsGroup", Int),
    set("runAsNonRoot", Bool),
    set("readOnlyRootFilesystem", Bool),
    set("allowPrivilegeEscalation", Bool),
    set("procMount", Text),
    set("seccompProfile", Object(SECCOMP_PROFILE)),
    set("appArmorProfile", Object(APP_ARMOR_PROFILE)),
];
pub(super) const CONTAINER: &[Field] = &[
    always("name", Text),
    filled("image", Text),
    filled("command", List(&Text)),
    filled("args", List(&Text)),
    filled("workingDir", Text),
    filled("ports", List(&Object(CONTAINER_PORT))),
    filled("envFrom", List(&Object(ENV_FROM_SOURCE))),
    filled("env", List(&Object(ENV_VAR))),
    always("resources", Object(RESOURCE_REQUIREMENTS)),
    filled("resizePolicy", List(&Object(CONTAINER_RESIZE_POLICY))),
    set("restartPolicy", Text),
    filled("restartPolicyRules", List(&Object(CONTAINER_RESTART_RULE))),
    filled("volumeMounts", List(&Object(VOLUME_MOUNT))),
    filled("volumeDevices", List(&Object(VOLUME_DEVICE))),
    set("livenessProbe", Object(PROBE)),
    set("readinessProbe", Object(PROBE)),
    set("startupProbe", Object(PROBE)),
    set("lifecycle", Object(LIFECYCLE)),
    filled("terminationMessagePath", Text),
    filled("terminationMessagePolicy", Text),
    filled("imagePullPolicy", Text),
    set("securityContext", Object(SECURITY_CONTEXT)),
    filled("stdin", Bool),
    filled("stdinOnce", Bool),
    filled("tty", Bool),
];
pub(super) const EPHEMERAL_CONTAINER: &[Field] = &[
    always("name", Text),
    filled("image", Text),
    filled("command", List(&Text)),
    filled("args", List(&Text)),
    filled("workingDir", Text),
    filled("ports", List(&Object(CONTAINER_PORT))),
    filled("envFrom", List(&Object(ENV_FROM_SOURCE))),
    filled("env", List(&Object(ENV_VAR))),
    always("resources", Object(RESOURCE_REQUIREMENTS)),
    filled("resizePolicy", List(&Object(CONTAINER_RESIZE_POLICY))),
    set("restartPolicy", Text),
    filled("restartPolicyRules", List(&Object(CONTAINER_RESTART_RULE))),
    filled("volumeMounts", List(&Object(VOLUME_MOUNT))),
    filled("volumeDevices", List(&Object(VOLUME_DEVICE))),
    set("livenessProbe", Object(PROBE)),
    set("readinessProbe", Object(PROBE)),
    set("startupProbe", Object(PROBE)),
    set("lifecycle", Object(LIFECYCLE)),
    filled("terminationMessagePath", Text),
    filled("terminationMessagePolicy", Text),
    filled("imagePullPolicy", Text),
    set("securityContext", Object(SECURITY_CONTEXT)),
    filled("stdin", Bool),
    filled("stdinOnce", Bool),
    filled("tty", Bool),
    filled("targetContainerName", Text),
];
