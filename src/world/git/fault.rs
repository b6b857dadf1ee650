//! What can be wrong with a repository's address, each with how to write it.
//! No text here repeats a user or a password.

use crate::world::cause::Cause;
use crate::world::http::Url;
use thiserror::Error;

/// The error with which a URL is refused.
type UrlError = <Url as std::str::FromStr>::Err;

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// There is no address.
    #[error("it is empty; name a URL or a path")]
    Empty,
    /// It could not be shown as it is.
    #[error("it has control characters; remove them")]
    ControlCharacters,
    /// We do not speak this.
    #[error("only https, http, ssh and file are spoken; use one of them")]
    Scheme,
    /// It is no URL.
    #[error("{source}; write https://host/path")]
    Url {
        /// What the URL standard finds wrong.
        source: UrlError,
    },
    /// It is no URL that the rest of it could be appended to.
    #[error("{source}")]
    Appended {
        /// What the URL standard finds wrong.
        source: UrlError,
    },
    /// It names no host.
    #[error("it names no host; write {form}")]
    NoHost {
        /// How such an address is written.
        form: &'static str,
    },
    /// It has a query or a fragment.
    #[error("it has a `?` or `#` part; give a token as credentials, not in the address")]
    Query,
    /// Its user or password cannot be decoded.
    #[error("its user or password is not properly percent-encoded; encode it anew")]
    LoginEncoding,
    /// Its user cannot be taken off.
    #[error("its user cannot be taken off; give it as credentials")]
    LoginStays,
    /// An `ssh://` address without a path.
    #[error("it has no path; write ssh://host/path")]
    NoSshPath,
    /// Its path cannot be decoded.
    #[error("its path is not properly percent-encoded; encode it anew")]
    PathEncoding,
    /// It names a program to run.
    #[error("programs such as `ext::` are not run; use https, ssh or a path")]
    Program,
    /// A host in brackets does not end before a path.
    #[error("a `]:` is missing")]
    BracketColon,
    /// A host in brackets does not end.
    #[error("a `]` is missing after the host")]
    Bracket,
    /// Its port is none.
    #[error("`{digits}` is no port; use 1 to 65535")]
    Port {
        /// What stands in the port's place.
        digits: String,
    },
    /// There is more behind the host than a port.
    #[error("something stands between the host and the path; remove it")]
    BehindHost,
    /// Its host has characters no host has.
    #[error("`{host}` is no host's name; correct it")]
    Host {
        /// What stands in the host's place.
        host: String,
    },
    /// Its user has characters that ssh or a shell could take for something else.
    #[error("its user's name has characters that are not allowed; correct it")]
    User,
    /// It names a host and no path on it.
    #[error("it names no path on that host; write user@host:path")]
    NoRemotePath,
    /// Its path looks like an option.
    #[error("its path begins with `-` and could be taken for an option; write `./-…`")]
    PathIsOption,
    /// A `file:` address with a host.
    #[error("a file: address names no host; write file:///path")]
    FileHost,
    /// Its path begins with `~`.
    #[error("`~` means a home directory only in a shell; write the whole path")]
    Home,
    /// It names no path.
    #[error("it names no path; write an absolute one")]
    NoPath,
    /// Its path is relative to a directory that is gone.
    #[error("{why}; write an absolute path")]
    Absolute {
        /// The system's reason.
        why: String,
        /// What lies beneath.
        source: Option<Cause>,
    },
    /// Its path cannot be handed to libgit2.
    #[error("its path is not UTF-8; move it, or link to it from another path")]
    PathNotText,
}
