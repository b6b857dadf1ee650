//! Decides whether a path may stand where a path below a directory is asked for.
//! It never looks at a file system.

use super::super::at::At;
use super::super::field::FieldError;

/// No way up (source: pkg/apis/core/validation/validation.go, `validatePathNoBacksteps`).
pub(super) fn no_way_up(path: &At<'_>) -> Option<FieldError> {
    path.text().split('/').any(|part| part == "..").then(|| path.invalid("must not contain '..'"))
}

/// Below the directory it is in (source: pkg/apis/core/validation/validation.go, `validateLocalDescendingPath`).
pub(super) fn below(path: &At<'_>) -> Vec<FieldError> {
    let absolute = path.text().starts_with('/').then(|| path.invalid("must be a relative path"));
    absolute.into_iter().chain(no_way_up(path)).collect()
}

/// The same, and no name that is kept for the kubelet
/// (source: pkg/apis/core/validation/validation.go, `ValidateLocalNonReservedPath`).
pub(super) fn below_and_free(path: &At<'_>) -> Vec<FieldError> {
    let mut errors = below(path);
    if path.text().starts_with("..") && !path.text().starts_with("../") {
        errors.push(path.invalid("must not start with '..'"));
    }
    errors
}

/// The permissions of a file.
pub(super) fn mode(mode: &At<'_>) -> Option<FieldError> {
    let fits = mode.number().is_none_or(|n| (0..=0o777).contains(&n));
    (!fits).then(|| mode.invalid("must be a number between 0 and 0777 (octal), both inclusive"))
}
