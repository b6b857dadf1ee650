//! Decides what is wrong with volumes that gather files from several places, and with those of the pod's own fields.
//! It never looks at the places.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::labels;
use super::{env, paths, sources};
use std::collections::BTreeSet;

/// The faults of a volume of the pod's own fields. Kubernetes tells those of its items of the volume
/// (source: pkg/apis/core/validation/validation.go, `validateDownwardAPIVolumeSource`).
pub(super) fn fields(source: &At<'_>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = paths::mode(&source.field("defaultMode")).into_iter().collect();
    errors.extend(source.field("items").items().iter().flat_map(|item| field(&item.told_as(&source.path))));
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateDownwardAPIVolumeFile`)
fn field(item: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (path, own, resource) = (item.field("path"), item.field("fieldRef"), item.field("resourceFieldRef"));
    if path.text().is_empty() {
        errors.push(path.required(""));
    }
    errors.extend(paths::below_and_free(&path));
    if own.is_set() {
        errors.extend(env::field_ref(&own, env::OF_VOLUMES));
        if resource.is_set() {
            let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
            errors.push(FieldError::invalid(item.path.as_str(), "resource", detail));
        }
    } else if resource.is_set() {
        errors.extend(env::resource_ref(&resource, true));
    } else {
        errors.push(item.required("one of fieldRef and resourceFieldRef is required"));
    }
    errors.extend(paths::mode(&item.field("mode")));
    errors
}

/// The paths that are taken in one volume.
struct Taken<'v> {
    volume: &'v str,
    paths: BTreeSet<String>,
}

impl Taken<'_> {
    /// The fault of a path that is taken already.
    fn by(&mut self, path: &str, told: &str) -> Option<FieldError> {
        if path.is_empty() || self.paths.insert(path.to_owned()) {
            return None;
        }
        Some(FieldError::invalid(self.volume, told, "conflicting duplicate paths"))
    }
}

/// The faults of a volume that gathers files
/// (source: pkg/apis/core/validation/validation.go, `validateProjectionSources`).
pub(super) fn all(source: &At<'_>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = paths::mode(&source.field("defaultMode")).into_iter().collect();
    let mut taken = Taken { volume: &source.path, paths: BTreeSet::new() };
    for part in source.field("sources").items() {
        let given = |kind: &str| Some(part.field(kind)).filter(At::is_set);
        let mut count = 0;
        for keys in [given("secret"), given("configMap")].into_iter().flatten() {
            count += 1;
            errors.extend(keyed(&keys, &mut taken));
        }
        if let Some(own) = given("downwardAPI") {
            count += 1;
            for item in own.field("items").items() {
                errors.extend(field(&item.told_as(&own.path)));
                let path = item.field("path").text();
                errors.extend(taken.by(path, path));
            }
        }
        if let Some(token) = given("serviceAccountToken") {
            count += 1;
            errors.extend(self::token(&token, source));
        }
        if let Some(bundle) = given("clusterTrustBundle") {
            count += 1;
            errors.extend(self::bundle(&bundle));
            let path = bundle.field("path").text();
            errors.extend(taken.by(path, path));
        }
        count += usize::from(given("podCertificate").is_some());
        if count > 1 {
            errors.push(part.forbidden("may not specify more than 1 volume type per source"));
        }
    }
    errors
}

/// Files of a Secret or a ConfigMap.
fn keyed(keys: &At<'_>, taken: &mut Taken<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = keys.field("name");
    if name.text().is_empty() {
        errors.push(name.required(""));
    }
    for item in keys.field("items").items() {
        errors.extend(sources::key_to_path(&item));
        errors.extend(taken.by(item.field("path").text(), name.text()));
    }
    errors
}

/// A token of the account; Kubernetes tells its path of the volume.
fn token(token: &At<'_>, source: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let seconds = token.field("expirationSeconds");
    if seconds.number().is_some_and(|n| n < 600) {
        errors.push(seconds.invalid("may not specify a duration less than 10 minutes"));
    }
    if seconds.number().is_some_and(|n| n > 1 << 32) {
        errors.push(seconds.invalid("may not specify a duration larger than 2^32 seconds"));
    }
    let path = token.field("path").told(format!("{}.path", source.path));
    if path.text().is_empty() {
        errors.push(path.required(""));
    } else {
        errors.extend(paths::below_and_free(&path));
    }
    errors
}

fn bundle(bundle: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (name, signer, path) = (bundle.field("name"), bundle.field("signerName"), bundle.field("path"));
    match (name.is_set(), signer.is_set()) {
        (true, true) => errors.push(bundle.invalid("only one of name and signerName may be used")),
        (true, false) if name.text().is_empty() => errors.push(name.required("must be a valid object name")),
        (false, true) if signer.text().is_empty() => {
            errors.push(signer.required("must be a valid signer name"))
        }
        (false, true) => errors.extend(labels::selector(&bundle.field("labelSelector"))),
        (false, false) => errors.push(bundle.required("either name or signerName must be specified")),
        (true, false) => {}
    }
    if path.text().is_empty() {
        errors.push(path.required(""));
    }
    errors.extend(paths::below_and_free(&path));
    errors
}
