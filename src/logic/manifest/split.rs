//! Decides which objects stand in the files of a commit, passes over what is no manifest, and refuses the whole commit
//! when a manifest cannot be read. It never repairs a file and never guesses an object.

use crate::api::key::{Key, target_of};
use crate::api::kinds::Kind;
use crate::base::yaml::{self, Place};
use crate::logic::manifest::kept::{ReadFile, ReadFiles};
use crate::logic::manifest::object::{Manifest, Manifests, objects_of, strip};
use crate::logic::manifest::pick::{ManifestFile, pick};
use crate::logic::manifest::problem::told;
use crate::logic::manifest::served::{Answers, Served, kinds_of_definition};
use crate::logic::manifest::skipped::Skipped;
use crate::logic::manifest::{Problem, check, ignore};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// A commit that cannot be read whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unreadable {
    /// Everything that is wrong, at most twenty mistakes.
    pub(crate) problems: Vec<Problem>,
    /// What could be read nevertheless; it tells what the commit asks for, and is never applied.
    pub(crate) rest: Manifests,
}

/// The text of a file.
enum Text<'f> {
    /// It was read before.
    Known(&'f Arc<ReadFile>),
    /// It is read now.
    Fresh(Fresh<'f>),
}

/// What a file says, before it is known what the kinds of it are.
struct Fresh<'f> {
    content: Bytes,
    found: Vec<Found<'f>>,
    skipped: Vec<Skipped>,
    kinds: Vec<Kind>,
}

impl Text<'_> {
    fn kinds(&self) -> &[Kind] {
        match self {
            Self::Known(read) => &read.kinds,
            Self::Fresh(fresh) => &fresh.kinds,
        }
    }
}

/// One object of a file: where its document begins, which part of it the object is, and what it says.
struct Found<'f> {
    file: &'f ManifestFile,
    place: Place,
    within: Vec<String>,
    value: Value,
}

/// Reads every manifest of `files`. Objects without a namespace get `namespace` if their kind lives in one;
/// `served` says how a kind is served (CustomResourceDefinitions among the files are known besides). What has neither
/// an apiVersion nor a kind is passed over. `kept` is what the files came to afterwards; those whose content was known
/// are not read again.
///
/// # Errors
/// [`Unreadable`]; nothing of such a commit is to be applied.
pub(crate) fn read(
    files: &[ManifestFile],
    namespace: &str,
    served: &dyn Fn(&str, &str) -> Served,
    kept: &mut ReadFiles,
) -> Result<Manifests, Unreadable> {
    let (picked, mut problems) = pick(files);
    let mut texts: Vec<(&ManifestFile, Text<'_>)> = Vec::new();
    for file in picked {
        match &file.read {
            Some(read) => texts.push((file, Text::Known(read))),
            None => match fresh(file, file.content.as_ref()) {
                Ok(fresh) => texts.push((file, Text::Fresh(fresh))),
                Err(problem) => problems.push(problem),
            },
        }
    }
    let own_kinds: Vec<Kind> = texts.iter().flat_map(|(_, text)| text.kinds()).cloned().collect();
    let served = |api_version: &str, kind: &str| {
        let own = |exact: bool| {
            let same = |k: &&Kind| {
                k.kind == kind && (k.api_version() == api_version || !exact && is_same_group(k, api_version))
            };
            own_kinds.iter().find(same).cloned()
        };
        match (served(api_version, kind), own(true)) {
            (known @ Served::As(_), _) => known,
            (_, Some(own)) => Served::As(own),
            (Served::Nowhere, None) => {
                own(false).map_or(Served::Nowhere, |k| Served::Elsewhere(k.api_version()))
            }
            (elsewhere, None) => elsewhere,
        }
    };
    let answers = Answers::new(&served);
    let mut manifests = Manifests::default();
    let mut now = ReadFiles::default();
    for (file, text) in texts {
        let (read, wrong) = match text {
            Text::Known(read) if answers.still_hold(read) => (Arc::clone(read), Vec::new()),
            Text::Known(read) => match fresh(file, Some(&read.content)) {
                Ok(fresh) => objects(fresh, namespace, &answers),
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            },
            Text::Fresh(fresh) => objects(fresh, namespace, &answers),
        };
        manifests.skipped.extend(read.skipped.iter().cloned());
        for manifest in &read.manifests {
            match manifests.objects.get(&manifest.key) {
                Some(first) => problems.push(twice(first, manifest)),
                None => drop(manifests.objects.insert(manifest.key.clone(), manifest.clone())),
            }
        }
        if !read.manifests.is_empty() {
            manifests.sources.insert(file.path.clone(), read.content.clone());
        }
        if wrong.is_empty() {
            now.insert(&file.path, &file.blob, read);
        }
        problems.extend(wrong);
    }
    *kept = now;
    if problems.is_empty() {
        Ok(manifests)
    } else {
        Err(Unreadable { problems: told(problems), rest: manifests })
    }
}

fn is_same_group(kind: &Kind, api_version: &str) -> bool {
    api_version.split_once('/').map_or("", |(group, _)| group) == kind.group
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

/// Why a file holds no documents for us.
enum Unread {
    /// It is no manifest.
    Foreign,
    /// It is one, and wrong.
    Wrong(Problem),
}

fn documents(file: &ManifestFile, content: Option<&Bytes>) -> Result<Vec<yaml::Document>, Unread> {
    let Some(content) = content else {
        let (size, most) = (file.size, yaml::MOST_BYTES);
        return Err(Unread::Wrong(Problem::at(
            &file.path,
            None,
            format!("the file has {size} bytes, more than the {most} a manifest may have"),
            format!("split it, or name it in {}", ignore::NAME),
        )));
    };
    yaml::read(content).map_err(|e| {
        if !looks_like_a_manifest(content) {
            return Unread::Foreign;
        }
        let help = "nothing of this commit is applied until it can be read";
        Unread::Wrong(Problem::at(&file.path, e.place, e.what, help))
    })
}

/// Whether a text that cannot be read was to be a manifest: it names an apiVersion or a kind where a manifest has it.
fn looks_like_a_manifest(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content).replace('\0', ""); // what UTF-16 has beside plain letters
    let text = text.trim_start_matches(['\u{feff}', char::REPLACEMENT_CHARACTER]);
    let is_flow = text.trim_start().starts_with(['{', '[']); // its fields may stand anywhere
    let names_one = |line: &str| {
        let line = line.trim_start_matches(['"', '\'']);
        let rest = ["apiVersion", "kind"].iter().find_map(|word| line.strip_prefix(word));
        rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
    };
    if is_flow {
        return text.split(['{', ',', '\n']).any(|part| names_one(part.trim_start()));
    }
    text.lines().any(names_one)
}

/// What a file says.
fn fresh<'f>(file: &'f ManifestFile, content: Option<&Bytes>) -> Result<Fresh<'f>, Problem> {
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    match documents(file, content) {
        Ok(documents) => take(file, documents, &mut found, &mut skipped),
        Err(Unread::Foreign) => skipped.push(Skipped { path: file.path.clone(), line: None }),
        Err(Unread::Wrong(problem)) => return Err(problem),
    }
    let kinds = found.iter().flat_map(|f| kinds_of_definition(&f.value)).collect();
    Ok(Fresh { content: content.cloned().unwrap_or_default(), found, skipped, kinds })
}

/// The objects of what a file says, and what is wrong with them.
fn objects(fresh: Fresh<'_>, namespace: &str, answers: &Answers<'_>) -> (Arc<ReadFile>, Vec<Problem>) {
    let Fresh { content, found, skipped, kinds } = fresh;
    let mut wrong = Vec::new();
    let mut all = Manifests::default(); // each checked beside itself alone, for its places
    let mut manifests = Vec::with_capacity(found.len());
    for found in found {
        all.sources.entry(found.file.path.clone()).or_insert_with(|| content.clone());
        match object(found, namespace, answers) {
            Ok(manifest) => {
                wrong.extend(check::manifest(&manifest, &all));
                manifests.push(manifest);
            }
            Err(problem) => wrong.push(problem),
        }
    }
    (Arc::new(ReadFile { content, manifests, skipped, kinds }), wrong)
}

/// Takes the objects out of the documents of a file.
fn take<'f>(
    file: &'f ManifestFile,
    documents: Vec<yaml::Document>,
    found: &mut Vec<Found<'f>>,
    skipped: &mut Vec<Skipped>,
) {
    let before = (found.len(), skipped.len());
    for document in documents {
        let yaml::Document { place, value } = document;
        let names = |word: &str| value.get(word).is_some_and(|v| !v.is_null());
        if !names("apiVersion") && !names("kind") {
            skipped.push(Skipped { path: file.path.clone(), line: Some(place.line) });
            continue;
        }
        let all = objects_of(value).into_iter();
        found.extend(all.map(|(within, value)| Found { file, place, within, value }));
    }
    if found.len() == before.0 && skipped.len() > before.1 {
        skipped.truncate(before.1);
        skipped.push(Skipped { path: file.path.clone(), line: None });
    }
}

fn object(found: Found<'_>, namespace: &str, answers: &Answers<'_>) -> Result<Manifest, Problem> {
    let Found { file, place, within, mut value } = found;
    let problem = |what: String, help: String| Problem::at(&file.path, Some(place), what, help);
    let write_all = || "write apiVersion, kind and metadata.name".to_owned();
    if !value.is_object() {
        return Err(problem("the document is no object".to_owned(), write_all()));
    }
    let target = target_of(&value);
    for (word, text) in [("apiVersion", &target.api_version), ("kind", &target.kind)] {
        if text.is_empty() {
            let help = format!("{}, or name the file in {}", write_all(), ignore::NAME);
            return Err(problem(format!("the document has no {word}"), help));
        }
    }
    if target.name.is_empty() {
        let what = if value.pointer("/metadata/generateName").is_some() {
            format!("{} has a generateName, so Git cannot say which object it is", target.kind)
        } else {
            format!("{} has no metadata.name", target.kind)
        };
        return Err(problem(what, "give it a metadata.name".to_owned()));
    }
    let kind = match answers.ask(&target.api_version, &target.kind, Served::clone) {
        Served::As(kind) => kind,
        other => {
            let what = format!("the cluster serves no {} of {}", target.kind, target.api_version);
            let help = match other {
                Served::Elsewhere(version) => {
                    format!("write apiVersion: {version}, and what that version asks for")
                }
                _ => format!(
                    "install its CustomResourceDefinition first or add that to the repository; if this is no manifest, \
                     name the file in {}",
                    ignore::NAME
                ),
            };
            return Err(problem(what, help));
        }
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
    let key = Key::of(&target);
    let value = Arc::new(value);
    Ok(Manifest { key, target, kind, value, path: file.path.clone(), place, within })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;

    fn read_all(files: &[(&str, &str)]) -> Result<Manifests, Vec<Problem>> {
        let file = |(path, text): &(&str, &str)| ManifestFile {
            path: (*path).to_owned(),
            content: Some(Bytes::copy_from_slice(text.as_bytes())),
            ..ManifestFile::default()
        };
        let files: Vec<ManifestFile> = files.iter().map(file).collect();
        let served = |v: &str, k: &str| kinds::find(v, k).map_or(Served::Nowhere, Served::As);
        read(&files, "shop", &served, &mut ReadFiles::default()).map_err(|bad| bad.problems)
    }

    const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

    #[test]
    fn what_is_no_manifest_is_passed_over_with_its_place() {
        let mixed = format!("image: x\n---\n{CONFIG}");
        let files = [
            ("a.yaml", mixed.as_str()),
            ("board.json", "{\"title\": \"Latency\", \"panels\": []}"),
            ("broken.yaml", "a: [\n"),
            ("empty.yaml", "# nothing\n"),
            ("list.json", "[1, 2]"),
            ("template.yaml", "{{- if .Values.on }}\nname: x\n"),
            ("words.yaml", "just words\n"),
        ];
        let manifests = read_all(&files).unwrap();
        assert_eq!(manifests.objects.len(), 1);
        let skipped: Vec<String> = manifests.skipped.iter().map(ToString::to_string).collect();
        assert_eq!(
            skipped,
            ["a.yaml:1", "board.json", "broken.yaml", "list.json", "template.yaml", "words.yaml"]
        );
    }

    #[test]
    fn only_what_differs_is_read_again_and_kinds_are_asked_for_anew() {
        let definition = |scope: &str| {
            format!(
                "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: \
                 widgets.example.com}}\nspec: {{group: example.com, scope: {scope}, names: {{kind: Widget, plural: \
                 widgets}}, versions: [{{name: v1, served: true}}]}}\n"
            )
        };
        let namespaced = definition("Namespaced");
        let file = |path: &str, text: &str| ManifestFile {
            path: path.to_owned(),
            content: Some(Bytes::copy_from_slice(text.as_bytes())),
            blob: text.len().to_string(),
            ..ManifestFile::default()
        };
        let widget = file("w.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n");
        let words = file("words.yaml", "just words\n");
        let mut files = vec![file("crd.yaml", &namespaced), words, widget];
        let served = |v: &str, k: &str| kinds::find(v, k).map_or(Served::Nowhere, Served::As);
        let mut kept = ReadFiles::default();
        let first = read(&files, "shop", &served, &mut kept).unwrap();
        assert_eq!(kept.len(), 3);
        for known in &mut files {
            known.read = kept.get(&known.path, &known.blob).cloned();
            known.content = None;
        }
        assert_eq!(read(&files, "shop", &served, &mut kept).unwrap(), first, "nothing is read again");
        files[0] = file("crd.yaml", &definition("Cluster"));
        let second = read(&files, "shop", &served, &mut kept).unwrap();
        let namespace = |all: &Manifests| {
            let widget = all.objects.values().find(|m| m.key.kind == "Widget").unwrap();
            widget.value.pointer("/metadata/namespace").cloned()
        };
        assert_eq!((namespace(&first), namespace(&second)), (Some(json!("shop")), None));
        files[1] = file("words.yaml", "kind: X\n");
        assert!(read(&files, "shop", &served, &mut kept).is_err());
        assert_eq!(kept.len(), 2, "what is wrong is told each time");
    }

    #[test]
    fn half_a_manifest_and_a_broken_one_are_mistakes() {
        for (text, what) in [
            ("kind: ConfigMap\nmetadata: {name: x}\n", "no apiVersion"),
            ("apiVersion: v1\nmetadata: {name: x}\n", "no kind"),
            ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n", ""),
            ("\"kind\": ConfigMap\na: [\n", ""),
            ("{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",", ""),
            ("apiVersion: v1\nkind: List\nitems:\n- {a: 1}\n", "no apiVersion"),
        ] {
            let problems = read_all(&[("x.yaml", text)]).unwrap_err();
            assert!(problems.len() == 1 && problems[0].what.contains(what), "{text:?}: {problems:?}");
        }
    }

    #[test]
    fn the_number_of_mistakes_that_are_not_shown_is_told() {
        let files: Vec<(String, &str)> = (0..25).map(|n| (format!("{n:02}.yaml"), "kind: X\n")).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let problems = read_all(&files).unwrap_err();
        assert_eq!((problems.len(), problems[20].what.as_str()), (21, "5 more mistakes are not shown"));
    }

    #[test]
    fn a_version_that_a_definition_beside_does_not_serve_names_one_that_it_does() {
        let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                          widgets.example.com}\nspec: {group: example.com, scope: Namespaced, names: {kind: Widget, \
                          plural: widgets}, versions: [{name: v1, served: true}]}\n";
        let widget = |version: &str| {
            format!("apiVersion: example.com/{version}\nkind: Widget\nmetadata: {{name: w}}\n")
        };
        assert!(read_all(&[("crd.yaml", definition), ("w.yaml", &widget("v1"))]).is_ok());
        let problems = read_all(&[("crd.yaml", definition), ("w.yaml", &widget("v1beta1"))]).unwrap_err();
        assert!(problems[0].help.contains("apiVersion: example.com/v1,"), "{problems:?}");
    }
}
