//! Decides how results are written for programs: as JSON or YAML, one or a stream of them, or as names.
//! It never decides what a result holds.

use crate::api::kinds;
use crate::api::write::Target;
use crate::base::yaml;
use crate::front::cli::output::DataFormat;
use crate::front::exit::Failure;
use serde::Serialize;
use serde_json::Value;

/// Prints a value as JSON or YAML.
///
/// # Errors
/// A value that cannot be written; none is known.
pub(crate) fn value(value: &Value, format: DataFormat) -> Result<(), Failure> {
    match format {
        DataFormat::Json => println!("{value:#}"),
        DataFormat::Yaml => print!("{}", yaml::write(value).map_err(|e| Failure::usage(e.to_string()))?),
    }
    Ok(())
}

/// Prints a document of a stream: one line of JSON, or one YAML document.
///
/// # Errors
/// As [`value`].
pub(crate) fn document(document: &Value, format: DataFormat) -> Result<(), Failure> {
    match format {
        DataFormat::Json => println!("{document}"),
        DataFormat::Yaml => {
            println!("---");
            value(document, format)?;
        }
    }
    Ok(())
}

/// Prints what an object is called, as kubectl prints and takes it: `rollout.argoproj.io/web`.
pub(crate) fn name(target: &Target) {
    let kind = kinds::find(&target.api_version, &target.kind);
    let kind = kind.map_or_else(|| target.kind.to_lowercase(), |kind| kind.one());
    println!("{kind}/{}", target.name);
}

/// What is shown, as programs get it.
#[must_use]
pub(crate) fn as_data<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
