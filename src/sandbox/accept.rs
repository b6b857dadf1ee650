//! Decides in which form an answer is given: as stored, as a table, or as metadata only.
//! It never makes the form.

use super::media;
use super::refuse::Refusal;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The object or list itself.
    Plain,
    /// `meta.k8s.io` Table.
    Table,
    /// `PartialObjectMetadata`.
    Metadata,
    /// `PartialObjectMetadataList`.
    MetadataList,
}

/// The words for a client that accepts no media type there is.
const NONE_FITS: &str = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
    application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

struct Clause<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    weight: f32,
}

fn clauses(header: &str) -> Vec<Clause<'_>> {
    let mut all: Vec<Clause<'_>> = header.split(',').filter_map(parse_clause).collect();
    // a stable sort keeps the client's order among equal weights
    all.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    all
}

fn parse_clause(text: &str) -> Option<Clause<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|m| !m.is_empty())?;
    let pairs: Vec<(&str, &str)> = parts.filter_map(|p| p.split_once('=')).collect();
    let weight = pairs.iter().find(|(k, _)| *k == "q").and_then(|(_, v)| v.parse().ok()).unwrap_or(1.0);
    Some(Clause { media, parameters: pairs, weight })
}

/// Chooses the form for the answer to a request about objects.
///
/// # Errors
/// 406 when none of the accepted forms can be given.
pub(crate) fn choose(header: &str) -> Result<Form, Refusal> {
    if header.trim().is_empty() {
        return Ok(Form::Plain);
    }
    let mut any = false;
    for clause in clauses(header) {
        if !matches!(clause.media, "application/json" | "application/*" | "*/*") {
            continue;
        }
        any = true;
        let get = |key: &str| clause.parameters.iter().find(|(k, _)| *k == key).map_or("", |(_, v)| *v);
        let meta = get("g") == "meta.k8s.io" && matches!(get("v"), "v1" | "v1beta1");
        match get("as") {
            "" if get("g").is_empty() && get("v").is_empty() => return Ok(Form::Plain),
            "Table" if meta => return Ok(Form::Table),
            "PartialObjectMetadata" if meta => return Ok(Form::Metadata),
            "PartialObjectMetadataList" if meta => return Ok(Form::MetadataList),
            _ => {}
        }
    }
    if any { Err(Refusal::not_acceptable(media::OFFERED)) } else { Err(nothing_fits()) }
}

fn nothing_fits() -> Refusal {
    let mut refusal = Refusal::new(406, "NotAcceptable", NONE_FITS);
    refusal.details = Some(Box::default());
    refusal
}

/// Whether the client wants aggregated discovery, and in which version (`v2` before `v2beta1`).
#[must_use]
pub(crate) fn aggregated(header: &str) -> bool {
    for clause in clauses(header) {
        if !matches!(clause.media, "application/json" | "application/*" | "*/*") {
            continue;
        }
        let get = |key: &str| clause.parameters.iter().find(|(k, _)| *k == key).map_or("", |(_, v)| *v);
        match (get("as"), get("g"), get("v")) {
            ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => return true,
            ("", "", "") => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_can_be_given_is_chosen() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(choose(table), Ok(Form::Table));
        assert_eq!(choose("application/vnd.kubernetes.protobuf,application/json"), Ok(Form::Plain));
        assert_eq!(
            choose("application/json;q=0.1, application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"),
            Ok(Form::Metadata)
        );
        assert_eq!(choose(""), Ok(Form::Plain));
        assert_eq!(choose("application/json, */*"), Ok(Form::Plain));
        let refusal = choose("text/plain").unwrap_err();
        assert_eq!(refusal.code, 406);
    }

    #[test]
    fn aggregated_discovery_is_recognised() {
        let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        assert!(aggregated(v2) && !aggregated("application/json"));
    }
}
