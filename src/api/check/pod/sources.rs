//! Decides what is wrong with a volume of a simple kind: what must be named, and the form of it.
//! It never decides between kinds; `volumes` does.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::texts;
use super::paths;

/// The faults of a volume's source of `kind`
/// (source: pkg/apis/core/validation/validation.go, the functions `validate…VolumeSource`).
pub(super) fn one(kind: &str, source: &At<'_>) -> Vec<FieldError> {
    match kind {
        "hostPath" => host_path(source),
        "gitRepo" => {
            let mut errors = needed(source, &["repository"]);
            errors.extend(paths::below(&source.field("directory")));
            errors
        }
        "gcePersistentDisk" => {
            let told = source.path.strip_suffix("gcePersistentDisk").unwrap_or_default();
            disk(&source.told_as(&format!("{told}persistentDisk")), "pdName")
        }
        "awsElasticBlockStore" => disk(source, "volumeID"),
        "secret" => keys(source, "secretName"),
        "configMap" => keys(source, "name"),
        "nfs" => {
            let mut errors = needed(source, &["server", "path"]);
            let path = source.field("path");
            if !path.text().starts_with('/') {
                errors.push(FieldError::invalid(path.path.as_str(), path.text(), "must be an absolute path"));
            }
            errors
        }
        "iscsi" => iscsi(source),
        "persistentVolumeClaim" => needed(source, &["claimName"]),
        "csi" => csi(source),
        "fc" => fibre(source),
        "azureFile" => needed(source, &["secretName", "shareName"]),
        "cinder" => needed(source, &["volumeID"]),
        "cephfs" if source.field("monitors").items().is_empty() => {
            vec![source.field("monitors").required("")]
        }
        "flexVolume" => needed(source, &["driver"]),
        "vsphereVolume" => needed(source, &["volumePath"]),
        "photonPersistentDisk" => needed(source, &["pdID"]),
        "portworxVolume" => needed(source, &["volumeID"]),
        // What else there is left Kubernetes years ago; whoever still has one learns of it from the cluster.
        _ => Vec::new(),
    }
}

/// The fields that must not be empty.
fn needed(source: &At<'_>, fields: &[&str]) -> Vec<FieldError> {
    let missing = fields.iter().map(|name| source.field(name)).filter(|f| f.text().is_empty());
    missing.map(|field| field.required("")).collect()
}

const DIRECTORIES: &[&str] =
    &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

fn host_path(source: &At<'_>) -> Vec<FieldError> {
    let path = source.field("path");
    if path.text().is_empty() {
        return vec![path.required("")];
    }
    let way_up = paths::no_way_up(&path).into_iter();
    way_up.chain(source.field("type").one_of(DIRECTORIES)).collect()
}

fn disk(source: &At<'_>, name: &str) -> Vec<FieldError> {
    let mut errors = needed(source, &[name]);
    let partition = source.field("partition");
    if partition.number().is_some_and(|n| !(0..=255).contains(&n)) {
        errors.push(partition.invalid("must be between 1 and 255, inclusive"));
    }
    errors
}

fn keys(source: &At<'_>, name: &str) -> Vec<FieldError> {
    let mut errors = needed(source, &[name]);
    errors.extend(paths::mode(&source.field("defaultMode")));
    errors.extend(source.field("items").items().iter().flat_map(key_to_path));
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateKeyToPath`)
pub(super) fn key_to_path(item: &At<'_>) -> Vec<FieldError> {
    let mut errors = needed(item, &["key", "path"]);
    errors.extend(paths::below_and_free(&item.field("path")));
    errors.extend(paths::mode(&item.field("mode")));
    errors
}

fn iscsi(source: &At<'_>) -> Vec<FieldError> {
    let mut errors = needed(source, &["targetPortal"]);
    let iqn = source.field("iqn");
    if iqn.text().is_empty() {
        errors.push(iqn.required(""));
    } else if !["iqn", "eui", "naa"].iter().any(|p| iqn.text().starts_with(p)) {
        errors.push(iqn.invalid("must be valid format starting with iqn, eui, or naa"));
    }
    let lun = source.field("lun");
    if lun.number().is_some_and(|n| !(0..=255).contains(&n)) {
        errors.push(lun.invalid("must be between 0 and 255, inclusive"));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateFCVolumeSource`)
fn fibre(source: &At<'_>) -> Vec<FieldError> {
    let (names, ids) = (source.field("targetWWNs"), source.field("wwids"));
    let mut errors = Vec::new();
    match (names.items().is_empty(), ids.items().is_empty()) {
        (true, true) => {
            let detail = "must specify either targetWWNs or wwids, but not both";
            errors.push(names.required(detail));
        }
        (false, false) => {
            let detail = "targetWWNs and wwids can not be specified simultaneously";
            errors.push(names.invalid(detail));
        }
        _ => {}
    }
    let lun = source.field("lun");
    if !names.items().is_empty() && !lun.is_set() {
        errors.push(lun.required("lun is required if targetWWNs is specified"));
    } else if !names.items().is_empty() && lun.number().is_some_and(|n| !(0..=255).contains(&n)) {
        errors.push(lun.invalid("must be between 0 and 255, inclusive"));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateCSIVolumeSource`)
fn csi(source: &At<'_>) -> Vec<FieldError> {
    let mut errors = needed(source, &["driver"]);
    let driver = source.field("driver");
    if driver.text().len() > 63 {
        errors.push(FieldError::too_long(driver.path.as_str(), 63));
    }
    let wrong = texts::subdomain(&driver.text().to_lowercase());
    errors.extend(wrong.iter().map(|m| FieldError::invalid(driver.path.as_str(), driver.text(), m)));
    let secret = source.field("nodePublishSecretRef");
    let name = secret.field("name");
    if secret.is_set() && name.text().is_empty() {
        errors.push(name.required(""));
    } else if secret.is_set() {
        errors.extend(name.told(format!("{}.name", source.path)).named(texts::subdomain));
    }
    errors
}
