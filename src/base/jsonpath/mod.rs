//! What a JSONPath in kubectl's dialect finds: `{$.a.b}`, `{.items[*].name}`, `{range .items[*]}{.a\.b}{end}`.
//! Nothing here formats what is found.
//!
//! - [`parse`]: a path becomes nodes
//! - [`nodes`]: what a path is made of
//! - [`walk`]: nodes lead to values
//! - [`ranges`]: a node after the other, again for each value of a `{range …}`
//! - [`found`]: what a path may lead to
//! - [`compare`]: how filters compare
//! - [`unquote`]: what a quoted text stands for
//! - [`error`]: why a path finds nothing

mod compare;
mod error;
mod found;
mod nodes;
mod parse;
mod ranges;
#[cfg(test)]
mod tests;
mod unquote;
mod walk;

pub use error::{BadPath, PathFault, PathStuck};

use serde_json::Value;

/// Everything in `document` that `path` leads to, in the order in which kubectl prints it; what stands outside of braces
/// is a text of its own (source: k8s.io/client-go, util/jsonpath/jsonpath.go, `FindResults`).
///
/// ```
/// use serde_json::json;
/// let found = switchback_base::jsonpath::find(&json!({"data": {"a.b": [1, 2]}}), r"{.data.a\.b[*]}")?;
/// assert_eq!(found, [json!(1), json!(2)]);
/// # Ok::<(), switchback_base::jsonpath::BadPath>(())
/// ```
///
/// # Errors
/// A path that cannot be read, that leads nowhere, or to more than anybody wants to see.
pub fn find(document: &Value, path: &str) -> Result<Vec<Value>, BadPath> {
    let nodes =
        parse::path(path).map_err(|fault| BadPath::Unreadable { path: path.to_owned(), source: fault })?;
    Ok(ranges::find(document, &nodes)?)
}
