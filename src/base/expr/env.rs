//! Decides what an expression can see while it is evaluated.
//! It never evaluates one, and never asks what time it is.

use super::signature;
use super::value::Value;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What an expression can see: Argo's functions, the measured `result`, and the time that `now()` gives.
#[derive(Debug, Clone)]
pub struct Env {
    pub(super) names: BTreeMap<&'static str, Value>,
    pub(super) now: Timestamp,
}

impl Env {
    /// The environment of a success or failure condition: `result`, `asInt`, `asFloat`, `isNaN`, `isInf`, `isNil`, `default`
    /// (source: utils/evaluate/evaluate.go, `EvalCondition`).
    ///
    /// ```text
    /// Env::new(Value::from(&json), now)      a web metric: every JSON number is a float64
    /// Env::new(Value::floats(&[0.99]), now)  a Prometheus vector: []float64
    /// Env::new(Value::Float(0.99), now)      a Prometheus scalar
    /// ```
    #[must_use]
    pub fn new(result: Value, now: Timestamp) -> Self {
        let mut names: BTreeMap<&'static str, Value> =
            signature::OF_ARGO.iter().map(|name| (*name, Value::Function(name))).collect();
        names.insert("result", result);
        Self { names, now }
    }
}
