//! Decides which objects a list means, at which revision, and how it goes on after a page.
//! It never decides in which form they are shown.

use super::field::FieldError;
use super::fields;
use super::refuse::{Details, Refusal};
use super::request::{Call, Query};
use super::route::Target;
use super::select::{self, Fields};
use super::served::Served;
use super::shelf::{Shelf, Stored};
use super::state::State;
use crate::api::selector::Labels;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a list or a watch asks for.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The kind.
    pub served: Arc<Served>,
    /// What the keys of the objects begin with: empty, or `namespace/`.
    pub prefix: String,
    /// Labels they must have.
    pub labels: Labels,
    /// Fields they must have.
    pub fields: Fields,
}

impl Selection {
    /// Reads the selectors of a list, watch or collection deletion.
    ///
    /// # Errors
    /// 400 for a selector that cannot be read or asks for fields the kind does not have.
    pub(crate) fn new(target: &Target, call: &Call) -> Result<Self, Refusal> {
        let q = &call.query;
        let labels = select::labels(q.text("labelSelector")).map_err(Refusal::bad_request)?;
        let mut chosen = Fields::parse(q.text("fieldSelector")).map_err(Refusal::bad_request)?;
        fields::check(&target.served, &mut chosen)?;
        if !target.name.is_empty() {
            if chosen.is_everything() {
                chosen = Fields::named(&target.name);
            } else if chosen.exactly("metadata.name") != Some(&target.name) {
                let text = "fieldSelector metadata.name doesn't match requested name";
                return Err(Refusal::bad_request(text));
            }
        }
        let prefix =
            if target.namespace.is_empty() { String::new() } else { format!("{}/", target.namespace) };
        Ok(Self { served: Arc::clone(&target.served), prefix, labels, fields: chosen })
    }

    /// Whether it means everything under its prefix.
    #[must_use]
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    /// Whether it means `stored`.
    #[must_use]
    pub(crate) fn means(&self, stored: &Stored) -> bool {
        self.labels.matches(&stored.head.labels) && self.fields.matches(&stored.head.fields)
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The objects, in order of their keys.
    pub items: Vec<Stored>,
    /// The revision they are of.
    pub revision: u64,
    /// The token of the next page, empty on the last one.
    pub next: String,
    /// How many objects follow, where that is known.
    pub remaining: Option<usize>,
}

#[derive(Serialize, Deserialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

fn token(revision: i64, prefix: &str, last: &str) -> String {
    let start = format!("{}\0", last.strip_prefix(prefix).unwrap_or(last));
    let token = Token { v: "meta.k8s.io/v1".to_owned(), rv: revision, start };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

fn read_token(text: &str, prefix: &str) -> Result<(i64, String), Refusal> {
    let bad =
        |why: &str| Refusal::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|e| bad(&illegal(text, &e)))?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|e| bad(&e.to_string()))?;
    if token.v != "meta.k8s.io/v1" {
        return Err(bad(&format!("server does not recognize this encoded version {}", token.v)));
    }
    if token.rv == 0 {
        return Err(bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
    }
    if token.start.is_empty() {
        return Err(bad("encoded start key empty (version meta.k8s.io/v1)"));
    }
    if token.start.split('/').any(|part| part == ".." || part == ".") {
        return Err(bad(&token.start));
    }
    Ok((token.rv, format!("{prefix}{}", token.start.trim_end_matches('\0'))))
}

fn illegal(text: &str, error: &base64::DecodeError) -> String {
    let at = match error {
        base64::DecodeError::InvalidByte(at, _) => *at,
        // Go tells the beginning of the broken group of four
        _ => text.len() / 4 * 4,
    };
    format!("illegal base64 data at input byte {at}")
}

/// Checks the options of a list.
fn check(q: &Query) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let matching = q.text("resourceVersionMatch");
    if !matching.is_empty() {
        let path = "resourceVersionMatch";
        if q.text("resourceVersion").is_empty() {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            errors.push(FieldError::forbidden(path, detail));
        }
        if !q.text("continue").is_empty() {
            errors.push(FieldError::forbidden(
                path,
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            errors.push(FieldError::not_supported(path, matching, &["Exact", "NotOlderThan", ""]));
        }
        if matching == "Exact" && q.text("resourceVersion") == "0" {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(path, detail));
        }
    }
    if q.get("sendInitialEvents").is_some() {
        errors.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::invalid("meta.k8s.io", "ListOptions", "", &errors)) }
}

/// The revision in `resourceVersion`; `None` when there is none.
///
/// # Errors
/// 500 when it is no number, as a real server answers everywhere but in lists.
pub(crate) fn asked_revision(q: &Query) -> Result<Option<u64>, Refusal> {
    let text = q.text("resourceVersion");
    if text.is_empty() {
        return Ok(None);
    }
    let detail = format!("strconv.ParseUint: parsing {}: invalid syntax", crate::base::go_text::quote(text));
    let why = |_| Refusal::new(500, "", FieldError::invalid("resourceVersion", text, &detail).text());
    text.parse().map(Some).map_err(why)
}

impl State {
    /// The page of objects that a list asks for.
    ///
    /// # Errors
    /// 400 and 422 for options that make no sense, 410 for a revision no longer kept, 504 for one to come.
    pub(crate) fn list(&mut self, selection: &Selection, q: &Query) -> Result<Page, Refusal> {
        check(q)?;
        let limit = q.number("limit")?.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let asked = asked_revision(q)
            .map_err(|e| Refusal::bad_request(format!("invalid resource version: {}", e.message)))?;
        let current = self.revision;
        let exact = q.text("resourceVersionMatch") == "Exact"
            || (q.text("resourceVersionMatch").is_empty() && limit > 0 && asked.is_some_and(|r| r > 0));
        if let Some(asked) = asked.filter(|r| *r > current) {
            return Err(Refusal::too_large_revision(asked, current));
        }
        let limit = if asked == Some(0) { 0 } else { limit };
        let (at, after) = match q.text("continue") {
            "" => (if exact { asked } else { None }, None),
            text => {
                if asked.is_some_and(|r| r > 0) {
                    let text = "specifying resource version is not allowed when using continue";
                    return Err(Refusal::bad_request(text));
                }
                let (revision, after) = read_token(text, &selection.prefix)?;
                (u64::try_from(revision).ok(), Some(after))
            }
        };
        let shelf = self.shelf(&selection.served);
        if at.is_some_and(|at| at < shelf.compacted()) {
            return Err(gone(&selection.prefix, after.as_deref()));
        }
        Ok(page(shelf, selection, at.filter(|at| *at < current), current, after.as_deref(), limit))
    }
}

fn gone(prefix: &str, after: Option<&str>) -> Refusal {
    let Some(after) = after else {
        return Refusal::expired("The resourceVersion for the provided list is too old.");
    };
    let mut refusal = Refusal::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter, or use the continue token in this response to retrieve the remainder of the \
         results. Continuing with the provided token results in an inconsistent list - objects that were created, \
         modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    let resume = token(-1, prefix, after);
    refusal.details = Some(Box::new(Details { resume, ..Details::default() }));
    refusal
}

fn page(
    shelf: &Shelf,
    selection: &Selection,
    past: Option<u64>,
    current: u64,
    after: Option<&str>,
    limit: usize,
) -> Page {
    let then;
    let all: Box<dyn Iterator<Item = (&str, &Stored)> + '_> = match past {
        None => Box::new(shelf.range(&selection.prefix, after).map(|(k, s)| (&**k, s))),
        Some(at) => {
            then = shelf.range_at(at, &selection.prefix, after);
            Box::new(then.iter().map(|(k, s)| (&**k, s)))
        }
    };
    let mut items = Vec::new();
    let mut rest = all.peekable();
    let mut last = String::new();
    while let Some((key, stored)) = rest.next() {
        if !selection.means(stored) {
            continue;
        }
        items.push(stored.clone());
        if limit > 0 && items.len() == limit && rest.peek().is_some() {
            key.clone_into(&mut last);
            break;
        }
    }
    let revision = past.unwrap_or(current);
    if last.is_empty() {
        return Page { items, revision, next: String::new(), remaining: None };
    }
    let remaining = selection.is_everything().then(|| rest.count());
    let next = token(i64::try_from(revision).unwrap_or(i64::MAX), &selection.prefix, &last);
    Page { items, revision, next, remaining }
}
