//! Decides the name of a delivery, that of its inventory: the same however the URL of the repository is spelled.
//! It never looks whether an inventory is there.

use crate::base::digest;
use std::collections::BTreeSet;

/// Port of each scheme, which need not be said.
const PORTS: [(&str, &str); 4] = [("https", "443"), ("http", "80"), ("ssh", "22"), ("git+ssh", "22")];

/// Name of what `branch` and `path` of `repository` deliver into `namespace`.
#[must_use]
pub fn name_of(repository: &str, branch: &str, path: &str, namespace: &str) -> String {
    named(repository, &canonical(repository), branch, path, namespace)
}

/// The names that the same was given when they depended on the spelling of the URL.
#[must_use]
pub fn former_names(repository: &str, branch: &str, path: &str, namespace: &str) -> Vec<String> {
    let place = canonical(repository);
    let mut spellings = BTreeSet::from([repository.to_owned()]);
    if let Some((host, path)) = place.split_once('/').filter(|_| !place.starts_with('/')) {
        for end in ["", ".git"] {
            let path = format!("{path}{end}");
            spellings
                .extend(["https://", "http://", "ssh://git@", "ssh://"].map(|s| format!("{s}{host}/{path}")));
            spellings.insert(format!("git@{host}:{path}"));
        }
    }
    spellings.iter().map(|spelling| named(spelling, spelling, branch, path, namespace)).collect()
}

fn named(repository: &str, place: &str, branch: &str, path: &str, namespace: &str) -> String {
    let last = repository.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let stem: String = last
        .trim_end_matches(".git")
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(30)
        .collect();
    let digest = digest::sha256_hex(format!("{place}\n{branch}\n{path}\n{namespace}").as_bytes());
    let stem = stem.trim_matches('-');
    let short = digest.get(..8).unwrap_or_default();
    if stem.is_empty() { format!("switchback-{short}") } else { format!("switchback-{stem}-{short}") }
}

/// Where a repository is, whatever brings us there: `host/path`, or a folder of this machine as it is spelled.
fn canonical(repository: &str) -> String {
    let (scheme, rest) = match repository.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.to_owned()),
        None => match repository.split_once(':').filter(|(host, _)| !host.contains('/')) {
            Some((host, path)) if !host.contains('[') => ("ssh".to_owned(), format!("{host}/{path}")),
            Some(_) => ("ssh".to_owned(), bracketed(repository)),
            None => return repository.to_owned(),
        },
    };
    if scheme == "file" {
        return repository.to_owned();
    }
    let (authority, path) = rest.split_once('/').unwrap_or((&rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default().to_lowercase();
    let port = PORTS.iter().find(|(s, _)| *s == scheme).map(|(_, port)| format!(":{port}"));
    let host = port.and_then(|port| host.strip_suffix(&port)).unwrap_or(&host);
    let path = path.trim_matches('/');
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/'))
}

/// `[host]:path` and `[host:port]:path` as a URL has them; an address of numbers keeps its brackets.
fn bracketed(repository: &str) -> String {
    let Some((host, path)) = repository.split_once("]:") else { return repository.to_owned() };
    let (user, host) = host.split_once('[').unwrap_or(("", host));
    match host.matches(':').count() {
        0 | 1 => format!("{user}{host}/{path}"),
        _ => format!("{user}[{host}]/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(repository: &str) -> String {
        name_of(repository, "main", ".", "default")
    }

    #[test]
    fn names_are_readable_and_distinct() {
        let one = name_of("https://example.com/Team/Shop.git", "main", ".", "default");
        let two = name_of("https://example.com/Team/Shop.git", "main", "prod", "default");
        assert!(one.starts_with("switchback-shop-") && two.starts_with("switchback-shop-") && one != two);
    }

    #[test]
    fn a_repository_has_one_name_however_its_url_is_spelled() {
        for spelling in [
            "https://example.com/team/shop.git",
            "https://example.com/team/shop/",
            "https://example.com/team/shop.git/",
            "https://me:hush@Example.COM:443/team/shop",
            "http://example.com:80/team/shop",
            "HTTPS://example.com//team/shop",
            "ssh://git@example.com/team/shop.git",
            "ssh://example.com:22/team/shop",
            "git@example.com:team/shop.git",
            "git@example.com:/team/shop",
            "EXAMPLE.com:team/shop",
            "git@[example.com]:team/shop",
            "[git@example.com:22]:team/shop",
        ] {
            assert_eq!(name(spelling), name("https://example.com/team/shop"), "{spelling}");
        }
        assert_eq!(name("git@[::1]:shop"), name("ssh://[::1]/shop.git"));
    }

    #[test]
    fn other_places_are_other_repositories() {
        let all = [
            "https://example.com/team/shop",
            "https://example.com:8443/team/shop",
            "https://git.example.com/team/shop",
            "https://example.com/Team/shop",
            "https://example.com/team/shop2",
            "/team/shop",
            "/example.com/team/shop",
            "/team/shop.git",
        ];
        let names: BTreeSet<String> = all.iter().map(|place| name(place)).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn names_by_the_spelling_are_found_again() {
        let old = |spelling: &str| named(spelling, spelling, "main", ".", "default");
        let spellings = [
            "https://example.com/team/shop.git",
            "git@example.com:team/shop.git",
            "ssh://git@example.com/team/shop",
        ];
        for spelling in spellings {
            let former = former_names(spelling, "main", ".", "default");
            assert!(spellings.iter().all(|other| former.contains(&old(other))), "{spelling}: {former:?}");
        }
        assert_eq!(former_names("/srv/shop", "main", ".", "default"), [name("/srv/shop")]);
    }
}
