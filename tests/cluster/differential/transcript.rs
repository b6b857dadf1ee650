//! What a transcript is: requests a person can read, with names for what earlier answers held. It never speaks
//! HTTP; `play.rs` does.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One file of `transcripts/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// What it shows, in a sentence or two.
    pub about: String,
    /// Values used more than once, written `${name}` below.
    #[serde(default)]
    pub given: BTreeMap<String, Value>,
    /// Collections watched from before the first request, by a label: paths as in `ask`, without the method.
    #[serde(default)]
    pub watch: BTreeMap<String, String>,
    pub requests: Vec<Request>,
    /// Cluster-scoped objects to delete afterwards; the namespace `${ns}` always goes.
    #[serde(default)]
    pub finally: Vec<String>,
}

/// One request, and how much of its answer is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Unique in its transcript; goldens and `known.yaml` name it.
    pub name: String,
    /// `METHOD /path`; or `COMPACT`, which makes the server forget all but the newest state.
    pub ask: String,
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Who asks: `admin` (when absent), `nobody` (no token) or `stranger` (a token nobody knows).
    #[serde(default, rename = "as")]
    pub user: Option<String>,
    /// The body's media type: `json` (when absent), `merge`, `json-patch`, `strategic`, `apply`, or one in full.
    #[serde(default, rename = "type")]
    pub media: Option<String>,
    #[serde(default)]
    pub body: Option<Value>,
    /// A body that is not JSON.
    #[serde(default)]
    pub text: Option<String>,
    /// Names for parts of the answer, by JSON pointer or JSONPath.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// Ask again until these parts (JSON pointer or JSONPath, or `code`) have these values; null means absent.
    #[serde(default)]
    pub until: BTreeMap<String, Value>,
    /// The answer is a stream: read it now.
    #[serde(default)]
    pub stream: Option<Stream>,
    /// The answer is a stream: leave it open under this label; its events are collected at the end.
    #[serde(default)]
    pub follow: Option<String>,
    /// How much of the body goes into the golden.
    #[serde(default)]
    pub record: Extent,
    /// Only these parts of the body (JSONPath), for documents that differ by what else a server serves.
    #[serde(default)]
    pub pick: Vec<String>,
}

/// How to read a stream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// So many events are waited for; those that come while `quiet` passes are kept too.
    pub events: usize,
    /// Milliseconds of silence after the last expected event (300).
    #[serde(default)]
    pub quiet: Option<u64>,
}

/// How much of a body is compared.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// Every value.
    #[default]
    All,
    /// The keys, and of values their types.
    Shape,
    /// Nothing: only the status code and the headers.
    Code,
}

/// A transcript, its name and its text.
#[derive(Debug)]
pub struct Script {
    pub name: String,
    pub text: String,
    pub transcript: Transcript,
}

/// The folder of this test.
pub fn room() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/differential")
}

/// Every transcript whose name holds one of the comma-separated words of `only` (all when none is given).
pub fn scripts(only: Option<&str>) -> Vec<Script> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(room().join("transcripts")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if only.is_some_and(|words| !words.split(',').any(|w| name.contains(w))) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let transcript = parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        found.push(Script { name, text, transcript });
    }
    assert!(!found.is_empty(), "no transcript is named so");
    found
}

/// Reads one transcript and holds it to what its types cannot say.
pub fn parse(text: &str) -> Result<Transcript, String> {
    let transcript: Transcript = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
    let mut names: Vec<&str> = transcript.requests.iter().map(|r| r.name.as_str()).collect();
    names.extend(transcript.watch.keys().map(String::as_str));
    names.extend(transcript.requests.iter().filter_map(|r| r.follow.as_deref()));
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]) {
        return Err(format!(
            "two requests or watches are named {:?}; goldens tell them apart by name",
            twice[0]
        ));
    }
    for request in &transcript.requests {
        if request.ask != "COMPACT" && ![" /", " ${"].iter().any(|p| request.ask.contains(p)) {
            return Err(format!(
                "{}: `ask` is `METHOD /path` or COMPACT, not {:?}",
                request.name, request.ask
            ));
        }
        if request.body.is_some() && request.text.is_some() {
            return Err(format!("{}: has both `body` and `text`; keep one", request.name));
        }
    }
    Ok(transcript)
}

/// The media type a short word stands for.
pub fn media_type(word: &str) -> &str {
    match word {
        "json" => "application/json",
        "merge" => "application/merge-patch+json",
        "json-patch" => "application/json-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        "apply" => "application/apply-patch+yaml",
        full => full,
    }
}

/// Puts values in place of `${name}`: whole when a string is nothing else, as text inside a longer one.
/// Names that are not known are left as they stand, so that the server's complaint shows them.
pub fn fill(value: &Value, known: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::String(text) => {
            let whole = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
            match whole.and_then(|name| known.get(name)) {
                Some(found) if found.is_string() => found.clone(),
                Some(found) => fill(found, known),
                None => Value::String(fill_text(text, known)),
            }
        }
        Value::Array(items) => items.iter().map(|v| fill(v, known)).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (fill_text(k, known), fill(v, known))).collect(),
        other => other.clone(),
    }
}

/// The same for a text.
pub fn fill_text(text: &str, known: &BTreeMap<String, Value>) -> String {
    let mut out = text.to_owned();
    for (name, value) in known {
        let mark = format!("${{{name}}}");
        if out.contains(&mark) {
            let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            out = out.replace(&mark, &word);
        }
    }
    out
}

/// What a JSON pointer (`/a/0`) or JSONPath (`$.a[?@.b=='c']`) finds.
pub fn look(value: &Value, path: &str) -> Vec<Value> {
    use jsonpath_rust::JsonPath;
    if path.starts_with('$') {
        let found = value.query(path).unwrap_or_else(|e| panic!("{path}: {e}"));
        return found.into_iter().cloned().collect();
    }
    value.pointer(path).cloned().into_iter().collect()
}
