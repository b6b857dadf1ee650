//! Decides the order of the fields of volumes in Go's types, and when each one is written.
//! It never decides how a value is written; generated from k8s.io/api v0.35 by reflection.

use super::shape::Field;
use super::shape::Shape::{Bool, Int, List, Map, Object, Quantity, Raw, Text, Time};
use super::shape::{always, filled, null, set};

const OWNER_REFERENCE: &[Field] = &[
    always("apiVersion", Text),
    always("kind", Text),
    always("name", Text),
    always("uid", Text),
    set("controller", Bool),
    set("blockOwnerDeletion", Bool),
];
const MANAGED_FIELDS_ENTRY: &[Field] = &[
    filled("manager", Text),
    filled("operation", Text),
    filled("apiVersion", Text),
    set("time", Time),
    filled("fieldsType", Text),
    set("fieldsV1", Raw),
    filled("subresource", Text),
];
pub(super) const OBJECT_META: &[Field] = &[
    filled("name", Text),
    filled("generateName", Text),
    filled("namespace", Text),
    filled("selfLink", Text),
    filled("uid", Text),
    filled("resourceVersion", Text),
    filled("generation", Int),
    filled("creationTimestamp", Time),
    set("deletionTimestamp", Time),
    set("deletionGracePeriodSeconds", Int),
    filled("labels", Map(&Text)),
    filled("annotations", Map(&Text)),
    filled("ownerReferences", List(&Object(OWNER_REFERENCE))),
    filled("finalizers", List(&Text)),
    filled("managedFields", List(&Object(MANAGED_FIELDS_ENTRY))),
];
const HOST_PATH_VOLUME_SOURCE: &[Field] = &[always("path", Text), set("type", Text)];
const EMPTY_DIR_VOLUME_SOURCE: &[Field] = &[filled("medium", Text), set("sizeLimit", Quantity)];
const GCE_PERSISTENT_DISK_VOLUME_SOURCE: &[Field] =
    &[always("pdName", Text), filled("fsType", Text), filled("partition", Int), filled("readOnly", Bool)];
const AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: &[Field] =
    &[always("volumeID", Text), filled("fsType", Text), filled("partition", Int), filled("readOnly", Bool)];
const GIT_REPO_VOLUME_SOURCE: &[Field] =
    &[always("repository", Text), filled("revision", Text), filled("directory", Text)];
const KEY_TO_PATH: &[Field] = &[always("key", Text), always("path", Text), set("mode", Int)];
const SECRET_VOLUME_SOURCE: &[Field] = &[
    filled("secretName", Text),
    filled("items", List(&Object(KEY_TO_PATH))),
    set("defaultMode", Int),
    set("optional", Bool),
];
const NFS_VOLUME_SOURCE: &[Field] = &[always("server", Text), always("path", Text), filled("readOnly", Bool)];
pub(super) const LOCAL_OBJECT_REFERENCE: &[Field] = &[filled("name", Text)];
const ISCSI_VOLUME_SOURCE: &[Field] = &[
    always("targetPortal", Text),
    always("iqn", Text),
    always("lun", Int),
    filled("iscsiInterface", Text),
    filled("fsType", Text),
    filled("readOnly", Bool),
    filled("portals", List(&Text)),
    filled("chapAuthDiscovery", Bool),
    filled("chapAuthSession", Bool),
    set("secretRef", Object(LOCAL_OBJECT_REFERENCE)),
    set("initiatorName", Text),
];
const GLUSTERFS_VOLUME_SOURCE: &[Field] =
    &[always("endpoints", Text), always("path", Text), filled("readOnly", Bool)];
const PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: &[Field] =
    &[always("claimName", Text), filled("readOnly", Bool)];
const RBD_VOLUME_SOURCE: &[Field] = &[
    always("monitors", List(&Text)),
    always("image", Text),
    filled("fsType", Text),
    filled("pool", Text),
    filled("user", Text),
    filled("keyring", Text),
    set("secretRef", Object(LOCAL_OBJECT_REFERENCE)),
    filled("readOnly", Bool),
];
const FLEX_VOLUME_SOURCE: &[Field] = &[
    always("driver", Text),
    filled("fsType", Text),
    set("secretRef", Object(LOCAL_OBJECT_REFERENCE)),
    filled("readOnly", Bool),
    filled("options", Map(&Text)),
];
const CINDER_VOLUME_SOURCE: &[Field] = &[
    always("volumeID", Text),
    filled("fsType", Text),
    filled("readOnly", Bool),
    set("secretRef", Object(LOCAL_OBJECT_REFERENCE)),
];
const CEPH_FS_VOLUME_SOURCE: &[Field] = &[
    always("monitors", List(&Text)),
    filled("path", Text),
    filled("user", Text),
    filled("secretFile", Text),
    set("secretRef", Object(LOCAL_OBJECT_REFERENCE)),
    filled("readOnly", Bool),
];
const FLOCKER_VOLUME_SOURCE: &[Field] = &[filled("datasetName", Text), filled("datasetUUID", Text)];
pub(super) const OBJECT_FIELD_SELECTOR: &[Field] = &[filled("apiVersion", Text), always("fieldPath", Text)];
pub(super) const RESOURCE_FIELD_SELECTOR: &[Field] =
    &[filled("containerName", Text), always("resource", Text), always("divisor", Quantity)];
const DOWNWARD_API_VOLUME_FILE: &[Field] = &[
    always("path", Text),
    set("fieldRef", Object(OBJECT_FIELD_SELECTOR)),
    set("resourceFieldRef", Object(RESOURCE_FIELD_SELECTOR)),
    set("mode", Int),
];
const DOWNWARD_API_VOLUME_SOURCE: &[Field] =
    &[filled("items", List(&Object(DOWNWARD_API_VOLUME_FILE))), set("defaultMode", Int)];
const FC_VOLUME_SOURCE: &[Field] = &[
    filled("targetWWNs", List(&Text)),
    set("lun", Int),
    filled("fsType", Text),
    filled("readOnly", Bool),
    filled("wwids", List(&Text)),
];
const AZURE_FILE_VOLUME_SOURCE: &[Field] =
    &[always("secretName", Text), always("shareName", Text), filled("readOnly", Bool)];
const CONFIG_MAP_VOLUME_SOURCE: &[Field] = &[
    filled("name", Text),
    filled("items", List(&Object(KEY_TO_PATH))),
    set("defaultMode", Int),
    set("optional", Bool),
];
const VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: &[Field] = &[
    always("volumePath", Text),
    filled("fsType", Text),
    filled("storagePolicyName", Text),
    filled("storagePolicyID", Text),
];
const QUOBYTE_VOLUME_SOURCE: &[Field] = &[
    always("registry", Text),
    always("volume", Text),
    filled("readOnly", Bool),
    filled("user", Text),
    filled("group", Text),
    filled("tenant", Text),
];
const AZURE_DISK_VOLUME_SOURCE: &[Field] = &[
    always("diskName", Text),
    always("diskURI", Text),
    set("cachingMode", Text),
    set("fsType", Text),
    set("readOnly", Bool),
    set("kind", Text),
];
const PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: &[Field] = &[always("pdID", Text), filled("fsType", Text)];
const SECRET_PROJECTION: &[Field] =
    &[filled("name", Text), filled("items", List(&Object(KEY_TO_PATH))), set("optional", Bool)];
const DOWNWARD_API_PROJECTION: &[Field] = &[filled("items", List(&Object(DOWNWARD_API_VOLUME_FILE)))];
const CONFIG_MAP_PROJECTION: &[Field] =
    &[filled("name", Text), filled("items", List(&Object(KEY_TO_PATH))), set("optional", Bool)];
const SERVICE_ACCOUNT_TOKEN_PROJECTION: &[Field] =
    &[filled("audience", Text), set("expirationSeconds", Int), always("path", Text)];
const LABEL_SELECTOR_REQUIREMENT: &[Field] =
    &[always("key", Text), always("operator", Text), filled("values", List(&Text))];
pub(super) const LABEL_SELECTOR: &[Field] = &[
    filled("matchLabels", Map(&Text)),
    filled("matchExpressions", List(&Object(LABEL_SELECTOR_REQUIREMENT))),
];
const CLUSTER_TRUST_BUNDLE_PROJECTION: &[Field] = &[
    set("name", Text),
    set("signerName", Text),
    set("labelSelector", Object(LABEL_SELECTOR)),
    set("optional", Bool),
    always("path", Text),
];
const POD_CERTIFICATE_PROJECTION: &[Field] = &[
    filled("signerName", Text),
    filled("keyType", Text),
    set("maxExpirationSeconds", Int),
    filled("credentialBundlePath", Text),
    filled("keyPath", Text),
    filled("certificateChainPath", Text),
    filled("userAnnotations", Map(&Text)),
];
const VOLUME_PROJECTION: &[Field] = &[
    set("secret", Object(SECRET_PROJECTION)),
    set("downwardAPI", Object(DOWNWARD_API_PROJECTION)),
    set("configMap", Object(CONFIG_MAP_PROJECTION)),
    set("serviceAccountToken", Object(SERVICE_ACCOUNT_TOKEN_PROJECTION)),
    set("clusterTrustBundle", Object(CLUSTER_TRUST_BUNDLE_PROJECTION)),
    set("podCertificate", Object(POD_CERTIFICATE_PROJECTION)),
];
const PROJECTED_VOLUME_SOURCE: &[Field] =
    &[always("sources", List(&Object(VOLUME_PROJECTION))), set("defaultMode", Int)];
const PORTWORX_VOLUME_SOURCE: &[Field] =
    &[always("volumeID", Text), filled("fsType", Text), filled("readOnly", Bool)];
const SCALE_IO_VOLUME_SOURCE: &[Field] = &[
    always("gateway", Text),
    always("system", Text),
    null("secretRef", Object(LOCAL_OBJECT_REFERENCE)),
    filled("sslEnabled", Bool),
    filled("protectionDomain", Text),
    filled("storagePool", Text),
    filled("storageMode", Text),
    filled("volumeName", Text),
    filled("fsType", Text),
    filled("readOnly", Bool),
];
const STORAGE_OS_VOLUME_SOURCE: &[Field] = &[
    filled("volumeName", Text),
    filled("volumeNamespace", Text),
    filled("fsType", Text),
    filled("readOnly", Bool),
    set("secretRef", Object(LOCAL_OBJECT_REFERENCE)),
];
const CSI_VOLUME_SOURCE: &[Field] = &[
    always("driver", Text),
    set("readOnly", Bool),
    set("fsType", Text),
    filled("volumeAttributes", Map(&Text)),
    set("nodePublishSecretRef", Object(LOCAL_OBJECT_REFERENCE)),
];
const VOLUME_RESOURCE_REQUIREMENTS: &[Field] =
    &[filled("limits", Map(&Quantity)), filled("requests", Map(&Quantity))];
const TYPED_LOCAL_OBJECT_REFERENCE: &[Field] =
    &[null("apiGroup", Text), always("kind", Text), always("name", Text)];
const TYPED_OBJECT_REFERENCE: &[Field] =
    &[null("apiGroup", Text), always("kind", Text), always("name", Text), set("namespace", Text)];
const PERSISTENT_VOLUME_CLAIM_SPEC: &[Field] = &[
    filled("accessModes", List(&Text)),
    set("selector", Object(LABEL_SELECTOR)),
    always("resources", Object(VOLUME_RESOURCE_REQUIREMENTS)),
    filled("volumeName", Text),
    set("storageClassName", Text),
    set("volumeMode", Text),
    set("dataSource", Object(TYPED_LOCAL_OBJECT_REFERENCE)),
    set("dataSourceRef", Object(TYPED_OBJECT_REFERENCE)),
    set("volumeAttributesClassName", Text),
];
const PERSISTENT_VOLUME_CLAIM_TEMPLATE: &[Field] =
    &[always("metadata", Object(OBJECT_META)), always("spec", Object(PERSISTENT_VOLUME_CLAIM_SPEC))];
const EPHEMERAL_VOLUME_SOURCE: &[Field] =
    &[set("volumeClaimTemplate", Object(PERSISTENT_VOLUME_CLAIM_TEMPLATE))];
const IMAGE_VOLUME_SOURCE: &[Field] = &[filled("reference", Text), filled("pullPolicy", Text)];
pub(super) const VOLUME: &[Field] = &[
    always("name", Text),
    set("hostPath", Object(HOST_PATH_VOLUME_SOURCE)),
    set("emptyDir", Object(EMPTY_DIR_VOLUME_SOURCE)),
    set("gcePersistentDisk", Object(GCE_PERSISTENT_DISK_VOLUME_SOURCE)),
    set("awsElasticBlockStore", Object(AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE)),
    set("gitRepo", Object(GIT_REPO_VOLUME_SOURCE)),
    set("secret", Object(SECRET_VOLUME_SOURCE)),
    set("nfs", Object(NFS_VOLUME_SOURCE)),
    set("iscsi", Object(ISCSI_VOLUME_SOURCE)),
    set("glusterfs", Object(GLUSTERFS_VOLUME_SOURCE)),
    set("persistentVolumeClaim", Object(PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE)),
    set("rbd", Object(RBD_VOLUME_SOURCE)),
    set("flexVolume", Object(FLEX_VOLUME_SOURCE)),
    set("cinder", Object(CINDER_VOLUME_SOURCE)),
    set("cephfs", Object(CEPH_FS_VOLUME_SOURCE)),
    set("flocker", Object(FLOCKER_VOLUME_SOURCE)),
    set("downwardAPI", Object(DOWNWARD_API_VOLUME_SOURCE)),
    set("fc", Object(FC_VOLUME_SOURCE)),
    set("azureFile", Object(AZURE_FILE_VOLUME_SOURCE)),
    set("configMap", Object(CONFIG_MAP_VOLUME_SOURCE)),
    set("vsphereVolume", Object(VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE)),
    set("quobyte", Object(QUOBYTE_VOLUME_SOURCE)),
    set("azureDisk", Object(AZURE_DISK_VOLUME_SOURCE)),
    set("photonPersistentDisk", Object(PHOTON_PERSISTENT_DISK_VOLUME_SOURCE)),
    set("projected", Object(PROJECTED_VOLUME_SOURCE)),
    set("portworxVolume", Object(PORTWORX_VOLUME_SOURCE)),
    set("scaleIO", Object(SCALE_IO_VOLUME_SOURCE)),
    set("storageos", Object(STORAGE_OS_VOLUME_SOURCE)),
    set("csi", Object(CSI_VOLUME_SOURCE)),
    set("ephemeral", Object(EPHEMERAL_VOLUME_SOURCE)),
    set("image", Object(IMAGE_VOLUME_SOURCE)),
];
