//! Decides the defaults of volumes in pods, of claims, persistent volumes and storage classes.
//! It never decides which storage class a claim without one gets; that is admission.

use super::fill::{Fields, made, object, objects, pointer, quantity, resource_list, text};
use serde_json::{Value, json};

/// A volume of a pod. One without a source is an empty directory
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_Volume`).
pub(super) fn pod_volume(volume: &mut Fields) {
    if volume.iter().all(|(key, value)| key == "name" || value.is_null()) {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for kind in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = object(volume, kind) {
            pointer(source, "defaultMode", 420.into());
        }
    }
    if let Some(source) = object(volume, "downwardAPI") {
        field_refs(source);
    }
    if let Some(projected) = object(volume, "projected") {
        for source in objects(projected, "sources") {
            if let Some(token) = object(source, "serviceAccountToken") {
                pointer(token, "expirationSeconds", 3600.into());
            }
            if let Some(api) = object(source, "downwardAPI") {
                field_refs(api);
            }
        }
    }
    if let Some(image) = object(volume, "image") {
        let policy = super::image::pull_policy(super::fill::str_at(image, "reference"));
        text(image, "pullPolicy", policy);
    }
    let claim = object(volume, "ephemeral").and_then(|source| object(source, "volumeClaimTemplate"));
    if let Some(spec) = claim.and_then(|claim| object(claim, "spec")) {
        claim_spec(spec);
    }
    sources(volume);
}

fn field_refs(source: &mut Fields) {
    for item in objects(source, "items") {
        if let Some(reference) = object(item, "fieldRef") {
            text(reference, "apiVersion", "v1");
        }
    }
}

/// The sources that pods and persistent volumes share.
fn sources(volume: &mut Fields) {
    if let Some(path) = object(volume, "hostPath") {
        pointer(path, "type", "".into());
    }
    if let Some(directory) = object(volume, "emptyDir") {
        quantity(directory, "sizeLimit");
    }
    if let Some(target) = object(volume, "iscsi") {
        text(target, "iscsiInterface", "default");
    }
    if let Some(block) = object(volume, "rbd") {
        text(block, "pool", "rbd");
        text(block, "user", "admin");
        text(block, "keyring", "/etc/ceph/keyring");
    }
    if let Some(disk) = object(volume, "azureDisk") {
        pointer(disk, "cachingMode", "ReadWrite".into());
        pointer(disk, "kind", "Shared".into());
        pointer(disk, "fsType", "ext4".into());
        pointer(disk, "readOnly", false.into());
    }
    if let Some(io) = object(volume, "scaleIO") {
        text(io, "storageMode", "ThinProvisioned");
        text(io, "fsType", "xfs");
    }
}

/// The `spec` of a claim, wherever it stands.
fn claim_spec(spec: &mut Fields) {
    pointer(spec, "volumeMode", "Filesystem".into());
    if let Some(resources) = object(spec, "resources") {
        resource_list(resources, "limits");
        resource_list(resources, "requests");
    }
}

/// A PersistentVolumeClaim. Its data source is kept under both of its names
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_PersistentVolumeClaim`).
pub(super) fn claim(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    claim_spec(spec);
    for (from, to) in [("dataSource", "dataSourceRef"), ("dataSourceRef", "dataSource")] {
        if let Some(source) = object(spec, from) {
            pointer(source, "apiGroup", Value::Null);
            let namespaced = source.get("namespace").is_some_and(|n| n != "");
            let copy = Value::Object(source.clone());
            if !namespaced {
                pointer(spec, to, copy);
            }
        }
    }
}

/// A claim in `volumeClaimTemplates`, which the server stores as a whole object.
pub(super) fn claim_template(fields: &mut Fields) {
    text(fields, "apiVersion", "v1");
    text(fields, "kind", "PersistentVolumeClaim");
    claim(fields);
    if let Some(status) = made(fields, "status") {
        text(status, "phase", "Pending");
    }
}

/// A PersistentVolume (source: pkg/apis/core/v1/defaults.go, `SetDefaults_PersistentVolume`).
pub(super) fn persistent_volume(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    text(spec, "persistentVolumeReclaimPolicy", "Retain");
    pointer(spec, "volumeMode", "Filesystem".into());
    resource_list(spec, "capacity");
    sources(spec);
}

/// A StorageClass (source: pkg/apis/storage/v1/defaults.go, `SetDefaults_StorageClass`).
pub(super) fn storage_class(fields: &mut Fields) {
    pointer(fields, "reclaimPolicy", "Delete".into());
    pointer(fields, "volumeBindingMode", "Immediate".into());
}
