//! Decides what is wrong with the volumes of a pod.
//! It never decides what becomes of a volume, nor looks at how containers mount it.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::{labels, texts};
use super::rules::Rules;
use super::{projected, sources};
use crate::quantity::Quantity;
use std::collections::{BTreeMap, BTreeSet};

/// The volumes of a pod that are well formed, by their names.
pub(super) type Volumes<'a> = BTreeMap<&'a str, At<'a>>;

/// The volumes and their faults (source: pkg/apis/core/validation/validation.go, `ValidateVolumes`).
pub(super) fn all<'a>(volumes: &At<'a>, rules: Rules) -> (Volumes<'a>, Vec<FieldError>) {
    let (mut known, mut errors) = (Volumes::new(), Vec::new());
    for volume in volumes.items() {
        let name = volume.field("name");
        let mut wrong = source(&volume, rules);
        wrong.extend(name.named_always(texts::label));
        if known.contains_key(name.text()) {
            wrong.push(name.duplicate());
        }
        if wrong.is_empty() {
            known.insert(name.text(), volume);
        }
        errors.extend(wrong);
    }
    (known, errors)
}

/// Kinds of volumes, in the order in which they are looked at, and how Kubernetes calls one that is too much.
const KINDS: &[(&str, &str)] = &[
    ("emptyDir", "emptyDir"),
    ("hostPath", "hostPath"),
    ("gitRepo", "gitRepo"),
    ("gcePersistentDisk", "gcePersistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore"),
    ("secret", "secret"),
    ("nfs", "nfs"),
    ("iscsi", "iscsi"),
    ("glusterfs", "glusterfs"),
    ("flocker", "flocker"),
    ("persistentVolumeClaim", "persistentVolumeClaim"),
    ("rbd", "rbd"),
    ("cinder", "cinder"),
    ("cephfs", "cephFS"),
    ("quobyte", "quobyte"),
    ("downwardAPI", "downwarAPI"),
    ("fc", "fc"),
    ("flexVolume", "flexVolume"),
    ("configMap", "configMap"),
    ("azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk"),
    ("storageos", "storageos"),
    ("projected", "projected"),
    ("scaleIO", "scaleIO"),
    ("csi", "csi"),
    ("ephemeral", "ephemeral"),
    ("image", "image"),
];

/// (source: pkg/apis/core/validation/validation.go, `validateVolumeSource`)
fn source(volume: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut is_given = false;
    for (kind, called) in KINDS {
        if volume.value.get(kind).is_none_or(serde_json::Value::is_null) {
            continue;
        }
        let source = volume.field(kind);
        if is_given {
            let told = source.told(format!("{}.{called}", volume.path));
            errors.push(told.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        is_given = true;
        match *kind {
            "emptyDir" => errors.extend(empty(&source)),
            "downwardAPI" => errors.extend(projected::fields(&source)),
            "projected" => errors.extend(projected::all(&source)),
            "ephemeral" => errors.extend(claim(&source)),
            "image" => errors.extend(image(&source, rules)),
            _ => errors.extend(sources::one(kind, &source)),
        }
    }
    errors // one of no kind is an empty directory
}

fn empty(source: &At<'_>) -> Option<FieldError> {
    let limit = source.field("sizeLimit");
    let is_negative = Quantity::from_json(limit.value).is_ok_and(|q| q.nanos() < 0);
    is_negative.then(|| limit.forbidden("SizeLimit field must be a valid resource quantity"))
}

fn image(source: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let reference = source.field("reference");
    if rules.are_of_a_pod() && reference.text().is_empty() {
        errors.push(reference.required(""));
    }
    let policy = source.field("pullPolicy");
    if reference.text().is_empty() && policy.text().is_empty() {
        errors.push(policy.required("")); // the server fills it in from the reference
    }
    errors.extend(policy.one_of_or_none(&["Always", "IfNotPresent", "Never"]));
    errors
}

const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// A claim that comes and goes with the pod
/// (source: pkg/apis/core/validation/validation.go, `ValidatePersistentVolumeClaimSpec`).
fn claim(source: &At<'_>) -> Vec<FieldError> {
    let template = source.field("volumeClaimTemplate");
    if !template.is_set() {
        return vec![template.required("")];
    }
    let spec = template.field("spec");
    let metadata = template.field("metadata");
    let mut errors = labels::annotations(&metadata.field("annotations"));
    errors.extend(labels::labels(&metadata.field("labels")));
    let modes = spec.field("accessModes");
    if modes.items().is_empty() {
        errors.push(modes.required("at least 1 access mode is required"));
    }
    errors.extend(labels::selector(&spec.field("selector")));
    let mut kinds = BTreeSet::new();
    for mode in modes.items() {
        match mode.text() {
            known if MODES.contains(&known) => {
                kinds.insert(known == "ReadWriteOncePod");
            }
            other => errors.push(FieldError::not_supported(modes.path.as_str(), other, MODES)),
        }
    }
    if kinds.len() > 1 {
        errors.push(modes.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
    let size = spec.at(&["resources", "requests", "storage"]);
    let told = format!("{}.resources[storage]", spec.path);
    match Quantity::from_json(size.value) {
        _ if !size.is_set() => errors.push(FieldError::required(told, "")),
        Ok(amount) if amount.nanos() <= 0 => {
            errors.push(FieldError::invalid(told, amount.to_string(), "must be greater than zero"));
        }
        _ => {}
    }
    for class in ["storageClassName", "volumeAttributesClassName"] {
        let class = spec.field(class);
        if !class.text().is_empty() {
            errors.extend(class.named(texts::subdomain));
        }
    }
    errors.extend(spec.field("volumeMode").one_of_or_none(&["Block", "Filesystem"]));
    errors
}
