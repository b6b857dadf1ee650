//! Decides how results are written for programs: as JSON or YAML, one or a stream of them.
//! It never decides what a result holds.

use crate::base::yaml;
use crate::front::cli::flags::Output;
use crate::front::exit::Failure;
use serde_json::Value;

/// Prints a value as JSON or YAML.
///
/// # Errors
/// A value that cannot be written; none is known.
pub(crate) fn value(value: &Value, format: Output) -> Result<(), Failure> {
    match format {
        Output::Json => println!("{value:#}"),
        Output::Yaml => print!("{}", yaml::write(value).map_err(|e| Failure::usage(e.to_string()))?),
    }
    Ok(())
}

/// Prints a document of a stream: one line of JSON, or one YAML document.
///
/// # Errors
/// As [`value`].
pub(crate) fn document(document: &Value, format: Output) -> Result<(), Failure> {
    match format {
        Output::Json => println!("{document}"),
        Output::Yaml => {
            println!("---");
            value(document, format)?;
        }
    }
    Ok(())
}
