//! Decides which files of a commit are read as manifests: not those that an ignore file names, nor what has to be
//! rendered first, nor what stands in no tree of this commit. It never reads a manifest.

use crate::logic::manifest::Problem;
use crate::logic::manifest::ignore::{self, Ignored};
use crate::logic::manifest::kept::ReadFile;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file of a commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ManifestFile {
    /// Path from the root of the repository.
    pub(crate) path: String,
    /// Content; none when it is larger than what is read, or no file.
    pub(crate) content: Option<Bytes>,
    /// Bytes.
    pub(crate) size: u64,
    /// What stands at the path.
    pub(crate) form: Form,
    /// Names the content.
    pub(crate) blob: String,
    /// What the same content at the same path came to before; then there is no content here.
    pub(crate) read: Option<Arc<ReadFile>>,
}

/// What stands at a path of a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// A file.
    #[default]
    File,
    /// A symbolic link.
    Link,
    /// A symbolic link to a folder.
    FolderLink,
    /// A commit of another repository.
    Submodule,
}

/// Whether a file holds manifests by its name: YAML or JSON, and not hidden.
#[must_use]
pub(crate) fn is_manifest(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    !is_hidden(path) && matches!(extension.as_deref(), Some("yaml" | "yml" | "json"))
}

/// Whether a file is read at all, by its name: a manifest, or an ignore file.
#[must_use]
pub(crate) fn is_read(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    is_manifest(path) || name == ignore::NAME && !is_hidden(folder)
}

/// Whether the file or a folder above it is hidden.
#[must_use]
pub(crate) fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') && part != "." && part != "..")
}

/// The files that are read as manifests, and what cannot be taken in although nobody has left it out.
#[must_use]
pub(crate) fn pick(files: &[ManifestFile]) -> (Vec<&ManifestFile>, Vec<Problem>) {
    let texts = files.iter().filter(|f| f.path.rsplit('/').next() == Some(ignore::NAME)).filter_map(|f| {
        let text = std::str::from_utf8(f.content.as_deref()?).ok()?;
        Some((f.path.as_str(), text))
    });
    let ignored = Ignored::of(texts);
    let kept: Vec<&ManifestFile> =
        files.iter().filter(|f| !is_hidden(&f.path) && !ignored.has(&f.path)).collect();
    let rendered = rendered(&kept);
    let mut problems: Vec<Problem> = rendered.values().cloned().collect();
    let mut manifests = Vec::new();
    for file in kept {
        if within(&rendered, &file.path) {
            continue;
        }
        let problem = match file.form {
            Form::File | Form::Link if !is_manifest(&file.path) => continue,
            Form::File => {
                manifests.push(file);
                continue;
            }
            Form::Link => "the file is a symbolic link, and links are not followed",
            Form::FolderLink => "the folder is a symbolic link, and links are not followed",
            Form::Submodule => "the folder is a submodule, and other repositories are not fetched",
        };
        let help = format!("put the manifest itself here, or name it in {}", ignore::NAME);
        problems.push(Problem::at(&file.path, None, problem, help));
    }
    (manifests, problems)
}

/// Folders that a program has to render first, with the problem of each; those inside of others left out.
fn rendered(files: &[&ManifestFile]) -> BTreeMap<String, Problem> {
    let mut all: BTreeMap<String, Problem> = BTreeMap::new();
    for file in files.iter().filter(|f| f.form != Form::Submodule) {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let what = match name {
            "Chart.yaml" => "this folder is a chart, to be rendered by helm",
            "kustomization.yaml" | "kustomization.yml" => "this folder is to be rendered by kustomize",
            _ => continue,
        };
        let help = format!(
            "commit the rendered manifests elsewhere and name the folder in {}, or point --path elsewhere",
            ignore::NAME
        );
        let what = format!("{what}, which this version does not do yet; none of its files is read");
        all.entry(folder.to_owned()).or_insert_with(|| Problem::at(&file.path, None, what, help));
    }
    let folders: Vec<String> = all.keys().cloned().collect();
    all.retain(|folder, _| !folders.iter().any(|outer| outer != folder && is_below(folder, outer)));
    all
}

fn within(rendered: &BTreeMap<String, Problem>, path: &str) -> bool {
    rendered.keys().any(|folder| is_below(path, folder))
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> ManifestFile {
        ManifestFile { path: path.to_owned(), content: Some(Bytes::new()), ..ManifestFile::default() }
    }

    /// The paths that are read, and those that are problems.
    fn picked(files: &[ManifestFile]) -> (Vec<&str>, Vec<String>) {
        let (manifests, problems) = pick(files);
        (manifests.iter().map(|f| f.path.as_str()).collect(), problems.into_iter().map(|p| p.path).collect())
    }

    #[test]
    fn what_has_to_be_rendered_is_told_once_and_not_read() {
        let paths = [
            "a.yaml",
            "shop/Chart.yaml",
            "shop/values.yaml",
            "shop/templates/x.yaml",
            "shop/charts/db/Chart.yaml",
            "shop2/a.yaml",
            "over/kustomization.yml",
            "over/patch.yaml",
        ];
        let files: Vec<ManifestFile> = paths.iter().map(|p| file(p)).collect();
        let (read, problems) = picked(&files);
        assert_eq!(read, ["a.yaml", "shop2/a.yaml"]);
        assert_eq!(problems, ["over/kustomization.yml", "shop/Chart.yaml"]);
    }

    #[test]
    fn what_stands_in_no_tree_of_this_commit_is_refused_unless_it_is_ignored() {
        let of = |path: &str, form| ManifestFile { form, ..file(path) };
        let mut files = vec![
            of("apps/billing", Form::Submodule),
            of("apps/web", Form::FolderLink),
            of("x.yaml", Form::Link),
            of("README.md", Form::Link),
            of(".github/tools", Form::Submodule),
        ];
        assert_eq!(picked(&files).1, ["apps/billing", "apps/web", "x.yaml"]);
        let text = Bytes::from_static(b"billing\nx.yaml\n");
        files.push(ManifestFile { content: Some(text), ..file(".switchbackignore") });
        assert_eq!(picked(&files).1, ["apps/web"]);
    }

    #[test]
    fn names_tell_what_is_read() {
        for (path, read) in [
            ("a/b.yaml", true),
            ("a/b.YML", true),
            ("b.json", true),
            ("a.md", false),
            (".x/a.yaml", false),
            ("a/.switchbackignore", true),
            (".x/.switchbackignore", false),
            ("a/.b.yaml", false),
        ] {
            assert_eq!(is_read(path), read, "{path}");
        }
    }
}
