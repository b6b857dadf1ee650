//! Decides what object a body holds: its media type, its kind, and how it fits the kind of the URL.
//! It never checks the fields of the object; that is the business of `admit`.

use super::field::FieldError;
use super::media;
use super::object;
use super::refuse::Refusal;
use super::request::Call;
use super::served::{Kinds, Served};
use serde_json::Value;
use serde_yaml::DuplicateKeyPolicy;

/// 415 for protobuf, with the way around it.
#[must_use]
pub(crate) fn protobuf() -> Refusal {
    Refusal::new(
        415,
        "UnsupportedMediaType",
        "this server reads JSON and YAML, and kubectl sends protobuf for this command; run it with \
         --dry-run=client -o yaml and pipe the result into kubectl create -f - (or use apply -f)",
    )
}

/// Reads the body of a create or update as JSON or YAML.
///
/// # Errors
/// 415 for other media types, 400 for a body that cannot be read.
pub(crate) fn body(call: &Call, served: &Served) -> Result<Value, Refusal> {
    let refuse = |why: String| {
        let kind = &served.kind.kind;
        Refusal::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why}"))
    };
    let value: Value = match call.content_type.as_str() {
        "" | media::JSON => {
            serde_json::from_slice(&call.body).map_err(|e| refuse(json_error(&call.body, &e)))?
        }
        media::YAML => yaml(&call.body).map_err(refuse)?,
        media::PROTOBUF => return Err(protobuf()),
        _ => return Err(Refusal::unsupported_media_type(media::OFFERED)),
    };
    if value.is_object() {
        return Ok(value);
    }
    let shown = summary(&call.body);
    let why = not_an_object(&value);
    Err(refuse(format!("couldn't get version/kind; json parse error: {why} ({shown})")))
}

/// Why a JSON document that is no object is no object, in Go's words.
#[must_use]
pub(crate) fn not_an_object(value: &Value) -> String {
    let found = object::json_type(value);
    format!(
        "json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,\
         omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
    )
}

/// A fault of a JSON text in Go's words.
#[must_use]
pub(crate) fn go_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}

/// The fault of a kind that nobody knows.
#[must_use]
pub(crate) fn not_registered(kind: &str, version: &str) -> String {
    format!(
        "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\""
    )
}

fn json_error(body: &[u8], error: &serde_json::Error) -> String {
    format!("couldn't get version/kind; json parse error: {} ({})", go_error(error), summary(body))
}

/// Reads one YAML document as JSON.
///
/// # Errors
/// The reader's text.
pub(crate) fn yaml(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|e| e.to_string())?;
    let options = serde_yaml::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    serde_yaml::from_str_with_options(text, options)
        .map_err(|e| format!("error converting YAML to JSON: {e}"))
}

/// What a strict reader has against a YAML document that can be read: a key that occurs twice.
fn doubled(body: &[u8]) -> Option<String> {
    let error = serde_yaml::from_slice::<Value>(body).err()?;
    let serde_yaml::Error::DuplicateMappingKey { key, location } = error.without_snippet() else {
        return None;
    };
    Some(format!(
        "error converting YAML to JSON: yaml: unmarshal errors:\n  line {}: key {} already set in map",
        location.line(),
        crate::base::go_text::quote(key.as_deref().unwrap_or_default())
    ))
}

/// Reads the configuration of a server-side apply, and says what a strict reader has against it.
///
/// # Errors
/// 400 for what is no YAML map.
pub(crate) fn apply_configuration(body: &[u8]) -> Result<(Value, Option<String>), Refusal> {
    let refuse = |why: String| Refusal::bad_request(format!("error decoding YAML: {why}"));
    let config = match yaml(body).map_err(refuse)? {
        Value::Null => Value::Object(serde_json::Map::new()),
        config @ Value::Object(_) => config,
        other => {
            let kind = object::json_type(&other);
            return Err(refuse(format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type \
                 map[string]interface {{}}"
            )));
        }
    };
    Ok((config, doubled(body)))
}

/// Checks that `object` is of the kind the URL names, or says nothing about it, and fills in what it leaves out.
///
/// # Errors
/// 400 with a real server's text.
pub(crate) fn kind(kinds: &Kinds, served: &Served, object: &mut Value) -> Result<(), Refusal> {
    let (wanted_version, wanted_kind) = (served.kind.api_version(), served.kind.kind.as_str());
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let version = if version.is_empty() { wanted_version.clone() } else { version };
    let kind = if kind.is_empty() { wanted_kind.to_owned() } else { kind };
    if !served.is_built_in() {
        return custom_kind(served, object, &version, &text("kind"));
    }
    let is_known = |version: &str| kinds.named(version, &kind).is_some();
    if kind != wanted_kind || !is_known(&version) {
        return Err(wrong_kind(kinds, served, &version, &kind));
    }
    if version != wanted_version {
        return Err(wrong_version(&version, &wanted_version));
    }
    object::set_field(object, "apiVersion", Some(version.into()));
    object::set_field(object, "kind", Some(kind.into()));
    Ok(())
}

/// Checks the type of a custom object; it must say its kind, and a wrong one is a fault of the object.
fn custom_kind(served: &Served, object: &Value, version: &str, kind: &str) -> Result<(), Refusal> {
    let wanted = &served.kind;
    if kind.is_empty() {
        let shown = object.to_string();
        return Err(Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing in '{shown}' ({})",
            wanted.kind,
            summary(shown.as_bytes())
        )));
    }
    if version != wanted.api_version() {
        return Err(wrong_version(version, &wanted.api_version()));
    }
    if kind != wanted.kind {
        let error = FieldError::invalid("kind", kind, &format!("must be {}", wanted.kind));
        return Err(Refusal::invalid(&wanted.group, kind, object::meta(object, "name"), &[error]));
    }
    Ok(())
}

fn wrong_version(found: &str, wanted: &str) -> Refusal {
    Refusal::bad_request(format!(
        "the API version in the data ({found}) does not match the expected API version ({wanted})"
    ))
}

/// The beginning of a body, as refusals show it: as it is where it looks like an object, else in hexadecimal.
fn summary(body: &[u8]) -> String {
    const MOST: usize = 30;
    let shown = body.get(..MOST).unwrap_or(body);
    let more = if body.len() > MOST { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => format!("{}{more}", shown.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
}

fn wrong_kind(kinds: &Kinds, served: &Served, version: &str, kind: &str) -> Refusal {
    let wanted = &served.kind.kind;
    let bare = version.rsplit('/').next().unwrap_or_default();
    let known = kinds.named(version, kind).is_some_and(|k| k.is_built_in());
    let why = if known {
        format!(
            "converting ({bare}.{kind}) to ({}.{wanted}): unknown conversion",
            package(&served.kind.group)
        )
    } else {
        not_registered(kind, version)
    };
    Refusal::bad_request(format!("{kind} in version \"{bare}\" cannot be handled as a {wanted}: {why}"))
}

fn package(group: &str) -> &str {
    if group.is_empty() { "core" } else { group.split('.').next().unwrap_or(group) }
}
