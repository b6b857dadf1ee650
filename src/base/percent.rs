//! Decides how a text is written into a URL: every byte that could mean something there becomes `%` and its number.
//! It never reads one back.

/// `text` as one segment of a path or one value of a query.
///
/// ```
/// assert_eq!(switchback_base::percent::encode("a/b c?é"), "a%2Fb%20c%3F%C3%A9");
/// ```
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
