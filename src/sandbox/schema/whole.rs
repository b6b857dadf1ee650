//! Decides how whole numbers are stored: without a fraction.
//! It never looks at a schema.

use serde_json::Value;

/// Writes whole numbers without a fraction, as they are stored: `1.0` as `1`.
pub(crate) fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Number(n) if n.is_f64() => {
            let number = n.as_f64().unwrap_or(0.0);
            // beyond 2^53 a float no longer tells whole numbers apart
            if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
                #[allow(clippy::cast_possible_truncation)] // whole and small enough, as just checked
                let whole = number as i64;
                *value = Value::from(whole);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_lose_their_fraction() {
        let mut value = json!({"a": 1.0, "b": [2.5, 1e3], "c": 1e20});
        whole_numbers(&mut value);
        assert_eq!(value, json!({"a": 1, "b": [2.5, 1000], "c": 1e20}));
    }
}
