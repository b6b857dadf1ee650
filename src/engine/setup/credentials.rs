//! Where credentials for Git come from: flags, or the Kubernetes Secret that is read and followed here.
//! It never shows them and never decides whether a server should get them.

use crate::api::object::Object;
use crate::api::watch::News;
use crate::api::write::Target;
use crate::engine::setup::{AccessError, Client};
use crate::world::cluster::watch::{Interest, follow};
use crate::world::git::{Credentials, Held, Options, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::path::PathBuf;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Where a Secret has the ssh servers that are trusted.
const HOSTS: &[&str] = &["known_hosts"];
/// Where a Secret has the authorities whose https servers are trusted, as Flux and others call it.
const AUTHORITIES: &[&str] = &["ca.crt", "caFile"];
/// Where a Secret has a private key for ssh, as Kubernetes and Flux call it.
const SSH_KEYS: &[&str] = &["ssh-privatekey", "identity"];

/// What is shown to a Git server; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct GitCredentials {
    shown: Credentials,
    known_hosts: Option<Secret>,
    ca: Option<Secret>,
}

impl GitCredentials {
    /// The token, or else what the file holds at each use: with `user` as a password, without as a bearer token.
    /// Without a token nothing is shown, whoever the user is.
    #[must_use]
    pub fn of(user: Option<String>, token: Option<String>, file: Option<PathBuf>) -> Self {
        let secret = token.map(Secret::Value).or(file.map(Secret::File));
        let shown = match (secret, user) {
            (Some(password), Some(user)) => Credentials::Basic { user, password },
            (Some(token), None) => Credentials::Bearer(token),
            (None, _) => Credentials::None,
        };
        Self { shown, ..Self::default() }
    }

    /// The ssh key in `file`, read at each use; the user's own keys without.
    #[must_use]
    pub fn of_key(file: Option<PathBuf>) -> Self {
        let shown = file.map_or(Credentials::None, |file| Credentials::SshKey { key: Secret::File(file) });
        Self { shown, ..Self::default() }
    }

    /// Shown only to ssh servers whose keys are in the file `known_hosts`, and also to https servers whose certificates
    /// those of the file `ca` have signed.
    #[must_use]
    pub fn trusting(self, known_hosts: Option<PathBuf>, ca: Option<PathBuf>) -> Self {
        let (hosts, ca) = (known_hosts.map(Secret::File), ca.map(Secret::File));
        Self { known_hosts: hosts.or(self.known_hosts), ca: ca.or(self.ca), ..self }
    }

    /// Those that a Secret holds now; none when it holds none.
    #[must_use]
    pub(in crate::engine) fn of_secret(secret: &Value) -> Option<Self> {
        let read = read(secret, &Target::of_object(secret).to_string())?;
        Some(read.credentials())
    }

    /// Puts them where Git looks for them.
    pub(in crate::engine) fn put_into(&self, options: &mut Options) {
        options.credentials = self.shown.clone();
        options.known_hosts = self.known_hosts.clone();
        options.ca = self.ca.clone();
    }
}

/// Reads the Kubernetes Secret that holds the Git credentials.
///
/// The credentials in the Secret `name`, kept up to date while `tasks` lives: `username` with `password` or `token`,
/// a `token` (or `bearerToken`) alone, or `ssh-privatekey` (or `identity`); beside them `known_hosts` and `ca.crt` (or
/// `caFile`), the servers it trusts. None when there is no such Secret, or it holds none of that.
///
/// # Errors
/// The cluster refuses or is away.
pub async fn credentials(
    client: &Client,
    namespace: &str,
    name: &str,
    tasks: &mut JoinSet<()>,
) -> Result<Option<GitCredentials>, AccessError> {
    let cluster = client.cluster();
    let target = Target::new("v1", "Secret", namespace, name);
    let Some(secret) = cluster.get(&target).await? else { return Ok(None) };
    let Some(read) = read(&secret, &target.to_string()) else { return Ok(None) };
    let credentials = read.credentials();
    let kind = cluster.kind("v1", "Secret").await?;
    let namespace = Some(namespace.to_owned());
    let interest = Interest { kind, namespace, labels: String::new(), name: name.to_owned() };
    let (sender, mut news) = mpsc::channel(4);
    tasks.spawn(follow(cluster.client(), interest, sender, "Secret", |news: News<Object>| {
        news.map(|secret| secret.0)
    }));
    tasks.spawn(async move {
        while let Some(news) = news.recv().await {
            match news {
                News::Present(secret) => {
                    for (held, keys) in [&read.held, &read.hosts, &read.ca].into_iter().flatten() {
                        held.set(first_of(&secret, keys).unwrap_or_default());
                    }
                }
                News::Gone(_) => read.held.iter().for_each(|(held, _)| held.set(String::new())),
                News::ListBegins | News::ListEnds | News::Trouble { .. } => {}
            }
        }
    });
    Ok(Some(credentials))
}

/// A text of a Secret, and where it may stand there.
type Kept = (Held, Vec<&'static str>);

/// What a Secret holds, as it is read.
struct Read {
    shown: Credentials,
    held: Option<Kept>,
    hosts: Option<Kept>,
    ca: Option<Kept>,
}

impl Read {
    fn credentials(&self) -> GitCredentials {
        let of = |kept: &Option<Kept>| kept.as_ref().map(|(held, _)| Secret::Held(held.clone()));
        GitCredentials { shown: self.shown.clone(), known_hosts: of(&self.hosts), ca: of(&self.ca) }
    }
}

/// Reads a Secret, called `name` where it is spoken of; none when it holds neither credentials nor authorities.
fn read(secret: &Value, name: &str) -> Option<Read> {
    let kept =
        |keys: &[&'static str]| first_of(secret, keys).map(|text| (Held::new(name, text), keys.to_vec()));
    let user = text_of(secret, "username");
    let words: &[&'static str] =
        if user.is_some() { &["password", "token"] } else { &["token", "bearerToken"] };
    let (mut held, mut shown) = (kept(words), Credentials::None);
    if let Some((text, _)) = &held {
        let text = Secret::Held(text.clone());
        shown = match user {
            Some(user) => Credentials::Basic { user, password: text },
            None => Credentials::Bearer(text),
        };
    } else if let Some(key) = kept(SSH_KEYS) {
        shown = Credentials::SshKey { key: Secret::Held(key.0.clone()) };
        held = Some(key);
    }
    let (hosts, ca) = (kept(HOSTS), kept(AUTHORITIES));
    (held.is_some() || ca.is_some()).then_some(Read { shown, held, hosts, ca })
}

/// The first of the texts at `keys` of a Secret.
fn first_of(secret: &Value, keys: &[&'static str]) -> Option<String> {
    keys.iter().find_map(|key| text_of(secret, key))
}

/// The text at `key` of a Secret; none when it is missing, empty or no text.
fn text_of(secret: &Value, key: &str) -> Option<String> {
    let encoded = secret.get("data")?.get(key)?.as_str()?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    Some(text).filter(|t| !t.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_before_a_file_and_a_user_makes_it_a_password() {
        let of = |user: Option<&str>, token: Option<&str>, file: Option<&str>| {
            GitCredentials::of(user.map(str::to_owned), token.map(str::to_owned), file.map(PathBuf::from))
                .shown
        };
        let token = || Secret::Value("t".to_owned());
        assert_eq!(of(None, Some("t"), Some("/f")), Credentials::Bearer(token()));
        let basic = Credentials::Basic { user: "u".to_owned(), password: token() };
        assert_eq!(of(Some("u"), Some("t"), None), basic);
        assert_eq!(of(None, None, Some("/f")), Credentials::Bearer(Secret::File("/f".into())));
        assert_eq!(of(Some("u"), None, None), Credentials::None);
    }
}
