//! Decides when an image is pulled if nobody says: always for `latest`, otherwise when it is not there.
//! It never pulls or resolves an image.

/// The default `imagePullPolicy` of the image reference `image`.
pub(super) fn pull_policy(image: &str) -> &'static str {
    if tag(image) == Some("latest") { "Always" } else { "IfNotPresent" }
}

/// The tag of a reference; `latest` if it has neither tag nor digest; none if it is no reference at all.
fn tag(image: &str) -> Option<&str> {
    let (named, digest) =
        image.split_once('@').map_or((image, None), |(named, digest)| (named, Some(digest)));
    let slash = named.rfind('/').map_or(0, |at| at + 1);
    let colon = named.get(slash..)?.find(':').map(|at| at + slash);
    let (name, tag) = match colon {
        Some(at) => (named.get(..at)?, named.get(at + 1..)),
        None => (named, None),
    };
    let path = match name.split_once('/') {
        Some((host, rest)) if is_host(host) => rest,
        _ => name,
    };
    let tag_fits = tag.is_none_or(|t| {
        (1..=128).contains(&t.len())
            && !t.starts_with(['.', '-'])
            && t.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    });
    let digest_fits = digest.is_none_or(|d| {
        d.split_once(':')
            .is_some_and(|(_, hex)| hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    let whole_is_id = image.len() == 64 && image.bytes().all(|b| b.is_ascii_hexdigit());
    if !path.split('/').all(is_path_part) || !tag_fits || !digest_fits || whole_is_id {
        return None;
    }
    match (tag, digest) {
        (None, None) => Some("latest"),
        (tag, _) => tag,
    }
}

/// Whether the first part of a name is a registry rather than a folder.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.contains(|c: char| c.is_ascii_uppercase())
}

/// Lower-case letters and digits, separated by `.`, `_`, `__` or dashes.
fn is_path_part(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let ends_plain = part.starts_with(plain) && part.ends_with(plain);
    ends_plain
        && part.chars().all(|c| plain(c) || "._-".contains(c))
        && part.split(plain).all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.chars().all(|c| c == '-'))
}

#[cfg(test)]
mod tests {
    use super::pull_policy;

    #[test]
    fn by_tag_and_digest() {
        let digest = format!("nginx@sha256:{}", "a".repeat(64));
        let both = format!("nginx:latest@sha256:{}", "a".repeat(64));
        for image in
            ["nginx", "nginx:latest", "reg:5000/x", "a/b/c", "Reg.io/x", "Foo/bar", "a__b/c--d", &both]
        {
            assert_eq!(pull_policy(image), "Always", "{image}");
        }
        for image in
            ["nginx:1", "reg:5000/x:1", "Nginx:Latest", "Nginx", "", "a:", "a//b", "a b", "a..b", &digest]
        {
            assert_eq!(pull_policy(image), "IfNotPresent", "{image}");
        }
    }
}
