//! Decides which files of this machine are read as manifests: those that are named, and all below folders that are named.
//! It never reads what they say, and never follows a link in a folder.

use crate::front::exit::Failure;
use crate::logic::manifest::ManifestFile;
use crate::logic::manifest::pick::{Form, is_hidden, is_read};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes; as much as of one in a repository.
const MOST: u64 = 4 << 20;
/// How a file is called that comes from standard input.
const STDIN: &str = "stdin.yaml";

/// Files, each under a name of its own, and how people call them.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// The files.
    pub(crate) files: Vec<ManifestFile>,
    /// What a file is called by who has named it, by its own name.
    pub(crate) shown: BTreeMap<String, String>,
}

impl Files {
    /// The files at `paths`; `-` is standard input.
    ///
    /// # Errors
    /// One that cannot be read, or is no manifest by its name.
    pub(crate) fn at(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut all = Self::default();
        for (number, path) in paths.iter().enumerate() {
            // What stands in a hidden folder is read when it is named, so that folder is not part of its name.
            let given = path.display().to_string();
            let is_plain = !is_hidden(&given) && !paths.iter().take(number).any(|earlier| earlier == path);
            let folder = if is_plain { given.trim_end_matches('/').to_owned() } else { number.to_string() };
            if path.as_os_str() == "-" {
                let mut text = Vec::new();
                let read = std::io::stdin().take(MOST + 1).read_to_end(&mut text);
                read.map_err(|e| Failure::usage(format!("standard input cannot be read: {e}")))?;
                all.add(STDIN.to_owned(), STDIN.to_owned(), text.len() as u64, text);
                continue;
            }
            let about = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
            if about.is_dir() {
                all.below(path, &folder)?;
                continue;
            }
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if !is_read(&name) {
                return Err(Failure::usage(format!(
                    "{} is no manifest by its name; name a file that ends in .yaml, .yml or .json, a folder, or - for \
                     standard input",
                    path.display()
                )));
            }
            all.read(path, if is_plain { folder } else { format!("{folder}/{name}") }, &about)?;
        }
        Ok(all)
    }

    fn add(&mut self, path: String, shown: String, size: u64, content: Vec<u8>) {
        self.shown.insert(path.clone(), shown);
        let content = (size <= MOST).then(|| Bytes::from(content));
        self.files.push(ManifestFile { path, content, size, ..ManifestFile::default() });
    }

    fn read(&mut self, at: &Path, path: String, about: &Metadata) -> Result<(), Failure> {
        let size = about.len();
        let content = if size <= MOST { fs::read(at).map_err(|e| unreadable(at, &e))? } else { Vec::new() };
        self.add(path, at.display().to_string(), size, content);
        Ok(())
    }

    /// All that is read below the folder `at`, in the order of the names.
    fn below(&mut self, at: &Path, path: &str) -> Result<(), Failure> {
        let entries = fs::read_dir(at).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = entries.map_err(|e| unreadable(at, &e))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let (at, path) = (entry.path(), format!("{path}/{name}"));
            let about = entry.metadata().map_err(|e| unreadable(&at, &e))?;
            if about.is_dir() && !name.starts_with('.') {
                self.below(&at, &path)?;
            } else if about.is_symlink() {
                let is_folder = fs::metadata(&at).is_ok_and(|m| m.is_dir());
                let form = if is_folder { Form::FolderLink } else { Form::Link };
                self.shown.insert(path.clone(), at.display().to_string());
                self.files.push(ManifestFile { path, form, ..ManifestFile::default() });
            } else if about.is_file() && is_read(&name) {
                self.read(&at, path, &about)?;
            }
        }
        Ok(())
    }

    /// How people call the file of this name.
    pub(crate) fn shown<'p>(&'p self, path: &'p str) -> &'p str {
        self.shown.get(path).map_or(path, String::as_str)
    }

    /// The text of the file that people call so.
    pub(crate) fn text(&self, shown: &str) -> Option<String> {
        let file = self.files.iter().find(|file| self.shown(&file.path) == shown)?;
        String::from_utf8(file.content.as_ref()?.to_vec()).ok()
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_to_the_bottom_and_links_and_hidden_ones_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        fs::create_dir_all(at(".hidden")).unwrap();
        for name in ["a/b/two.yaml", "a/one.yml", ".hidden/no.yaml", "README.md"] {
            fs::write(at(name), "x: 1").unwrap();
        }
        std::os::unix::fs::symlink(at("a"), at("c")).unwrap();
        let files = Files::at(&[at("a/b/"), at("."), at(".hidden")]).unwrap();
        let found: Vec<(&str, Form)> = files.files.iter().map(|f| (f.path.as_str(), f.form)).collect();
        let all = [
            ("0/two.yaml", Form::File),
            ("1/a/b/two.yaml", Form::File),
            ("1/a/one.yml", Form::File),
            ("1/c", Form::FolderLink),
            ("2/no.yaml", Form::File),
        ];
        assert_eq!(found, all, "what `tempfile` makes is hidden, so no file keeps the name that was given");
        let shown = at("./a/b/two.yaml").display().to_string();
        assert_eq!(files.shown("1/a/b/two.yaml"), shown);
        assert_eq!(files.text(&shown).as_deref(), Some("x: 1"));
        let wrong = [at("README.md"), at("nowhere.yaml")].map(|path| Files::at(&[path]).unwrap_err().text);
        assert!(wrong[0].contains("is no manifest by its name"), "{wrong:?}");
        assert!(wrong[1].contains("cannot be read"), "{wrong:?}");
    }
}
