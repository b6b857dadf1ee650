//! Decides which objects stand in the files of a commit, and refuses the whole commit when one cannot be read.
//! It never repairs a file and never guesses an object.

use crate::api::key::{Key, target_of};
use crate::api::kinds::Kind;
use crate::base::yaml;
use crate::logic::manifest::object::{Manifest, Manifests, strip};
use crate::logic::manifest::{Problem, check};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A file of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ManifestFile {
    /// Path from the root of the repository.
    pub(crate) path: String,
    /// Content; none when it is larger than what is read.
    pub(crate) content: Option<Vec<u8>>,
    /// Bytes.
    pub(crate) size: u64,
    /// Whether it is a symbolic link.
    pub(crate) symlink: bool,
}

/// A commit that cannot be read whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unreadable {
    /// Everything that is wrong, at most twenty mistakes.
    pub(crate) problems: Vec<Problem>,
    /// What could be read nevertheless; it tells what the commit asks for, and is never applied.
    pub(crate) rest: Manifests,
}

/// Whether a file holds manifests by its name: YAML or JSON, and not hidden.
#[must_use]
pub(crate) fn is_manifest(path: &str) -> bool {
    let hidden = path.split('/').any(|part| part.starts_with('.') && part != "." && part != "..");
    let extension = path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    !hidden && matches!(extension.as_deref(), Some("yaml" | "yml" | "json"))
}

/// Reads every manifest of `files`. Objects without a namespace get `namespace` if their kind lives in one;
/// `kind_of` says how a kind is served (CustomResourceDefinitions among the files are known besides).
///
/// # Errors
/// [`Unreadable`]; nothing of such a commit is to be applied.
pub(crate) fn read(
    files: &[ManifestFile],
    namespace: &str,
    kind_of: &dyn Fn(&str, &str) -> Option<Kind>,
) -> Result<Manifests, Unreadable> {
    let mut problems = Vec::new();
    let mut found: Vec<(&ManifestFile, yaml::Document)> = Vec::new();
    for file in files.iter().filter(|f| is_manifest(&f.path)) {
        match documents(file) {
            Ok(documents) => found.extend(documents.into_iter().map(|d| (file, d))),
            Err(problem) => problems.push(problem),
        }
    }
    let own_kinds: Vec<Kind> = found.iter().flat_map(|(_, d)| kinds_of_definition(&d.value)).collect();
    let kind_of = |api_version: &str, kind: &str| {
        kind_of(api_version, kind)
            .or_else(|| own_kinds.iter().find(|k| k.api_version() == api_version && k.kind == kind).cloned())
    };
    let mut objects: BTreeMap<Key, Manifest> = BTreeMap::new();
    for (file, document) in found {
        match object(file, document, namespace, &kind_of) {
            Ok(manifest) => {
                if let Some(first) = objects.get(&manifest.key) {
                    problems.push(twice(first, &manifest));
                } else {
                    objects.insert(manifest.key.clone(), manifest);
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    for manifest in objects.values() {
        let content = files.iter().find(|f| f.path == manifest.path).and_then(|f| f.content.as_deref());
        problems.extend(check::manifest(manifest, content.unwrap_or_default()));
    }
    problems.sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
    problems.truncate(20);
    let manifests = Manifests { objects };
    if problems.is_empty() { Ok(manifests) } else { Err(Unreadable { problems, rest: manifests }) }
}

fn twice(first: &Manifest, second: &Manifest) -> Problem {
    Problem::at(
        &second.path,
        Some(second.place),
        format!("{} is there twice", second.key),
        "remove one of them, or give it another name or namespace",
    )
    .labelled(format!("second one here; the first is at {}:{}", first.path, first.place.line))
}

fn documents(file: &ManifestFile) -> Result<Vec<yaml::Document>, Problem> {
    if file.symlink {
        return Err(Problem::at(
            &file.path,
            None,
            "the file is a symbolic link, and links are not followed",
            "put the manifest itself here",
        ));
    }
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if ["kustomization.yaml", "kustomization.yml", "Chart.yaml"].contains(&name) {
        return Err(Problem::at(
            &file.path,
            None,
            "this folder is to be rendered by kustomize or helm, which this version does not do yet",
            "commit the rendered manifests, or point --path elsewhere",
        ));
    }
    let Some(content) = &file.content else {
        return Err(Problem::at(
            &file.path,
            None,
            format!(
                "the file has {} bytes, more than the {} a manifest may have",
                file.size,
                yaml::MOST_BYTES
            ),
            "split it, or move it out of the path",
        ));
    };
    let all = yaml::read(content).map_err(|e| {
        Problem::at(&file.path, e.place, e.what, "nothing of this commit is applied until it can be read")
    })?;
    Ok(all.into_iter().flat_map(expand_list).collect())
}

/// A `List` stands for its items.
fn expand_list(document: yaml::Document) -> Vec<yaml::Document> {
    let is_list = document.value.get("kind").and_then(Value::as_str).is_some_and(|k| k.ends_with("List"));
    match document.value.get("items").and_then(Value::as_array).filter(|_| is_list) {
        Some(items) => {
            items.iter().map(|item| yaml::Document { place: document.place, value: item.clone() }).collect()
        }
        None => vec![document],
    }
}

fn object(
    file: &ManifestFile,
    document: yaml::Document,
    namespace: &str,
    kind_of: &dyn Fn(&str, &str) -> Option<Kind>,
) -> Result<Manifest, Problem> {
    let (place, mut value) = (document.place, document.value);
    let problem = |what: String, help: &str| Problem::at(&file.path, Some(place), what, help);
    if !value.is_object() {
        return Err(problem(
            "the document is no object".to_owned(),
            "write apiVersion, kind and metadata.name",
        ));
    }
    let target = target_of(&value);
    for (word, text) in [("apiVersion", &target.api_version), ("kind", &target.kind)] {
        if text.is_empty() {
            return Err(problem(
                format!("the document has no {word}"),
                "write apiVersion, kind and metadata.name, or move the file out of the path",
            ));
        }
    }
    if target.name.is_empty() {
        let what = if value.pointer("/metadata/generateName").is_some() {
            format!("{} has a generateName, so Git cannot say which object it is", target.kind)
        } else {
            format!("{} has no metadata.name", target.kind)
        };
        return Err(problem(what, "give it a metadata.name"));
    }
    let Some(kind) = kind_of(&target.api_version, &target.kind) else {
        return Err(problem(
            format!("the cluster serves no {} of {}", target.kind, target.api_version),
            "install its CustomResourceDefinition first, or add that to the repository",
        ));
    };
    strip(&mut value);
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        if !kind.namespaced {
            meta.remove("namespace");
        } else if target.namespace.is_empty() {
            meta.insert("namespace".to_owned(), json!(namespace));
        }
    }
    let target = target_of(&value);
    Ok(Manifest { key: Key::of(&target), target, kind, value, path: file.path.clone(), place })
}

/// The kinds that a CustomResourceDefinition makes known.
#[must_use]
pub(crate) fn kinds_of_definition(value: &Value) -> Vec<Kind> {
    if value.get("kind").and_then(Value::as_str) != Some("CustomResourceDefinition") {
        return Vec::new();
    }
    let text = |p: &str| value.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    let versions = value.pointer("/spec/versions").and_then(Value::as_array).cloned().unwrap_or_default();
    let list = |p: &str| -> Vec<String> {
        value.pointer(p).and_then(|v| serde_json::from_value(v.clone()).ok()).unwrap_or_default()
    };
    versions
        .iter()
        .filter(|v| v.get("served").and_then(Value::as_bool).unwrap_or(true))
        .filter_map(|v| v.get("name").and_then(Value::as_str))
        .map(|version| Kind {
            group: text("/spec/group"),
            version: version.to_owned(),
            kind: text("/spec/names/kind"),
            plural: text("/spec/names/plural"),
            singular: text("/spec/names/singular"),
            short: list("/spec/names/shortNames"),
            categories: list("/spec/names/categories"),
            namespaced: text("/spec/scope") != "Cluster",
        })
        .collect()
}
