//! Decides what `set image` writes: other images for containers of the pod template, where that template stands.
//! It never decides whether the images are there.

use crate::api::key::target_of;
use crate::api::write::{Patch, Write};
use crate::logic::rollout::act::Said;
use crate::logic::rollout::undo::holder;
use serde_json::{Value, json};
use std::str::FromStr;
use thiserror::Error;

/// The lists of a pod's containers.
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// An image for a container, or for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewImage {
    /// The container; `*` is every one.
    container: String,
    image: String,
}

/// Words that name no image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum NoImage {
    /// It is not written as one.
    #[error("`{0}` is no image for a container; write CONTAINER=IMAGE, or *=IMAGE for all of them")]
    Malformed(String),
    /// There is no such container.
    #[error("there is no container `{wanted}`; there are: {there}")]
    NoContainer {
        /// What was named.
        wanted: String,
        /// The containers that there are.
        there: String,
    },
}

impl FromStr for NewImage {
    type Err = NoImage;

    fn from_str(text: &str) -> Result<Self, NoImage> {
        match text.split_once('=') {
            Some((container, image)) if !container.is_empty() && !image.is_empty() => {
                Ok(Self { container: container.to_owned(), image: image.to_owned() })
            }
            _ => Err(NoImage::Malformed(text.to_owned())),
        }
    }
}

/// The write that gives containers of the Rollout's pods other `images`; `workload` is the object it refers to, if any
/// (source: pkg/kubectl-argo-rollouts/cmd/set/set_image.go, `newRolloutSetImage`).
///
/// # Errors
/// A container that is not there.
pub(crate) fn writes(
    rollout: &Value,
    workload: Option<&Value>,
    images: &[NewImage],
) -> Result<Said, NoImage> {
    let (holder, path) = holder(rollout, workload);
    let spec = holder.pointer(path).and_then(|template| template.get("spec")).unwrap_or(&Value::Null);
    let all = || {
        let list = |list: &'static str| {
            let containers = spec.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            containers.iter().enumerate().map(move |(index, container)| (list, index, container))
        };
        LISTS.into_iter().flat_map(list)
    };
    let name =
        |container: &Value| container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut operations, mut words) = (Vec::new(), Vec::new());
    for NewImage { container: wanted, image } in images {
        let mut is_found = false;
        for (list, index, container) in all().filter(|(_, _, c)| wanted == "*" || name(c) == *wanted) {
            is_found = true;
            if container.get("image").and_then(Value::as_str) == Some(image) {
                continue;
            }
            let at = format!("{path}/spec/{list}/{index}");
            operations.push(json!({"op": "test", "path": format!("{at}/name"), "value": name(container)}));
            operations.push(json!({"op": "add", "path": format!("{at}/image"), "value": image}));
            words.push(format!("{} runs {image}", name(container)));
        }
        if !is_found {
            let there: Vec<String> = all().map(|(_, _, container)| name(container)).collect();
            return Err(NoImage::NoContainer { wanted: wanted.clone(), there: there.join(", ") });
        }
    }
    if operations.is_empty() {
        return Ok(Said::Nothing("its containers have these images already".to_owned()));
    }
    let patch = Patch::Json(Value::Array(operations));
    let write = Write::Patch { target: target_of(holder), subresource: "", patch, expect: None };
    Ok(Said::Writes(vec![write], format!("is updated: {}", words.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::names;

    fn template() -> Value {
        json!({"spec": {"containers": [{"name": "web", "image": "web:1"}, {"name": "log"}],
            "initContainers": [{"name": "migrate", "image": "web:1"}]}})
    }

    fn said(images: &[&str], workload: Option<&Value>) -> Result<Said, NoImage> {
        let images: Result<Vec<NewImage>, NoImage> = images.iter().map(|text| text.parse()).collect();
        let mut rollout = json!({"apiVersion": names::ARGO, "kind": "Rollout", "metadata": {"name": "web"}});
        if workload.is_none() {
            rollout["spec"] = json!({"template": template()});
        }
        writes(&rollout, workload, &images?)
    }

    fn operations(said: Said) -> (String, Value) {
        match said {
            Said::Writes(writes, _) => match writes.as_slice() {
                [Write::Patch { target, patch: Patch::Json(body), .. }] => {
                    (target.kind.clone(), body.clone())
                }
                other => panic!("{other:?}"),
            },
            Said::Nothing(words) => panic!("{words}"),
        }
    }

    #[test]
    fn one_container_or_all_of_them_where_the_template_stands() {
        let (kind, one) = operations(said(&["log=log:2"], None).unwrap());
        let path = "/spec/template/spec/containers/1";
        let wanted = json!([{"op": "test", "path": format!("{path}/name"), "value": "log"},
            {"op": "add", "path": format!("{path}/image"), "value": "log:2"}]);
        assert_eq!((kind.as_str(), one), ("Rollout", wanted));
        let (_, all) = operations(said(&["*=web:2"], None).unwrap());
        assert_eq!(all.as_array().unwrap().len(), 6);
        let deployment = json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"},
            "spec": {"template": template()}});
        let (kind, _) = operations(said(&["migrate=web:2"], Some(&deployment)).unwrap());
        assert_eq!(kind, "Deployment", "pods of a workload are changed there");
    }

    #[test]
    fn what_is_so_already_and_what_is_wrong_writes_nothing() {
        assert!(matches!(said(&["web=web:1"], None), Ok(Said::Nothing(_))));
        let there = "there is no container `wep`; there are: web, log, migrate";
        assert_eq!(said(&["wep=web:2"], None).unwrap_err().to_string(), there);
        for text in ["web", "=web:2", "web="] {
            assert_eq!(said(&[text], None).unwrap_err(), NoImage::Malformed(text.to_owned()));
        }
    }
}
