//! Decides whether the name and the namespace of an object are such as a cluster takes, before it is asked.
//! It never knows the rules of kinds that are not in the table of kinds; the cluster does.

use crate::api::kinds;
use crate::api::object_name::{is_label, is_path_segment, is_subdomain};
use crate::logic::manifest::Manifest;

/// What is wrong with a name: the field, what, and what to do.
pub(crate) type WrongName = (&'static [&'static str], String, &'static str);

/// What is wrong with the name or the namespace of `manifest`.
#[must_use]
pub(crate) fn wrong(manifest: &Manifest) -> Vec<WrongName> {
    let (key, target) = (&manifest.key, &manifest.target);
    let mut found: Vec<WrongName> = Vec::new();
    let is_in_one = key.namespace.is_empty() || is_label(&key.namespace) && key.namespace.len() <= 63;
    if !is_in_one {
        let what = format!("{key}: metadata.namespace {:?} is not the name of a namespace", key.namespace);
        let help = "use at most 63 lower case letters, digits and '-', with a letter or a digit at both ends";
        found.push((&["metadata", "namespace"], what, help));
    }
    let is_free = key.group == "rbac.authorization.k8s.io";
    let is_known = !is_free && kinds::find(&target.api_version, &target.kind).is_some();
    let is_domain = is_subdomain(&key.name) && key.name.len() <= 253;
    if !is_path_segment(&key.name) || is_known && !is_domain {
        let what = format!("{key}: metadata.name {:?} is no name that a cluster takes", key.name);
        let help = if is_known {
            "use lower case letters, digits, '-' and '.', with a letter or a digit at both ends"
        } else {
            "use no '/' and no '%' in it, and neither '.' nor '..' alone"
        };
        found.push((&["metadata", "name"], what, help));
    }
    found
}
