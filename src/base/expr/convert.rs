//! Decides how a value becomes the text or the whole number that is needed in its place.
//! It never decides what is done with it.

use super::fault::run::RunFault;
use super::value::Value;
use std::sync::Arc;

/// The text that a function needs in the place of `value`.
///
/// # Errors
/// What is no text.
pub(super) fn text_of(value: &Value) -> Result<Arc<str>, RunFault> {
    if let Value::Text(text) = value { Ok(text.clone()) } else { Err(value.not_a("string")) }
}

/// The whole number that an index or a bound of a range is (source: vm/runtime/runtime.go, `ToInt`).
///
/// # Errors
/// What is no number.
pub(super) fn to_int(value: &Value) -> Result<i64, RunFault> {
    match value {
        Value::Int(i) | Value::Int64(i) => Ok(*i),
        Value::Float(f) => Ok(whole(*f)),
        other => Err(RunFault::NoInt(other.go_type().to_owned())),
    }
}

/// A floating-point number as a whole one, the way Go truncates it on amd64.
pub(super) fn whole(value: f64) -> i64 {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    #[allow(clippy::cast_possible_truncation)] // within the range, checked here
    if (-EDGE..EDGE).contains(&value) { value as i64 } else { i64::MIN }
}
