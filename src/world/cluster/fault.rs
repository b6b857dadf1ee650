//! Decides which fields the refusal of an API server is about, and in how few words it is repeated.
//! It never repeats a whole object, whatever the server says.

use kube::core::Status;
use std::fmt;

/// The most characters of a value or a sentence that are repeated.
const MOST_VALUE: usize = 60;
const MOST_WORDS: usize = 300;
/// What stands before the fields that a strict reading does not know (source: apimachinery
/// `runtime/error.go`, `strictDecodingError`).
const STRICT: &str = "strict decoding error: ";
/// What stands before a field of the wrong type (source: Go's `encoding/json`, `UnmarshalTypeError`).
const UNREADABLE: &str = "json: cannot unmarshal ";

/// What is wrong with one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldFault {
    /// Path of the field: `spec.ports[0].name`.
    pub field: String,
    /// What is wrong, such as `Invalid value`.
    pub words: String,
    /// The value, where it is a short one.
    pub value: String,
    /// What would be right, possibly empty.
    pub detail: String,
}

impl FieldFault {
    /// The same without the value, for what must not be shown.
    #[must_use]
    pub(crate) fn masked(&self) -> Self {
        Self { value: String::new(), ..self.clone() }
    }
}

impl fmt::Display for FieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        for more in [&self.value, &self.detail].into_iter().filter(|t| !t.is_empty()) {
            write!(f, ": {more}")?;
        }
        Ok(())
    }
}

/// The fields that `status` finds wrong; none when it is about something else.
#[must_use]
pub(crate) fn faults(status: &Status) -> Vec<FieldFault> {
    if let Some((_, list)) = status.message.rsplit_once(STRICT) {
        return strict(list);
    }
    if let Some((_, rest)) = status.message.split_once(UNREADABLE) {
        return unreadable(rest).into_iter().collect();
    }
    let causes = status.details.iter().flat_map(|d| &d.causes);
    causes.filter(|c| !c.field.is_empty()).map(|c| of_cause(&c.field, &c.message)).collect()
}

/// What `status` says in a line: as it is where it is short, and otherwise what it says of the fields.
#[must_use]
pub(crate) fn message(status: &Status, faults: &[FieldFault]) -> String {
    let (is_strict, said) =
        status.message.rsplit_once(STRICT).map_or((false, status.message.as_str()), |(_, said)| (true, said));
    if faults.is_empty() || !is_strict && said.chars().count() <= MOST_WORDS {
        return short(said, MOST_WORDS);
    }
    let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
    short(&all.join(", "), MOST_WORDS)
}

/// `unknown field "spec.a", duplicate field "spec.b"`.
fn strict(list: &str) -> Vec<FieldFault> {
    let mut found = Vec::new();
    for words in ["unknown field", "duplicate field"] {
        for (at, before) in list.match_indices(&format!("{words} \"")) {
            let rest = list.get(at + before.len()..).unwrap_or_default();
            let field = rest.split('"').next().unwrap_or_default().to_owned();
            found.push(FieldFault { words: format!("{words} {field}"), field, ..FieldFault::default() });
        }
    }
    found
}

/// `string into Go struct field DeploymentSpec.spec.replicas of type int32`.
fn unreadable(rest: &str) -> Option<FieldFault> {
    let (found, rest) = rest.split_once(" into Go struct field ")?;
    let (field, go) = rest.split_once(" of type ")?;
    let field = field.split_once('.').map_or(field, |(_, path)| path).to_owned();
    let go = go.trim_start_matches('*').split([' ', ',']).next().unwrap_or_default();
    let wanted = match go {
        go if go.starts_with("int") || go.starts_with("uint") => "a whole number is wanted",
        go if go.starts_with("[]") => "a list is wanted",
        go if go.starts_with("map[") => "a map is wanted",
        "bool" => "true or false is wanted",
        "string" => "a text is wanted; put it in quotes",
        _ => "",
    };
    let found = match found.split(' ').next().unwrap_or_default() {
        "bool" => "true or false",
        "object" => "a map",
        "array" => "a list",
        "number" => "a number",
        "string" => "a text",
        _ => "something else",
    };
    let detail = wanted.to_owned();
    Some(FieldFault { words: format!("{field} is {found}"), field, value: String::new(), detail })
}

/// `Invalid value: -1: must be greater than or equal to 0`.
fn of_cause(field: &str, message: &str) -> FieldFault {
    let (words, rest) = message.split_once(": ").unwrap_or((message, ""));
    let length = value_length(rest);
    let (value, detail) = rest.split_at(length.min(rest.len()));
    let value = if value.chars().count() <= MOST_VALUE { value.to_owned() } else { String::new() };
    FieldFault {
        field: field.to_owned(),
        words: format!("{field}: {}", short(words, MOST_WORDS)),
        value,
        detail: short(detail.strip_prefix(": ").unwrap_or(detail), MOST_WORDS),
    }
}

/// The bytes of the value that `rest` opens with: quoted, a document, or up to the next colon. Nothing when no more
/// follows it, as then it is no value.
fn value_length(rest: &str) -> usize {
    let quoted = || {
        let mut escaped = false;
        rest.char_indices().skip(1).find_map(|(at, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(at + 1)
        })
    };
    let document = || {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
        stream.next().and_then(Result::ok).map(|_| stream.byte_offset())
    };
    let length = match rest.chars().next() {
        Some('"') => quoted(),
        Some('{' | '[') => document(),
        _ => None,
    };
    length.or_else(|| rest.find(": ")).unwrap_or(0)
}

/// `text` with its middle cut out where it is longer than `most` characters.
fn short(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let half = most / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head} … {tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(message: &str, causes: &serde_json::Value) -> (Vec<String>, String) {
        let status: Status =
            serde_json::from_value(json!({"message": message, "code": 422, "details": {"causes": causes}}))
                .unwrap();
        let found = faults(&status);
        let texts = found.iter().map(|f| format!("{} | {f}", f.field)).collect();
        (texts, super::message(&status, &found))
    }

    #[test]
    fn what_a_strict_reading_does_not_know_is_named_and_nothing_else_is_repeated() {
        let object = "{\\\"managedFields\\\": 1}".repeat(500);
        let words = "unknown field \"spec.steps[1].pause.durations\", duplicate field \"spec.a\"";
        let message =
            format!(" \"\" is invalid: patch: Invalid value: \"{object}\": strict decoding error: {words}");
        let causes = json!([{"reason": "FieldValueInvalid", "field": "patch", "message": message}]);
        let (found, line) = said(&message, &causes);
        let field = "spec.steps[1].pause.durations";
        assert_eq!(
            found,
            [format!("{field} | unknown field {field}"), "spec.a | duplicate field spec.a".to_owned()]
        );
        assert_eq!(line, format!("unknown field {field}, duplicate field spec.a"));
    }

    #[test]
    fn causes_are_told_with_short_values_and_without_long_ones() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(500));
        let causes = json!([
            {"field": "spec.replicas", "message": "Invalid value: -1: must be greater than or equal to 0"},
            {"field": "spec.selector", "message": format!("Invalid value: {long}: field is immutable")},
            {"field": "spec.name", "message": "Invalid value: \"a: \\\"b\": no colons"},
            {"field": "spec.image", "message": "Required value"},
            {"message": "about nothing"},
        ]);
        let (found, line) = said(&format!("Deployment.apps is invalid: {long}"), &causes);
        assert_eq!(
            found,
            [
                "spec.replicas | spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                "spec.selector | spec.selector: Invalid value: field is immutable",
                "spec.name | spec.name: Invalid value: \"a: \\\"b\": no colons",
                "spec.image | spec.image: Required value",
            ]
        );
        assert!(line.chars().count() < 320, "{line}");
    }

    #[test]
    fn a_type_is_told_in_words_of_yaml() {
        let message = "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string \
                       into Go struct field DeploymentSpec.spec.replicas of type int32";
        let (found, _) = said(message, &json!([]));
        assert_eq!(found, ["spec.replicas | spec.replicas is a text: a whole number is wanted"]);
        let fault = FieldFault {
            value: "hunter2".into(),
            words: "data: Invalid value".into(),
            ..FieldFault::default()
        };
        assert_eq!(fault.masked().to_string(), "data: Invalid value");
    }

    #[test]
    fn what_is_about_no_field_is_bounded() {
        let (found, line) = said(&"no ".repeat(1000), &json!([]));
        assert!(found.is_empty() && line.chars().count() < 320);
    }
}
