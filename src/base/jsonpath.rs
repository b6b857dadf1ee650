//! Decides what a JSONPath in kubectl's dialect finds: `{$.a.b}`, `{.items[*].name}`, `.a["b"]`.
//! It never formats what it finds.

use jsonpath_rust::JsonPath;
use serde_json::Value;
use thiserror::Error;

/// Why a path finds nothing.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum BadPath {
    /// It cannot be read.
    #[error("{path:?} is no JSONPath: {why}; write it like {{$.data.value}}")]
    Unreadable {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It leads nowhere in this document.
    #[error("{0} is not found")]
    NotFound(String),
}

/// The path in the notation of RFC 9535.
fn standard(path: &str) -> String {
    let inner = path.trim();
    let inner = inner.strip_prefix('{').and_then(|p| p.strip_suffix('}')).unwrap_or(inner).trim();
    if inner.starts_with('$') {
        inner.to_owned()
    } else if inner.starts_with(['.', '[']) {
        format!("${inner}")
    } else {
        format!("$.{inner}")
    }
}

/// Everything in `document` that `path` leads to, in document order.
///
/// ```
/// use serde_json::json;
/// let found = switchback_base::jsonpath::find(&json!({"data": {"n": [1, 2]}}), "{.data.n[*]}")?;
/// assert_eq!(found, [json!(1), json!(2)]);
/// # Ok::<(), switchback_base::jsonpath::BadPath>(())
/// ```
///
/// # Errors
/// A path that cannot be read, or that leads nowhere.
pub fn find(document: &Value, path: &str) -> Result<Vec<Value>, BadPath> {
    let text = standard(path);
    let unreadable = |why: String| BadPath::Unreadable { path: path.to_owned(), why };
    let found = document
        .query(&text)
        .map_err(|e| unreadable(e.to_string().lines().next().unwrap_or_default().to_owned()))?;
    if found.is_empty() {
        return Err(BadPath::NotFound(path.to_owned()));
    }
    Ok(found.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kubectls_dialect() {
        let doc = json!({"data": {"ok": true, "n": [1, 2], "a-b": {"c": "x"}}});
        for (path, want) in [
            ("{$}", json!([doc])),
            ("{$.data.ok}", json!([true])),
            ("{.data.n[*]}", json!([1, 2])),
            ("data.n[-1]", json!([2])),
            ("{.data['a-b'].c}", json!(["x"])),
            ("{.data.n[?(@ > 1)]}", json!([2])),
        ] {
            assert_eq!(json!(find(&doc, path).unwrap()), want, "{path}");
        }
        assert_eq!(find(&doc, "{.nope}").unwrap_err().to_string(), "{.nope} is not found");
        assert!(find(&doc, "{.data[}").unwrap_err().to_string().contains("write it like"));
    }
}
