//! Merging against what others expect: upstream's vectors, answers of a real API server, and laws.

mod doubles;
mod edges;
mod laws;
mod server;
mod vectors;

use serde_json::Value;
use std::path::Path;

/// A file of `tests/vectors`, read as JSON.
fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
