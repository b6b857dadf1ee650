//! Decides what a request asks for besides its target: options in the query, what it is written by, media types.
//! It never decides what to answer.

use super::field::FieldError;
use super::media;
use super::refuse::Refusal;
use bytes::Bytes;
use http::{HeaderMap, Method, request::Parts};
use jiff::Timestamp;

/// A request whose body has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The HTTP method.
    pub method: Method,
    /// The decoded, non-empty segments of the path.
    pub segments: Vec<String>,
    /// The decoded query in its order.
    pub query: Query,
    /// The `Accept` header.
    pub accept: String,
    /// The media type of the body without parameters.
    pub content_type: String,
    /// The `User-Agent` header.
    pub agent: String,
    /// The `Host` header.
    pub host: String,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// Reads the head of a request.
    #[must_use]
    pub(crate) fn new(parts: &Parts, body: Bytes) -> Self {
        let path = parts.uri.path();
        let content_type = header(&parts.headers, "content-type");
        Self {
            method: parts.method.clone(),
            segments: path.split('/').filter(|s| !s.is_empty()).map(|s| decoded(s, false)).collect(),
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            accept: header(&parts.headers, "accept"),
            content_type: content_type.split(';').next().unwrap_or_default().trim().to_owned(),
            agent: header(&parts.headers, "user-agent"),
            host: header(&parts.headers, "host"),
            body,
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

/// `text` with `%XX` (and in a query `+`) replaced; a broken escape stays as it is.
fn decoded(text: &str, query: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (first, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) if query => {
                out.push(b' ');
                rest = tail;
            }
            (byte, _) => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The query of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `a=b&c=d`.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decoded(key, true), decoded(value, true))
        };
        Self { pairs: text.split('&').filter(|p| !p.is_empty()).map(pair).collect() }
    }

    /// The first value of `key`.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The first value of `key`, empty when there is none.
    #[must_use]
    pub(crate) fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// Every value of `key`.
    #[must_use]
    pub(crate) fn all(&self, key: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(k, _)| k == key).map(|(_, v)| v.as_str()).collect()
    }

    /// Whether `key` is set to anything but `false` and `0`; `None` when it is absent.
    #[must_use]
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).map(|v| !(v.eq_ignore_ascii_case("false") || v == "0"))
    }

    /// `key` as a whole number.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(key).filter(|t| !t.is_empty()) else { return Ok(None) };
        let wrong = |_| {
            Refusal::bad_request(format!(
                "strconv.ParseInt: parsing {}: invalid syntax",
                crate::base::go_text::quote(text)
            ))
        };
        text.parse().map(Some).map_err(wrong)
    }
}

/// What to do about fields that a kind does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validation {
    /// Drop them.
    Ignore,
    /// Drop them and warn.
    Warn,
    /// Refuse the object.
    Strict,
}

/// The options of a write and what it brings back besides its object.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    /// Name under which changed fields are recorded.
    pub manager: String,
    /// Nothing is stored.
    pub dry_run: bool,
    /// What to do about unknown fields.
    pub validation: Validation,
    /// A server-side apply takes fields away from other managers.
    pub force: bool,
    /// The time of the write.
    pub time: Timestamp,
    /// Warnings for the client, in order.
    pub warnings: Vec<String>,
}

impl Writer {
    /// A writer of this process: strict about nothing, recorded as `agent`.
    #[must_use]
    pub(crate) fn inside(agent: &str, time: Timestamp) -> Self {
        Self {
            manager: agent.to_owned(),
            dry_run: false,
            validation: Validation::Ignore,
            force: false,
            time,
            warnings: Vec::new(),
        }
    }

    /// Reads the options of a create, update (`kind` `CreateOptions`, `UpdateOptions`) or patch.
    ///
    /// # Errors
    /// 422 for options that do not exist or do not go together.
    pub(crate) fn new(call: &Call, kind: &str, time: Timestamp) -> Result<Self, Refusal> {
        let q = &call.query;
        let manager = q.text("fieldManager");
        let mut errors = Vec::new();
        if kind == "PatchOptions" {
            if call.content_type == media::APPLY && manager.is_empty() {
                errors.push(FieldError::required("fieldManager", "is required for apply patch"));
            }
            if call.content_type != media::APPLY && q.get("force").is_some() {
                errors.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
            }
        }
        errors.extend(wrong_manager(manager));
        errors.extend(wrong_dry_run(&q.all("dryRun")));
        let validation = match q.text("fieldValidation") {
            "Ignore" => Validation::Ignore,
            "Strict" => Validation::Strict,
            "" | "Warn" => Validation::Warn,
            other => {
                let known = ["", "Ignore", "Strict", "Warn"];
                errors.push(FieldError::not_supported("fieldValidation", other, &known));
                Validation::Warn
            }
        };
        if !errors.is_empty() {
            return Err(Refusal::invalid("meta.k8s.io", kind, "", &errors));
        }
        let manager = if manager.is_empty() { manager_of(&call.agent) } else { manager.to_owned() };
        Ok(Self {
            manager,
            dry_run: !q.all("dryRun").is_empty(),
            validation,
            force: q.flag("force").unwrap_or(false),
            time,
            warnings: Vec::new(),
        })
    }

    /// Adds a warning once.
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }
}

fn wrong_manager(manager: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if manager.len() > 128 {
        errors.push(FieldError::too_long("fieldManager", 128));
    }
    for (at, c) in manager.char_indices().filter(|(_, c)| c.is_control()) {
        let detail = format!("invalid character U+{:04X} (at position {at})", c as u32);
        errors.push(FieldError::invalid("fieldManager", manager, &detail));
    }
    errors
}

/// The faults of `dryRun` values: only `All` exists.
#[must_use]
pub(crate) fn wrong_dry_run(values: &[&str]) -> Vec<FieldError> {
    if values.iter().all(|v| *v == "All") {
        return Vec::new();
    }
    vec![FieldError::not_supported("dryRun", serde_json::json!(values), &["All"])]
}

/// The manager's name a user agent stands for: what precedes the first `/`, printable, at most 128 bytes.
#[must_use]
pub(crate) fn manager_of(agent: &str) -> String {
    let mut name = String::new();
    for c in agent.split('/').next().unwrap_or_default().chars().filter(|c| !c.is_control()) {
        if name.len() + c.len_utf8() > 128 {
            break;
        }
        name.push(c);
    }
    if name.is_empty() { "unknown".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let q = Query::parse("labelSelector=a%3Db%2Cc&watch=1&x=a+b&flag&off=false&bad=%zz");
        assert_eq!(q.text("labelSelector"), "a=b,c");
        assert_eq!((q.flag("watch"), q.flag("off"), q.flag("none")), (Some(true), Some(false), None));
        assert_eq!((q.text("x"), q.text("bad"), q.get("flag")), ("a b", "%zz", Some("")));
        assert!(Query::parse("limit=x").number("limit").is_err());
    }

    #[test]
    fn a_manager_is_named_after_its_program() {
        assert_eq!(manager_of("kubectl/v1.33 (linux/amd64)"), "kubectl");
        assert_eq!(manager_of(""), "unknown");
        assert_eq!(manager_of(&"x".repeat(200)).len(), 128);
    }
}
