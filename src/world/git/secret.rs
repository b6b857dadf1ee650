//! Credentials: where they come from, and that they are never shown.
//! It never decides whether a server should get them. A Kubernetes Secret is read by `engine::setup` and comes here
//! as a [`Held`].

use super::error::GitError;
use crate::base::digest::sha256_hex;
use crate::world::cause::Cause;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The longest file that is still taken for a secret, in bytes.
const LONGEST: usize = 64 * 1024;
/// The longest file that is still taken for certificates: a system's own bundle is a few hundred kilobytes.
const LONGEST_BUNDLE: usize = 4 * 1024 * 1024;

/// A secret text that somebody else keeps up to date.
#[derive(Clone)]
pub struct Held {
    text: Arc<Mutex<String>>,
    whence: String,
}

impl Held {
    /// A secret that comes from `whence` and is `text` at first.
    #[must_use]
    pub(crate) fn new(whence: &str, text: String) -> Self {
        Self { text: Arc::new(Mutex::new(text)), whence: whence.to_owned() }
    }

    /// The secret is `text` from now on.
    pub(crate) fn set(&self, text: String) {
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    fn get(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.text, &other.text)
    }
}

impl Eq for Held {}

/// A secret text, given as it is, held by somebody who renews it, or as a file that is read again at each use, so
/// that it may be rotated.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The secret itself.
    Value(String),
    /// A secret that is renewed in memory.
    Held(Held),
    /// A file that holds it; a line break at its end does not belong to it.
    File(PathBuf),
}

impl Secret {
    /// The secret as it is now.
    ///
    /// # Errors
    /// [`GitError::Credentials`] when the file cannot be read, is empty, or is no text.
    pub(super) fn reveal(&self) -> Result<String, GitError> {
        let text = self.read(LONGEST)?;
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            let why = format!("{} is empty; put the secret there", self.place());
            return Err(GitError::Credentials { why, source: None });
        }
        Ok(text.to_owned())
    }

    /// The certificates that it is, as they are now; nobody has looked whether there is one.
    ///
    /// # Errors
    /// [`GitError::Credentials`] when the file cannot be read, or is no text.
    pub(super) fn certificates(&self) -> Result<String, GitError> {
        self.read(LONGEST_BUNDLE)
    }

    fn read(&self, longest: usize) -> Result<String, GitError> {
        let bad = |why: String| GitError::Credentials { why, source: None };
        match self {
            Self::Value(text) => Ok(text.clone()),
            Self::Held(held) => Ok(held.get()),
            Self::File(path) => {
                let shown = path.display();
                let bytes = std::fs::read(path).map_err(|e| {
                    let why = format!("{shown}: {e}; mount or create it");
                    GitError::Credentials { why, source: Cause::of(e) }
                })?;
                if bytes.len() > longest {
                    return Err(bad(format!(
                        "{shown} is too large for what it should hold; name another file"
                    )));
                }
                String::from_utf8(bytes).map_err(|_| bad(format!("{shown} is not text; name another file")))
            }
        }
    }

    /// Where it is, for messages.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Value(_) => "the given secret".to_owned(),
            Self::Held(held) => held.whence.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Where the secret comes from, for messages: the file's name, never its content.
    fn whence(&self) -> String {
        match self {
            Self::Value(_) => "the given one".into(),
            Self::Held(held) => format!("the one in {}", held.whence),
            Self::File(path) => format!("the one in {}", path.display()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(***)"),
            Self::Held(held) => f.debug_tuple("Held").field(&held.whence).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// What we show a server to be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing; for ssh, whatever the user's agent and configuration offer.
    #[default]
    None,
    /// A token sent as `Authorization: Bearer` over HTTP.
    Bearer(Secret),
    /// A user and a password or token, sent as HTTP basic authentication. Hosts that take a token as password
    /// want a user such as `x-access-token` (GitHub) or `oauth2` (GitLab).
    Basic {
        /// The user; without a colon.
        user: String,
        /// The password or token.
        password: Secret,
    },
    /// A private key for ssh.
    SshKey {
        /// The key in OpenSSH's or PEM format, not protected by a passphrase.
        key: Secret,
    },
}

impl Credentials {
    /// What was tried, for messages.
    pub(super) fn tried(&self) -> String {
        match self {
            Self::None => "no credentials were given".into(),
            Self::Bearer(secret) => format!("the bearer token, {}, was not accepted", secret.whence()),
            Self::Basic { user, password } => {
                format!("the password of `{user}`, {}, was not accepted", password.whence())
            }
            Self::SshKey { key } => format!("the ssh key, {}, was not accepted", key.whence()),
        }
    }

    /// A word that changes with the secret; the secret cannot be told from it.
    pub(super) fn mark(&self) -> String {
        let secret = match self {
            Self::None => return String::new(),
            Self::Bearer(secret) | Self::Basic { password: secret, .. } | Self::SshKey { key: secret } => {
                secret
            }
        };
        secret.reveal().map_or_else(|error| error.to_string(), |text| sha256_hex(text.as_bytes()))
    }

    /// `text` with every occurrence of the secret replaced, should a server echo it.
    pub(super) fn scrubbed(&self, text: &str) -> String {
        let secret = match self {
            Self::None => return text.to_owned(),
            Self::Bearer(secret) | Self::Basic { password: secret, .. } | Self::SshKey { key: secret } => {
                secret
            }
        };
        match secret.reveal() {
            Ok(word) if word.len() >= 4 => text.replace(&word, "***"),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_again_and_lose_their_line_break() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let secret = Secret::File(path.clone());
        assert!(secret.reveal().unwrap_err().to_string().contains("token"));
        std::fs::write(&path, "first\r\n").unwrap();
        assert_eq!(secret.reveal().unwrap(), "first");
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(secret.reveal().unwrap(), "second");
        for bad in [&b"\n"[..], b"\xff\xfe", &[b'x'; LONGEST + 1]] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(secret.reveal(), Err(GitError::Credentials { .. })));
        }
        assert!(Secret::Value(String::new()).reveal().is_err());
    }

    #[test]
    fn a_held_secret_may_be_renewed_and_is_not_shown() {
        let held = Held::new("Secret shop/git", "first\n".into());
        let secret = Secret::Held(held.clone());
        assert_eq!(secret.reveal().unwrap(), "first");
        held.set("second".into());
        assert_eq!(secret.clone().reveal().unwrap(), "second");
        assert_eq!(format!("{secret:?}"), "Held(\"Secret shop/git\")");
        held.set(String::new());
        assert!(secret.reveal().unwrap_err().to_string().contains("Secret shop/git is empty"));
    }

    #[test]
    fn nothing_shows_the_secret() {
        let secret = || Secret::Value("hunter2hunter2".into());
        for credentials in [
            Credentials::Bearer(secret()),
            Credentials::Basic { user: "u".into(), password: secret() },
            Credentials::SshKey { key: secret() },
        ] {
            assert!(!format!("{credentials:?}").contains("hunter2"));
            assert!(!credentials.tried().contains("hunter2"));
            assert_eq!(credentials.scrubbed("you sent hunter2hunter2!"), "you sent ***!");
        }
        assert_eq!(Credentials::None.scrubbed("as it is"), "as it is");
    }
}
