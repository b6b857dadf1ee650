//! tmp. tmp.
/// x
pub fn pod_template(_t: &mut serde_json::Value) {}
