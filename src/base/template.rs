//! tmp. tmp.
/// x
pub fn render_quoted(t: &str, f: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::new();
    let mut r = t;
    while let Some(i) = r.find("{{") {
        out.push_str(&r[..i]);
        let e = r[i..].find("}}").ok_or("x")?;
        let tag = &r[i + 2..i + e];
        let v = f(tag.trim()).ok_or(format!("failed to resolve {{{{{}}}}}", tag))?;
        let q = serde_json::to_string(&v).map_err(|e| e.to_string())?;
        out.push_str(&q[1..q.len() - 1]);
        r = &r[i + e + 2..];
    }
    out.push_str(r);
    Ok(out)
}
