//! Decides how a check walks an object: a value together with its path, and the checks that many fields share.
//! It never knows a kind.

use super::field::FieldError;
use super::texts::{self, Rule};
use serde_json::Value;

/// A value at its path. What is absent is null.
#[derive(Clone, Debug)]
pub struct At<'a> {
    /// The value.
    pub value: &'a Value,
    /// The path, such as `spec.ports[0]`; empty for the whole object.
    pub path: String,
}

const NULL: &Value = &Value::Null;

impl<'a> At<'a> {
    /// The whole object.
    #[must_use]
    pub fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// The field `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> At<'a> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        At { value: self.value.get(name).unwrap_or(NULL), path }
    }

    /// The field at a chain of names.
    #[must_use]
    pub fn at(&self, names: &[&str]) -> At<'a> {
        names.iter().fold(self.clone(), |at, name| at.field(name))
    }

    /// The same value told under another path.
    #[must_use]
    pub fn told(self, path: String) -> At<'a> {
        At { path, ..self }
    }

    /// The same value told under `path`.
    #[must_use]
    pub fn told_as(&self, path: &str) -> At<'a> {
        At { value: self.value, path: path.to_owned() }
    }

    /// The items of a list.
    #[must_use]
    pub fn items(&self) -> Vec<At<'a>> {
        let all = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().enumerate().map(|(i, value)| At { value, path: format!("{}[{i}]", self.path) }).collect()
    }

    /// The entries of a map, told as `path[key]`.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'a str, At<'a>)> {
        let all = self.value.as_object().into_iter().flatten();
        all.map(|(key, value)| (key.as_str(), At { value, path: format!("{}[{key}]", self.path) })).collect()
    }

    /// Whether there is a value.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// The text, empty when there is none.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        self.value.as_i64()
    }

    /// Whether it is true.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.value.as_bool().unwrap_or(false)
    }

    /// A missing value.
    #[must_use]
    pub fn required(&self, detail: &str) -> FieldError {
        FieldError::required(self.path.as_str(), detail)
    }

    /// A malformed value.
    #[must_use]
    pub fn invalid(&self, detail: &str) -> FieldError {
        FieldError::invalid(self.path.as_str(), self.value.clone(), detail)
    }

    /// A value that may not be there.
    #[must_use]
    pub fn forbidden(&self, detail: &str) -> FieldError {
        FieldError::forbidden(self.path.as_str(), detail)
    }

    /// A value that occurs twice.
    #[must_use]
    pub fn duplicate(&self) -> FieldError {
        FieldError::duplicate(self.path.as_str(), self.value.clone())
    }

    /// A value outside an enumeration.
    #[must_use]
    pub fn not_supported(&self, supported: &[&str]) -> FieldError {
        FieldError::not_supported(self.path.as_str(), self.value.clone(), supported)
    }

    /// The faults of a number that must not be negative.
    #[must_use]
    pub fn not_negative(&self) -> Option<FieldError> {
        let negative = self.number().is_some_and(|n| n < 0);
        negative.then(|| self.invalid("must be greater than or equal to 0"))
    }

    /// The faults of a text under `rule`; an absent text has none.
    #[must_use]
    pub fn named(&self, rule: Rule) -> Vec<FieldError> {
        if !self.is_set() {
            return Vec::new();
        }
        rule(self.text()).iter().map(|m| self.invalid(m)).collect()
    }

    /// The faults of a text that must be there and keep `rule`.
    #[must_use]
    pub fn named_always(&self, rule: Rule) -> Vec<FieldError> {
        if self.text().is_empty() { vec![self.required("")] } else { self.named(rule) }
    }

    /// The fault of a text outside an enumeration; an absent one has none.
    #[must_use]
    pub fn one_of(&self, supported: &[&str]) -> Option<FieldError> {
        (self.is_set() && !supported.contains(&self.text())).then(|| self.not_supported(supported))
    }

    /// The same where an empty text counts as none: one that the server fills in.
    #[must_use]
    pub fn one_of_or_none(&self, supported: &[&str]) -> Option<FieldError> {
        if self.text().is_empty() { None } else { self.one_of(supported) }
    }

    /// The faults of a port number.
    #[must_use]
    pub fn port(&self) -> Option<FieldError> {
        let fits = self.number().is_some_and(|n| (1..=65535).contains(&n));
        (!fits).then(|| self.invalid("must be between 1 and 65535, inclusive"))
    }

    /// The fault of a port number, where none is 0.
    #[must_use]
    pub fn port_or_zero(&self) -> Option<FieldError> {
        let number = self.number().unwrap_or(0);
        let told =
            || FieldError::invalid(self.path.as_str(), number, "must be between 1 and 65535, inclusive");
        (!(1..=65535).contains(&number)).then(told)
    }

    /// The faults of a port given by number or by name.
    #[must_use]
    pub fn port_or_name(&self) -> Vec<FieldError> {
        match self.value {
            Value::String(name) => texts::port_name(name).iter().map(|m| self.invalid(m)).collect(),
            _ => self.port().into_iter().collect(),
        }
    }

    /// The fault of a value that differs from what it was.
    #[must_use]
    pub fn immutable(&self, live: &At<'_>) -> Option<FieldError> {
        (self.value != live.value).then(|| self.invalid("field is immutable"))
    }

    /// The faults of a number or percentage that must not be negative.
    #[must_use]
    pub fn int_or_percent(&self) -> Option<FieldError> {
        match self.value {
            Value::String(text) if percent(text).is_none() => Some(self.invalid(
                "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', \
                 regex used for validation is '[0-9]+%')",
            )),
            Value::String(_) => None,
            _ => self.not_negative(),
        }
    }

    /// The fault of more than 100%.
    #[must_use]
    pub fn at_most_all(&self) -> Option<FieldError> {
        let more = percent(self.text()).is_some_and(|p| p > 100);
        more.then(|| self.invalid("must not be greater than 100%"))
    }

    /// The number, or the number before the `%`.
    #[must_use]
    pub fn amount(&self) -> i64 {
        percent(self.text()).or_else(|| self.number()).unwrap_or(0)
    }
}

fn percent(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%')?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_follow_the_value() {
        let object = json!({"spec": {"ports": [{"port": 0}], "surge": "150%", "bad": "x%"}});
        let spec = At::root(&object).field("spec");
        let port = spec.field("ports").items()[0].field("port");
        assert_eq!(
            port.port().unwrap().text(),
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"
        );
        assert_eq!(spec.field("surge").amount(), 150);
        assert!(
            spec.field("surge").at_most_all().is_some() && spec.field("surge").int_or_percent().is_none()
        );
        assert!(spec.field("bad").int_or_percent().is_some());
        assert!(!spec.at(&["none", "deeper"]).is_set());
    }
}
