//! Decides the words, reasons and codes of every answer that is not the object asked for.
//! It never decides when to refuse.

use super::field::{FieldError, sentence};
use serde_json::{Map, Value, json};

/// One cause inside a refusal's details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Machine-readable class; may be empty.
    pub reason: String,
    /// The cause in words.
    pub message: String,
    /// Path of the field; may be empty.
    pub field: String,
}

/// What a refusal is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Name of the object; may be empty.
    pub name: String,
    /// Group; empty for the core group.
    pub group: String,
    /// Resource (plural) or kind; may be empty.
    pub kind: String,
    /// Uid of the object; may be empty.
    pub uid: String,
    /// Single causes.
    pub causes: Vec<Cause>,
    /// Seconds after which to try again; 0 says nothing about it.
    pub retry_after: u32,
    /// A token with which a list may go on at the newest revision; usually empty. It is told in `metadata`.
    pub resume: String,
}

/// An answer that is not what was asked for: a `metav1.Status` with `status: Failure`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason such as `NotFound`; may be empty.
    pub reason: &'static str,
    /// The refusal in words.
    pub message: String,
    /// What it is about.
    pub details: Option<Box<Details>>,
}

fn about(group: &str, kind: &str, name: &str) -> Details {
    Details { name: name.to_owned(), group: group.to_owned(), kind: kind.to_owned(), ..Details::default() }
}

/// `plural.group`, or only the plural in the core group.
#[must_use]
pub(crate) fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

impl Refusal {
    /// A refusal without details.
    #[must_use]
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    fn with(code: u16, reason: &'static str, message: String, details: Details) -> Self {
        Self { code, reason, message, details: Some(Box::new(details)) }
    }

    /// 404 of an object.
    #[must_use]
    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", qualified(group, resource));
        Self::with(404, "NotFound", message, about(group, resource, name))
    }

    /// 404 of a path or resource that is not served.
    #[must_use]
    pub(crate) fn no_resource() -> Self {
        Self::with(
            404,
            "NotFound",
            "the server could not find the requested resource".to_owned(),
            Details::default(),
        )
    }

    /// 409: the name is taken.
    #[must_use]
    pub(crate) fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", qualified(group, resource));
        Self::with(409, "AlreadyExists", message, about(group, resource, name))
    }

    /// 409: every generated name was taken.
    #[must_use]
    pub(crate) fn no_free_name(group: &str, resource: &str, name: &str) -> Self {
        let message = format!(
            "{} \"{name}\" already exists, the server was not able to generate a unique name for the object",
            qualified(group, resource)
        );
        Self::with(409, "AlreadyExists", message, Details { retry_after: 1, ..about(group, resource, name) })
    }

    /// 409 with the reason for it.
    #[must_use]
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", qualified(group, resource));
        Self::with(409, "Conflict", message, about(group, resource, name))
    }

    /// 409: someone else wrote first.
    #[must_use]
    pub(crate) fn modified(group: &str, resource: &str, name: &str) -> Self {
        Self::conflict(
            group,
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 409 of a server-side apply.
    #[must_use]
    pub(crate) fn apply_conflict(causes: Vec<Cause>, message: String) -> Self {
        Self::with(409, "Conflict", message, Details { causes, ..Details::default() })
    }

    /// 400.
    #[must_use]
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 403 of an object (`name` empty: of the resource).
    #[must_use]
    pub(crate) fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let target = qualified(group, resource);
        let message = match (target.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (false, true) => format!("{target} is forbidden: {why}"),
            (false, false) => format!("{target} \"{name}\" is forbidden: {why}"),
        };
        Self::with(403, "Forbidden", message, about(group, resource, name))
    }

    /// 422 with one cause for each wrong field.
    #[must_use]
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let target = qualified(group, kind);
        let message = if errors.is_empty() {
            format!("{target} \"{name}\" is invalid")
        } else {
            format!("{target} \"{name}\" is invalid: {}", sentence(errors))
        };
        let causes = errors
            .iter()
            .map(|e| Cause {
                reason: e.fault.reason().to_owned(),
                message: e.body.clone(),
                field: e.path.clone(),
            })
            .collect();
        Self::with(422, "Invalid", message, Details { causes, ..about(group, kind, name) })
    }

    /// 405 for a method on a path that exists.
    #[must_use]
    pub(crate) fn method_not_allowed() -> Self {
        Self::with(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource".to_owned(),
            Details::default(),
        )
    }

    /// 406: no form in `Accept` can be given.
    #[must_use]
    pub(crate) fn not_acceptable(accepted: &[&str]) -> Self {
        let list = accepted.join(", ");
        Self::new(406, "NotAcceptable", format!("only the following media types are accepted: {list}"))
    }

    /// 415: the body's media type is not understood.
    #[must_use]
    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Self {
        let list = accepted.join(", ");
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {list}"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 410: the revision asked for is no longer kept.
    #[must_use]
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 504: the revision asked for has not been reached yet.
    #[must_use]
    pub(crate) fn too_large_revision(asked: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let causes = vec![Cause {
            reason: "ResourceVersionTooLarge".to_owned(),
            message: "Too large resource version".to_owned(),
            field: String::new(),
        }];
        Self::with(504, "Timeout", message, Details { causes, retry_after: 1, ..Details::default() })
    }

    /// 401.
    #[must_use]
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 429 with the seconds after which to try again.
    #[must_use]
    pub(crate) fn too_many_requests(message: impl Into<String>, retry_after: u32) -> Self {
        let details = Details { retry_after, ..Details::default() };
        Self::with(429, "TooManyRequests", message.into(), details)
    }

    /// The `metav1.Status` body.
    #[must_use]
    pub(crate) fn body(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message, "code": self.code,
        });
        if let Value::Object(fields) = &mut status {
            if !self.reason.is_empty() {
                fields.insert("reason".to_owned(), self.reason.into());
            }
            if let Some(details) = &self.details {
                if details.resume.is_empty() {
                    fields.insert("details".to_owned(), details.body());
                } else {
                    fields.insert("metadata".to_owned(), json!({ "continue": details.resume }));
                }
            }
        }
        status
    }
}

impl Details {
    /// The `details` of a `metav1.Status`, empty fields left out.
    #[must_use]
    pub(crate) fn body(&self) -> Value {
        let mut out = Map::new();
        let texts = [("name", &self.name), ("group", &self.group), ("kind", &self.kind), ("uid", &self.uid)];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            out.insert(key.to_owned(), text.as_str().into());
        }
        if !self.causes.is_empty() {
            out.insert("causes".to_owned(), self.causes.iter().map(Cause::body).collect());
        }
        if self.retry_after > 0 {
            out.insert("retryAfterSeconds".to_owned(), self.retry_after.into());
        }
        Value::Object(out)
    }
}

impl Cause {
    fn body(&self) -> Value {
        let parts = [("reason", &self.reason), ("message", &self.message), ("field", &self.field)];
        let filled = parts.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Object(filled.map(|(key, text)| (key.to_owned(), text.as_str().into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_object_is_told_as_kubernetes_tells_it() {
        let body = Refusal::not_found("apps", "deployments", "web").body();
        assert_eq!(body["message"], "deployments.apps \"web\" not found");
        assert_eq!(body["details"], json!({"name": "web", "group": "apps", "kind": "deployments"}));
        assert_eq!((body["code"].as_u64(), body["reason"].as_str()), (Some(404), Some("NotFound")));
    }

    #[test]
    fn an_invalid_object_lists_its_causes() {
        let errors = [FieldError::required("spec.a", ""), FieldError::required("spec.b", "why")];
        let body = Refusal::invalid("apps", "Deployment", "web", &errors).body();
        let text =
            "Deployment.apps \"web\" is invalid: [spec.a: Required value, spec.b: Required value: why]";
        assert_eq!(body["message"], text);
        let cause = json!({"reason": "FieldValueRequired", "message": "Required value", "field": "spec.a"});
        assert_eq!(body["details"]["causes"][0], cause);
    }
}
