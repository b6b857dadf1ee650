//! Decides what is wrong with how a container mounts the volumes of its pod.
//! It never looks into a volume but for its kind.

use super::super::at::At;
use super::super::field::FieldError;
use super::paths;
use super::volumes::Volumes;
use std::collections::BTreeSet;

/// The names and the paths of a list of mounts or devices.
fn pairs<'a>(list: &At<'a>, path: &str) -> Vec<(&'a str, &'a str)> {
    list.items().iter().map(|one| (one.field("name").text(), one.field(path).text())).collect()
}

/// The faults of a container's mounts (source: pkg/apis/core/validation/validation.go, `ValidateVolumeMounts`).
pub(super) fn mounts(container: &At<'_>, volumes: &Volumes<'_>) -> Vec<FieldError> {
    let list = container.field("volumeMounts");
    let devices = pairs(&container.field("volumeDevices"), "devicePath");
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for mount in list.items() {
        let (name, path) = (mount.field("name"), mount.field("mountPath"));
        if name.text().is_empty() {
            errors.push(name.required(""));
        }
        if !volumes.contains_key(name.text()) {
            errors.push(FieldError::not_found(name.path.as_str(), name.text()));
        }
        if path.text().is_empty() {
            errors.push(path.required(""));
        }
        if !seen.insert(path.text()) {
            errors.push(FieldError::invalid(path.path.as_str(), path.text(), "must be unique"));
        }
        if devices.iter().any(|(device, _)| *device == name.text()) {
            errors.push(FieldError::invalid(
                name.path.as_str(),
                name.text(),
                "must not already exist in volumeDevices",
            ));
        }
        if devices.iter().any(|(_, at)| *at == path.text()) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(FieldError::invalid(path.path.as_str(), path.text(), detail));
        }
        errors.extend(sub_paths(&mount, &list));
        errors.extend(propagation(&mount, container, &list));
        errors.extend(read_only(&mount, &list));
    }
    errors
}

/// The faults of the part of a volume that is mounted. Kubernetes tells most of them of the list.
fn sub_paths(mount: &At<'_>, list: &At<'_>) -> Vec<FieldError> {
    let told = |name: &str| mount.field(name).told(format!("{}.{name}", list.path));
    let (path, expression) = (told("subPath"), told("subPathExpr"));
    let mut errors = paths::below(&path);
    if !expression.text().is_empty() {
        if !path.text().is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(mount.field("subPathExpr").invalid(detail));
        }
        errors.extend(paths::below(&expression));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateMountPropagation`)
fn propagation(mount: &At<'_>, container: &At<'_>, list: &At<'_>) -> Vec<FieldError> {
    let asked = mount.field("mountPropagation").told(format!("{}.mountPropagation", list.path));
    let mut errors: Vec<FieldError> =
        asked.one_of(&["Bidirectional", "HostToContainer", "None"]).into_iter().collect();
    if asked.text() == "Bidirectional" && !container.at(&["securityContext", "privileged"]).is_true() {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        errors.push(asked.forbidden(detail));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateMountRecursiveReadOnly`)
fn read_only(mount: &At<'_>, list: &At<'_>) -> Vec<FieldError> {
    let asked = mount.field("recursiveReadOnly").told(format!("{}.recursiveReadOnly", list.path));
    let mut errors: Vec<FieldError> =
        asked.one_of(&["Disabled", "Enabled", "IfPossible"]).into_iter().collect();
    if matches!(asked.text(), "Enabled" | "IfPossible") {
        if !mount.field("readOnly").is_true() {
            errors.push(asked.forbidden("may only be specified when readOnly is true"));
        }
        let propagation = mount.field("mountPropagation");
        if propagation.is_set() && propagation.text() != "None" {
            let detail = "may only be specified when mountPropagation is None or not specified";
            errors.push(asked.forbidden(detail));
        }
    }
    errors
}

/// The faults of a container's devices (source: pkg/apis/core/validation/validation.go, `ValidateVolumeDevices`).
pub(super) fn devices(container: &At<'_>, volumes: &Volumes<'_>) -> Vec<FieldError> {
    let list = container.field("volumeDevices");
    let mounts = pairs(&container.field("volumeMounts"), "mountPath");
    let mut errors = Vec::new();
    let (mut names, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for device in list.items() {
        let (name, path) = (device.field("name"), device.field("devicePath"));
        let told = |at: &At<'_>, detail: &str| FieldError::invalid(at.path.as_str(), at.text(), detail);
        if name.text().is_empty() {
            errors.push(name.required(""));
        }
        if names.contains(name.text()) {
            errors.push(told(&name, "must be unique"));
        }
        match volumes.get(name.text()) {
            None => errors.push(FieldError::not_found(name.path.as_str(), name.text())),
            Some(volume)
                if !volume.field("persistentVolumeClaim").is_set() && !volume.field("ephemeral").is_set() =>
            {
                let detail =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(told(&name, detail));
            }
            Some(_) => {}
        }
        if path.text().is_empty() {
            errors.push(path.required(""));
        }
        if seen.contains(path.text()) {
            errors.push(told(&path, "must be unique"));
        }
        if !path.text().is_empty() && paths::no_way_up(&path).is_some() {
            errors.push(told(&path, "can not contain backsteps ('..')"));
        } else {
            seen.insert(path.text());
        }
        if mounts.iter().any(|(mount, _)| *mount == name.text()) {
            errors.push(told(&name, "must not already exist in volumeMounts"));
        }
        if mounts.iter().any(|(_, at)| *at == path.text()) {
            errors.push(told(&path, "must not already exist as a path in volumeMounts"));
        }
        if !name.text().is_empty() {
            names.insert(name.text());
        }
    }
    errors
}
