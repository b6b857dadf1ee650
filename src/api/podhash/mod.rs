//! tmp. tmp.
use serde_json::Value;
/// x
pub fn hash(t: &Value, c: Option<i32>) -> Result<String, String> {
    let s = format!("{t}{c:?}");
    Ok(crate::base::digest::safe_encode(&crate::base::digest::fnv1a32(s.as_bytes()).to_string()))
}
/// x
pub fn canonical_json(t: &Value) -> Result<Vec<u8>, String> {
    Ok(t.to_string().into_bytes())
}
