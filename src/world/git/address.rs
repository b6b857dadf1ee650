//! Where a repository is: the forms of address Git knows, taken apart so that no part can be taken for an option.
//! It never looks whether anything is there.

use super::error::GitError;
use super::fault::AddressFault;
use super::text::percent_decoded;
use crate::world::cause::Cause;
use crate::world::http::Url;
use std::path::PathBuf;

/// A repository's address, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// Smart HTTP.
    Http {
        /// The repository's URL, without credentials and without a slash at its end.
        base: Url,
        /// User and password when the URL held them.
        login: Option<(String, String)>,
    },
    /// A program on another machine, reached by `ssh`.
    Ssh {
        /// `host` or `user@host`, never beginning with `-`.
        destination: String,
        /// The port, when it is not ssh's own choice.
        port: Option<u16>,
        /// The path on that machine, never beginning with `-`.
        path: String,
        /// The address as it was written, without a password.
        name: String,
    },
    /// A directory on this machine, absolute.
    Local {
        /// The directory.
        path: PathBuf,
    },
}

impl Address {
    /// Takes `url` apart: `https://`, `http://`, `ssh://`, `file://`, `[user@]host:path`, or a path.
    ///
    /// # Errors
    /// [`GitError::Address`], which never repeats a password.
    pub(super) fn parse(url: &str) -> Result<Self, GitError> {
        let bad = |why: AddressFault| GitError::Address { url: without_login(url), why };
        if url.is_empty() {
            return Err(bad(AddressFault::Empty));
        }
        if url.chars().any(char::is_control) {
            return Err(bad(AddressFault::ControlCharacters));
        }
        if let Some((scheme, rest)) = url.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "https" | "http" => http(url).map_err(bad),
                "ssh" | "git+ssh" | "ssh+git" => ssh_url(rest).map_err(bad),
                "file" => file_url(rest).map_err(bad),
                _ => Err(bad(AddressFault::Scheme)),
            };
        }
        let before_slash = url.split('/').next().unwrap_or_default();
        if !before_slash.contains(':') {
            return local(url).map_err(bad);
        }
        scp_like(url).map_err(bad)
    }

    /// The host, without user and port; none for a directory on this machine.
    pub(super) fn host(&self) -> Option<&str> {
        match self {
            Self::Http { base, .. } => base.host_str(),
            Self::Ssh { destination, .. } => {
                destination.rsplit_once('@').map_or(Some(destination.as_str()), |(_, host)| Some(host))
            }
            Self::Local { .. } => None,
        }
    }

    /// The address for messages, without credentials.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Http { base, .. } => base.as_str().trim_end_matches('/').to_owned(),
            Self::Ssh { name, .. } => name.clone(),
            Self::Local { path } => path.display().to_string(),
        }
    }
}

/// `url` without what stands between `://` and `@`, and without what follows `?`.
fn without_login(url: &str) -> String {
    let plain = url.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = plain.split_once("://") else { return plain.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

fn http(url: &str) -> Result<Address, AddressFault> {
    let mut base = Url::parse(url).map_err(|source| AddressFault::Url { source })?;
    // The URL standard would take the first part of the path for a missing host.
    let no_host = url.split_once("://").is_none_or(|(_, rest)| rest.starts_with(['/', '\\']));
    if no_host || base.host_str().is_none_or(str::is_empty) {
        return Err(AddressFault::NoHost { form: "https://host/path" });
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(AddressFault::Query);
    }
    let decoded = |part: &str| percent_decoded(part).and_then(|bytes| String::from_utf8(bytes).ok());
    let login = match (base.username(), base.password()) {
        ("", None) => None,
        (user, password) => {
            let pair = decoded(user).zip(decoded(password.unwrap_or_default()));
            Some(pair.ok_or(AddressFault::LoginEncoding)?)
        }
    };
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&path);
    let cleared = base.set_username("").and_then(|()| base.set_password(None));
    cleared.map_err(|()| AddressFault::LoginStays)?;
    Ok(Address::Http { base, login })
}

fn ssh_url(rest: &str) -> Result<Address, AddressFault> {
    let (authority, path) = rest.split_once('/').ok_or(AddressFault::NoSshPath)?;
    let path = percent_decoded(path).and_then(|bytes| String::from_utf8(bytes).ok());
    let path = path.ok_or(AddressFault::PathEncoding)?;
    // `/~user/…` is a path in that user's home; everything else is absolute.
    let path = if path.starts_with('~') { path } else { format!("/{path}") };
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = login.split(':').next().unwrap_or_default();
    let (host, port) = host_and_port(host)?;
    let at = if user.is_empty() { String::new() } else { format!("{user}@") };
    let shown = authority.rsplit('@').next().unwrap_or_default();
    ssh(user, &host, port, path.clone(), format!("ssh://{at}{shown}/{}", path.trim_start_matches('/')))
}

fn scp_like(url: &str) -> Result<Address, AddressFault> {
    let program =
        url.split_once(':').is_some_and(|(name, rest)| rest.starts_with(':') && !name.contains('['));
    if program {
        return Err(AddressFault::Program);
    }
    let end_of_host = match url.find('[') {
        Some(open) => {
            open + url.get(open..).and_then(|rest| rest.find("]:")).ok_or(AddressFault::BracketColon)? + 1
        }
        None => url.find(':').unwrap_or(url.len()),
    };
    let (authority, path) = url.split_at(end_of_host);
    let path = path.strip_prefix(':').unwrap_or(path);
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    // Outside brackets a colon ends the host, so only `[host:port]` can name a port here.
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let (host, port) = match inner {
        Some(inner) if inner.matches(':').count() == 1 => host_and_port(inner)?,
        Some(inner) => (inner.to_owned(), None),
        None => (host.to_owned(), None),
    };
    ssh(user, &host, port, path.to_owned(), url.to_owned())
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host_and_port(text: &str) -> Result<(String, Option<u16>), AddressFault> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or(AddressFault::Bracket)?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some("") => None,
        Some(digits) => Some(digits.parse().map_err(|_| AddressFault::Port { digits: digits.to_owned() })?),
        None => return Err(AddressFault::BehindHost),
    };
    Ok((host.to_owned(), port))
}

/// The parts, refused when ssh, its configuration's `%h`, or a remote shell could read them as anything else.
fn ssh(
    user: &str,
    host: &str,
    port: Option<u16>,
    path: String,
    name: String,
) -> Result<Address, AddressFault> {
    let harmless = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if host.is_empty() {
        return Err(AddressFault::NoHost { form: "user@host:path" });
    }
    if host.starts_with('-') || !host.chars().all(|c| harmless(c) || c == ':' || c == '%') {
        return Err(AddressFault::Host { host: host.to_owned() });
    }
    if user.starts_with('-') || !user.chars().all(|c| harmless(c) || c == '+' || c == '@') {
        return Err(AddressFault::User);
    }
    if path.is_empty() || path == "/" {
        return Err(AddressFault::NoRemotePath);
    }
    if path.starts_with('-') {
        return Err(AddressFault::PathIsOption);
    }
    let destination = if user.is_empty() { host.to_owned() } else { format!("{user}@{host}") };
    Ok(Address::Ssh { destination, port, path, name })
}

fn file_url(rest: &str) -> Result<Address, AddressFault> {
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if !host.is_empty() && host != "localhost" {
        return Err(AddressFault::FileHost);
    }
    let path = percent_decoded(path).and_then(|bytes| String::from_utf8(bytes).ok());
    local(&path.ok_or(AddressFault::PathEncoding)?)
}

fn local(path: &str) -> Result<Address, AddressFault> {
    if path.starts_with('~') {
        return Err(AddressFault::Home);
    }
    if path.is_empty() || path.contains('\0') {
        return Err(AddressFault::NoPath);
    }
    let path = std::path::absolute(path)
        .map_err(|e| AddressFault::Absolute { why: e.to_string(), source: Cause::of(e) })?;
    Ok(Address::Local { path })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `destination port path`, or the path, or the base: enough to see how an address was taken apart.
    fn shape(url: &str) -> String {
        match Address::parse(url).unwrap() {
            Address::Http { base, login } => format!("{base} {login:?}"),
            Address::Ssh { destination, port, path, .. } => format!("{destination} {port:?} {path}"),
            Address::Local { path } => path.display().to_string(),
        }
    }

    #[test]
    fn every_form_git_knows_is_taken_apart() {
        assert_eq!(shape("https://h/a/b.git/"), "https://h/a/b.git None");
        assert_eq!(shape("http://u%40x:p%3A@h:80/a"), r#"http://h/a Some(("u@x", "p:"))"#);
        assert_eq!(shape("git@host:a/b.git"), "git@host None a/b.git");
        assert_eq!(shape("host:/abs o'lute"), "host None /abs o'lute");
        assert_eq!(shape("git@[::1]:a"), "git@::1 None a");
        assert_eq!(shape("[host:2222]:a"), "host Some(2222) a");
        assert_eq!(shape("ssh://git@host:2222/a/b"), "git@host Some(2222) /a/b");
        assert_eq!(shape("ssh://git@[fe80::1%25eth0]:22/~me/a%20b"), "git@fe80::1%25eth0 Some(22) ~me/a b");
        assert_eq!(shape("file:///srv/a%20b"), "/srv/a b");
        assert_eq!(shape("file://localhost/srv"), "/srv");
        assert_eq!(shape("/srv/x:y"), "/srv/x:y");
        assert!(shape("./-x").ends_with("/-x"));
        assert!(shape("plain").ends_with("/plain"));
    }

    #[test]
    fn nothing_can_be_taken_for_an_option_or_a_command() {
        for url in [
            "",
            "-oProxyCommand=x:path",
            "-oProxyCommand=x@host:path",
            "ssh://-oProxyCommand=x/path",
            "ssh://-l@host/path",
            "host:-x",
            "ho$(x)st:path",
            "`x`@host:path",
            "ho;st:path",
            "ho'st:path",
            "host:",
            "ssh://host",
            "ssh://host/",
            "ssh://host:99999/x",
            "ssh://[::1/x",
            "[::1:x",
            "ext::sh -c id",
            "fd::3",
            "git://host/x",
            "ftp://host/x",
            "file://other/x",
            "https:///x",
            "https://host/x?token=hush",
            "https://host/x#y",
            "https://u%zz@host/x",
            "host:a\nb",
            "~/x",
        ] {
            assert!(matches!(Address::parse(url), Err(GitError::Address { .. })), "{url}");
        }
    }

    #[test]
    fn names_and_errors_hold_no_password() {
        for (url, name) in [
            ("https://me:hush@host/a.git", "https://host/a.git"),
            ("ssh://me:hush@host:22/a", "ssh://me@host:22/a"),
            ("git@host:a", "git@host:a"),
        ] {
            assert_eq!(Address::parse(url).unwrap().name(), name);
        }
        for url in
            ["https://me:hush@host/x?y", "ftp://me:hush@host/x", "https://me:hush@/x", "https://h?t=hush"]
        {
            let Err(error) = Address::parse(url) else { panic!("{url}") };
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_address_panics_or_begins_with_a_dash(url in "(ssh://|https://|file://)?[-a-z@:/\\[\\]~%'; ]{0,24}") {
            if let Ok(Address::Ssh { destination, path, .. }) = Address::parse(&url) {
                prop_assert!(!destination.starts_with('-') && !path.starts_with('-'));
                prop_assert!(!destination.contains(|c: char| " ';\"".contains(c)));
            }
        }
    }
}
