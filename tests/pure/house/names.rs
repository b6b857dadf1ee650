//! Decides which file a path of a Rust file means: `crate::`, `super::`, `self::`, a module beside it or a name that a
//! `use` brought, followed through the re-exports of maps. It never judges what it finds.

use super::text::{Token, production, stands, test_modules};
use std::collections::{BTreeMap, BTreeSet};

/// A path as segments, from `src` on: `["sandbox", "door", "Shared"]`.
pub type Path = Vec<String>;

/// The floors that are crates of their own.
const CRATES: &[&str] = &["base", "api", "merge", "sandbox"];

/// One name that a `use` brings into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// What it is called here; `*` for all of it.
    pub name: String,
    /// The path as written.
    pub path: Path,
    /// Whether others can take it from here.
    pub public: bool,
}

/// One file of production code.
#[derive(Debug)]
pub struct Room {
    pub file: String,
    pub uses: Vec<Use>,
    /// The other paths in it, as written.
    pub paths: Vec<Path>,
    /// Whether it defines something, instead of only listing and giving away.
    pub defines: bool,
}

/// Every file of production code, by the path of its module.
#[derive(Debug)]
pub struct House {
    pub rooms: BTreeMap<Path, Room>,
}

fn is_word(token: &Token) -> bool {
    token.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads one branch of a `use` tree at `at`, below `above`; gives the place after it.
fn branch(tokens: &[Token], mut at: usize, above: &[String], public: bool, found: &mut Vec<Use>) -> usize {
    let mut path = above.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|t| t.text != "}") {
                    at = branch(tokens, at, &path, public, found);
                    at += usize::from(stands(tokens, at, &[","]));
                }
                return at + 1;
            }
            "::" => at += 1,
            "*" => {
                found.push(Use { name: "*".to_owned(), path, public });
                return at + 1;
            }
            "as" => {
                let name = tokens.get(at + 1).map_or_else(String::new, |t| t.text.clone());
                found.push(Use { name, path, public });
                return at + 2;
            }
            word if is_word(token) => {
                // `a::{self}` means `a`; `self::a` and `use self::a` keep their first word.
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
                at += 1;
            }
            _ => break,
        }
    }
    let name = path.last().cloned().unwrap_or_default();
    found.push(Use { name, path, public });
    at
}

/// Whether the `use` at `at` gives its names away.
fn is_public(tokens: &[Token], at: usize) -> bool {
    at > 0 && (stands(tokens, at - 1, &["pub"]) || stands(tokens, at - 1, &[")"]))
}

/// Reads the names and paths of one file.
fn room(file: &str, tokens: &[Token]) -> Room {
    let (mut uses, mut paths, mut at) = (Vec::new(), Vec::new(), 0);
    const DEFINE: &[&str] =
        &["fn", "struct", "enum", "const", "static", "type", "trait", "impl", "macro_rules"];
    while let Some(token) = tokens.get(at) {
        if token.text == "use" {
            at = branch(tokens, at + 1, &[], is_public(tokens, at), &mut uses);
        } else if is_word(token) && stands(tokens, at + 1, &["::"]) {
            let mut path = vec![token.text.clone()];
            at += 1;
            while stands(tokens, at, &["::"]) && tokens.get(at + 1).is_some_and(is_word) {
                path.extend(tokens.get(at + 1).map(|t| t.text.clone()));
                at += 2;
            }
            at += usize::from(stands(tokens, at, &["::"]));
            paths.push(path);
        } else {
            at += 1;
        }
    }
    let defines = tokens.iter().any(|t| DEFINE.contains(&t.text.as_str()));
    Room { file: file.to_owned(), uses, paths, defines }
}

/// The path of the module that `file` holds.
fn module(file: &str) -> Path {
    let mut path: Path = file.trim_end_matches(".rs").split('/').skip(1).map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod" || last == "lib") {
        path.pop();
    }
    path
}

impl House {
    /// Reads `files`: their names from the root of the repository, and their texts.
    pub fn read(files: &[(String, String)]) -> Self {
        let mut tests = BTreeSet::new();
        for (file, text) in files {
            for name in test_modules(text) {
                let mut path = module(file);
                path.push(name);
                tests.insert(path);
            }
        }
        let is_test = |path: &Path| (0..=path.len()).any(|n| tests.contains(&path[..n]));
        let kept = files.iter().filter(|(file, _)| file != "src/main.rs" && !is_test(&module(file)));
        Self { rooms: kept.map(|(file, text)| (module(file), room(file, &production(text)))).collect() }
    }

    /// What `path`, written in `at`, is from `src` on; none when it leads out of the house.
    fn absolute(&self, at: &[String], path: &[String], depth: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let below = |base: &[String]| Some([base, rest].concat());
        match first.as_str() {
            "crate" => {
                let root = at.first().filter(|floor| CRATES.contains(&floor.as_str()));
                let own: Path = root.into_iter().cloned().collect();
                let inside = rest.first().is_none_or(|next| {
                    self.rooms.contains_key(&[&own[..], std::slice::from_ref(next)].concat())
                });
                let outside = rest.first().is_some_and(|next| CRATES.contains(&next.as_str()));
                if !inside && outside { Some(rest.to_vec()) } else { below(&own) }
            }
            "self" => below(at),
            "super" => {
                let (_, above) = at.split_last()?;
                if rest.first().is_some_and(|next| next == "super") {
                    self.absolute(above, rest, depth)
                } else {
                    below(above)
                }
            }
            name => {
                if let Some(floor) = name.strip_prefix("switchback_").filter(|floor| CRATES.contains(floor)) {
                    return below(&[floor.to_owned()]);
                }
                let beside = [at, std::slice::from_ref(first)].concat();
                if self.rooms.contains_key(&beside) {
                    return below(&beside);
                }
                let brought = self.rooms.get(at)?.uses.iter().find(|u| u.name == name && u.path != path)?;
                let whole =
                    if depth > 0 { self.absolute(at, &brought.path, depth - 1)? } else { return None };
                below(&whole)
            }
        }
    }

    /// The module that the absolute `path` leads to, through re-exports.
    fn follow(&self, path: &[String], depth: usize) -> Option<Path> {
        let at = (0..=path.len()).rev().find(|n| self.rooms.contains_key(&path[..*n]))?;
        let room = self.rooms.get(&path[..at])?;
        let here = Some(path[..at].to_vec());
        let Some(item) = path.get(at).filter(|_| depth > 0) else { return here };
        let is_map = room.file.ends_with("/mod.rs") || room.file.ends_with("/lib.rs");
        let given = room.uses.iter().find(|u| u.name == *item && (u.public || is_map));
        let Some(given) = given else { return here };
        let Some(whole) = self.absolute(&path[..at], &given.path, 8) else { return here };
        self.follow(&[&whole[..], &path[at + 1..]].concat(), depth - 1).or(here)
    }

    /// The module whose file `path`, written in the module `at`, leads to; none when it leads out of the house or only
    /// to a map.
    pub fn leads_to(&self, at: &[String], path: &[String]) -> Option<Path> {
        let whole = self.absolute(at, path, 8)?;
        let found = self.follow(&whole, 8)?;
        let is_map = |room: &Room| room.file.ends_with("/mod.rs") || room.file.ends_with("/lib.rs");
        let only_named = whole.len() <= found.len() && is_map(self.rooms.get(&found)?);
        (!only_named).then_some(found)
    }
}

#[test]
fn paths_are_followed_to_the_file_that_defines() {
    let files = [
        ("src/sandbox/lib.rs", "use switchback_api as api;\nmod a;\nmod door;\npub use door::Door;"),
        ("src/sandbox/a.rs", "use crate::{Door, api::key::{self, Key}};\nuse super::door::{\n  In,\n};"),
        ("src/sandbox/door.rs", "pub struct Door; pub struct In;"),
        ("src/api/lib.rs", "pub mod key;"),
        ("src/api/key.rs", "pub struct Key;"),
        ("src/lib.rs", "pub mod engine;"),
        ("src/engine/mod.rs", "mod plan;\nmod run;\npub use plan::*;\npub use run::run;"),
        ("src/engine/run.rs", "use crate::engine::plan;\nfn run() { plan::go() }"),
        (
            "src/engine/plan.rs",
            "fn go() { super::run(); crate::engine::plan::go() }\n#[cfg(test)]\nmod tests;",
        ),
        ("src/engine/plan/tests.rs", "use crate::engine::run;"),
    ];
    let house = House::read(&files.map(|(file, text)| (file.to_owned(), text.to_owned())));
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Path>();
    let leads = |at: &str, to: &str| house.leads_to(&path(at), &path(to)).map(|found| found.join("::"));
    let is =
        |at: &str, to: &str, found: &str| assert_eq!(leads(at, to).as_deref(), Some(found), "{at}: {to}");
    is("sandbox::a", "crate::Door", "sandbox::door");
    is("sandbox::a", "super::door::In", "sandbox::door");
    is("sandbox::a", "crate::api::key::Key", "api::key");
    is("sandbox::a", "key::Key", "api::key");
    is("sandbox::a", "Key::new", "api::key");
    is("engine::plan", "super::run", "engine::run");
    is("engine::run", "plan::go", "engine::plan");
    assert_eq!(leads("engine::run", "std::time::Duration"), None);
    assert_eq!(leads("engine::run", "crate::engine"), None);
    assert!(!house.rooms.contains_key(&path("engine::plan::tests")));
}
