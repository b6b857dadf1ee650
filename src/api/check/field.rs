//! Decides how one wrong field is told: the path, the class of the fault and Kubernetes' wording of it.
//! It never decides whether a field is wrong.

use crate::base::go_text::quote;
use serde_json::Value;

/// The class of a fault, as Kubernetes names it in `details.causes[].reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// A value that must be there is not.
    Required,
    /// A malformed value, out of range or changed though it must not.
    Invalid,
    /// A value of another JSON type than the schema asks for.
    TypeInvalid,
    /// A value outside an enumeration.
    NotSupported,
    /// A value that something other than its form forbids.
    Forbidden,
    /// The same value twice where values are unique.
    Duplicate,
    /// Too many bytes.
    TooLong,
    /// Too many items.
    TooMany,
    /// A reference that leads nowhere.
    NotFound,
}

impl FaultClass {
    /// The machine-readable name, such as `FieldValueRequired`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::Duplicate => "FieldValueDuplicate",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::NotFound => "FieldValueNotFound",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::Duplicate => "Duplicate value",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::NotFound => "Not found",
        }
    }
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Path such as `spec.ports[0].name`.
    pub path: String,
    /// Class of the fault.
    pub fault: FaultClass,
    /// The fault in words, value and detail included, path not: `Invalid value: "x": must be …`.
    pub body: String,
}

impl FieldError {
    fn new(path: impl Into<String>, fault: FaultClass, value: Option<&Value>, detail: &str) -> Self {
        let mut body = fault.words().to_owned();
        if let Some(value) = value {
            body.push_str(": ");
            body.push_str(&shown(value));
        }
        if !detail.is_empty() {
            body.push_str(": ");
            body.push_str(detail);
        }
        Self { path: path.into(), fault, body }
    }

    /// A missing value; `detail` may be empty.
    #[must_use]
    pub fn required(path: impl Into<String>, detail: &str) -> Self {
        Self::new(path, FaultClass::Required, None, detail)
    }

    /// A malformed value.
    #[must_use]
    pub fn invalid(path: impl Into<String>, value: impl Into<Value>, detail: &str) -> Self {
        Self::new(path, FaultClass::Invalid, Some(&value.into()), detail)
    }

    /// A malformed value that is told as `shown`, in an order that JSON's values do not keep.
    #[must_use]
    pub fn invalid_as(path: impl Into<String>, shown: &str, detail: &str) -> Self {
        let body = format!("{}: {shown}: {detail}", FaultClass::Invalid.words());
        Self { path: path.into(), fault: FaultClass::Invalid, body }
    }

    /// A value of the wrong JSON type.
    #[must_use]
    pub fn wrong_type(path: impl Into<String>, value: impl Into<Value>, detail: &str) -> Self {
        Self::new(path, FaultClass::TypeInvalid, Some(&value.into()), detail)
    }

    /// A value outside the enumeration `supported`.
    #[must_use]
    pub fn not_supported(path: impl Into<String>, value: impl Into<Value>, supported: &[&str]) -> Self {
        let list: Vec<String> = supported.iter().map(|s| quote(s)).collect();
        let detail =
            if list.is_empty() { String::new() } else { format!("supported values: {}", list.join(", ")) };
        Self::new(path, FaultClass::NotSupported, Some(&value.into()), &detail)
    }

    /// A value that is not permitted here.
    #[must_use]
    pub fn forbidden(path: impl Into<String>, detail: &str) -> Self {
        Self::new(path, FaultClass::Forbidden, None, detail)
    }

    /// A value that occurs twice.
    #[must_use]
    pub fn duplicate(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(path, FaultClass::Duplicate, Some(&value.into()), "")
    }

    /// More than `most` bytes.
    #[must_use]
    pub fn too_long(path: impl Into<String>, most: usize) -> Self {
        let unit = if most == 1 { "byte" } else { "bytes" };
        Self::new(path, FaultClass::TooLong, None, &format!("may not be more than {most} {unit}"))
    }

    /// `actual` items where at most `most` may be.
    #[must_use]
    pub fn too_many(path: impl Into<String>, actual: usize, most: usize) -> Self {
        let unit = if most == 1 { "item" } else { "items" };
        let detail = format!("must have at most {most} {unit}");
        Self::new(path, FaultClass::TooMany, Some(&Value::from(actual)), &detail)
    }

    /// A reference to something that is not there.
    #[must_use]
    pub fn not_found(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(path, FaultClass::NotFound, Some(&value.into()), "")
    }

    /// The same, with what makes it a fault.
    #[must_use]
    pub fn because(mut self, detail: &str) -> Self {
        self.body = format!("{}: {detail}", self.body);
        self
    }

    /// Path and fault: `spec.replicas: Invalid value: -1: must be …`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}: {}", self.path, self.body)
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}

/// Several faults in one sentence: one alone as it is, more of them in brackets, repeated ones once.
#[must_use]
pub fn sentence(errors: &[FieldError]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in errors.iter().map(FieldError::text) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wording_follows_kubernetes() {
        assert_eq!(FieldError::required("spec.ports", "").text(), "spec.ports: Required value");
        assert_eq!(
            FieldError::invalid("spec.replicas", -1, "must be greater than or equal to 0").text(),
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
        );
        assert_eq!(
            FieldError::not_supported("spec.type", "X", &["A", "B"]).text(),
            r#"spec.type: Unsupported value: "X": supported values: "A", "B""#
        );
        assert_eq!(FieldError::invalid("a", json!({"b": 1}), "x").body, r#"Invalid value: {"b":1}: x"#);
        assert_eq!(FieldError::too_many("a", 3, 1).text(), "a: Too many: 3: must have at most 1 item");
    }

    #[test]
    fn a_sentence_names_each_fault_once() {
        let one = FieldError::required("a", "");
        let two = FieldError::duplicate("b", "x\ny");
        assert_eq!(sentence(std::slice::from_ref(&one)), "a: Required value");
        assert_eq!(sentence(&[one.clone(), two, one]), r#"[a: Required value, b: Duplicate value: "x\ny"]"#);
    }
}
