//! Decides how an object that came from outside is made to fit its kind: unknown fields, defaults, stored form.
//! It never checks values; validation comes after it.

use super::events;
use super::refuse::Refusal;
use super::request::{Validation, Writer};
use super::served::Served;
use super::typed::{self, strict};
use crate::api::defaults;
use serde_json::Value;

/// Why an object does not fit its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// A value of a wrong type, in the words of Go's JSON reader.
    Type(String),
    /// Unknown or duplicate fields, where the writer is strict.
    Strict(Vec<String>),
}

impl Misfit {
    /// The fault in words.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Type(text) => text.clone(),
            Self::Strict(all) => format!("strict decoding error: {}", all.join(", ")),
        }
    }
}

/// Complains about what a strict reader found: warns, or refuses.
fn complain(found: Vec<String>, w: &mut Writer) -> Result<(), Misfit> {
    match w.validation {
        Validation::Strict if !found.is_empty() => return Err(Misfit::Strict(found)),
        Validation::Warn => found.into_iter().for_each(|text| w.warn(text)),
        _ => {}
    }
    Ok(())
}

/// The type of a built-in kind.
fn typed_kind(served: &Served) -> Option<&'static typed::Type> {
    typed::of(&served.kind.api_version(), &served.kind.kind).filter(|_| served.is_built_in())
}

/// What a strict reader complains about in `text`, or without it in `object`'s own JSON.
fn complaints(ty: Option<&typed::Type>, object: &Value, text: Option<&[u8]>) -> Vec<String> {
    match (text, ty) {
        (Some(text), ty) => strict::complaints(text, ty),
        // what is no text has no duplicate fields
        (None, None) => Vec::new(),
        (None, ty) => strict::complaints(&serde_json::to_vec(object).unwrap_or_default(), ty),
    }
}

/// Makes `object` fit its kind. `text` is what it was read from; without one its own JSON is looked at. `found` is
/// what a strict reader has complained about already.
///
/// # Errors
/// Wrong types; unknown fields when the writer is strict.
pub(crate) fn object(
    served: &Served,
    mut object: Value,
    text: Option<&[u8]>,
    mut found: Vec<String>,
    w: &mut Writer,
) -> Result<Value, Misfit> {
    let ty = typed_kind(served);
    if w.validation != Validation::Ignore {
        found.extend(complaints(ty, &object, text));
    }
    if let Some(custom) = &served.custom {
        found.extend(custom.fit(&served.kind.version, &mut object).map_err(Misfit::Type)?);
        complain(found, w)?;
        return Ok(object);
    }
    complain(found, w)?;
    match ty {
        Some(ty) => finish(served, typed::fit::fit(object, ty)),
        None => Ok(object),
    }
}

/// Makes an object that was never text fit its kind.
///
/// # Errors
/// Wrong types, in the words of Go's converter.
pub(crate) fn converted(
    served: &Served,
    object: Value,
    mut found: Vec<String>,
    w: &mut Writer,
) -> Result<Value, Misfit> {
    let Some(ty) = typed_kind(served) else { return Ok(object) };
    if w.validation != Validation::Ignore {
        found.extend(complaints(Some(ty), &object, None));
    }
    complain(found, w)?;
    finish(served, typed::fit::convert(object, ty))
}

fn finish(served: &Served, fitted: Result<Value, String>) -> Result<Value, Misfit> {
    let mut fitted = fitted.map_err(Misfit::Type)?;
    defaults::apply(&mut fitted);
    match served.kind.kind.as_str() {
        "Event" if served.kind.group == "events.k8s.io" => events::to_core(&mut fitted),
        "Secret" => super::admit::config::take_strings(&mut fitted),
        "CustomResourceDefinition" => super::crd::defaults(&mut fitted),
        _ => {}
    }
    Ok(fitted)
}

/// Makes a decoded body fit its kind.
///
/// # Errors
/// 400 with a real server's text.
pub(crate) fn body(
    served: &Served,
    decoded: Value,
    text: Option<&[u8]>,
    w: &mut Writer,
) -> Result<Value, Refusal> {
    object(served, decoded, text, Vec::new(), w).map_err(|misfit| {
        let kind = &served.kind;
        Refusal::bad_request(format!(
            "{0} in version \"{1}\" cannot be handled as a {0}: {2}",
            kind.kind,
            kind.version,
            misfit.text()
        ))
    })
}
