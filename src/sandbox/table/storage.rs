//! Decides what volumes, claims and storage classes show in a table.
//! It never binds a claim.

use super::column::{AGE, NAME, Sheet, text as column};
use super::show::{self, UNSET, access_modes, age, deleting, plain_or, text, text_or};
use serde_json::{Value, json};

const MODES: super::column::Column = column("Access Modes", "How many may read and write at once.");
const CLASS_NAME: super::column::Column = column("StorageClass", "Class of the storage.");
const ATTRIBUTES: super::column::Column =
    column("VolumeAttributesClass", "Class of the volume's attributes.");
const MODE: super::column::Column = column("VolumeMode", "Whether there is a file system on it.").wide();

fn phase(object: &Value) -> Value {
    if deleting(object) { "Terminating".into() } else { text(object, "/status/phase").into() }
}

/// The older annotation wins over the field.
fn class(object: &Value) -> Value {
    let old = object.pointer("/metadata/annotations/volume.beta.kubernetes.io~1storage-class");
    old.and_then(Value::as_str).unwrap_or(text(object, "/spec/storageClassName")).into()
}

pub(super) const VOLUME: Sheet = Sheet {
    columns: &[
        NAME,
        column("Capacity", "Size of the volume."),
        MODES,
        column("Reclaim Policy", "What becomes of the volume when its claim goes."),
        column("Status", "Whether the volume is bound."),
        column("Claim", "Claim that the volume is bound to."),
        CLASS_NAME,
        ATTRIBUTES,
        column("Reason", "Why the volume is in its state."),
        AGE,
        MODE,
    ],
    cells: |object, now| {
        let claim = object.pointer("/spec/claimRef").filter(|c| !c.is_null());
        let claim = claim.map(|c| format!("{}/{}", text(c, "/namespace"), text(c, "/name")));
        vec![
            show::name(object),
            plain_or(object, "/spec/capacity/storage", "0").into(),
            access_modes(object, "/spec/accessModes").into(),
            text(object, "/spec/persistentVolumeReclaimPolicy").into(),
            phase(object),
            claim.unwrap_or_default().into(),
            class(object),
            text_or(object, "/spec/volumeAttributesClassName", UNSET).into(),
            text(object, "/status/reason").into(),
            age(object, now),
            text_or(object, "/spec/volumeMode", UNSET).into(),
        ]
    },
};

pub(super) const CLAIM: Sheet = Sheet {
    columns: &[
        NAME,
        column("Status", "Whether the claim is bound."),
        column("Volume", "Volume that the claim is bound to."),
        column("Capacity", "Size of that volume."),
        MODES,
        CLASS_NAME,
        ATTRIBUTES,
        AGE,
        MODE,
    ],
    cells: |object, now| {
        let volume = text(object, "/spec/volumeName");
        let (capacity, modes) = if volume.is_empty() {
            (String::new(), String::new())
        } else {
            (plain_or(object, "/status/capacity/storage", "0"), access_modes(object, "/status/accessModes"))
        };
        vec![
            show::name(object),
            phase(object),
            volume.into(),
            capacity.into(),
            modes.into(),
            class(object),
            text_or(object, "/spec/volumeAttributesClassName", UNSET).into(),
            age(object, now),
            text_or(object, "/spec/volumeMode", UNSET).into(),
        ]
    },
};

pub(super) const CLASS: Sheet = Sheet {
    columns: &[
        NAME,
        column("Provisioner", "Driver that makes the volumes."),
        column("ReclaimPolicy", "What becomes of a volume when its claim goes."),
        column("VolumeBindingMode", "When a volume is made and bound."),
        // The server announces this truth value as a text.
        column("AllowVolumeExpansion", "Whether volumes may grow."),
        AGE,
    ],
    cells: |object, now| {
        let default = [
            "storageclass.kubernetes.io~1is-default-class",
            "storageclass.beta.kubernetes.io~1is-default-class",
        ]
        .iter()
        .any(|a| text(object, &format!("/metadata/annotations/{a}")) == "true");
        let name = text(object, "/metadata/name");
        let name = if default { format!("{name} (default)") } else { name.to_owned() };
        vec![
            name.into(),
            text(object, "/provisioner").into(),
            text_or(object, "/reclaimPolicy", "Delete").into(),
            text_or(object, "/volumeBindingMode", "Immediate").into(),
            (object.get("allowVolumeExpansion") == Some(&json!(true))).into(),
            age(object, now),
        ]
    },
};
