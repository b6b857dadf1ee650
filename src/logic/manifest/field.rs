//! Decides which keys and indices the path of a field means, as an API server writes it: `spec.ports[0].name`.
//! It never looks whether such a field is there.

/// The parts of `path`, outermost first.
#[must_use]
pub(crate) fn parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (part, after) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
            None => {
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()))
            }
        };
        if !part.is_empty() {
            parts.push(part.to_owned());
        }
        rest = after;
    }
    parts
}

/// The path that `parts` make, as an API server writes it.
#[must_use]
pub(crate) fn text(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        match part.parse::<usize>() {
            Ok(index) => text.push_str(&format!("[{index}]")),
            Err(_) if text.is_empty() => text.push_str(part),
            Err(_) => text.push_str(&format!(".{part}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_an_api_server_are_read() {
        assert_eq!(parts("spec.ports[0].name"), ["spec", "ports", "0", "name"]);
        assert_eq!(
            parts("metadata.labels[app.kubernetes.io/name]"),
            ["metadata", "labels", "app.kubernetes.io/name"]
        );
        assert_eq!(parts(".spec.a[1][2]"), ["spec", "a", "1", "2"]);
        assert_eq!(parts(""), [""; 0]);
        assert_eq!(parts("a[b"), ["a", "b"]);
        assert_eq!(text(&["spec", "ports", "0", "name"]), "spec.ports[0].name");
    }
}
