//! Decides how the embedded cluster is started in this process and served on loopback.
//! It never listens on anything but loopback.

use crate::base::clock::Clock;
use crate::engine::install;
use crate::engine::setup::{self as engine_setup, Client};
use crate::front::exit::Failure;
use crate::front::serve::listen;
use crate::sandbox::{Options, Sandbox, actors};
use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// How the embedded cluster is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Port on loopback; 0 picks one.
    pub(crate) port: u16,
    /// Where the kubeconfig goes; a temporary file when absent.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// How long pods take to become ready.
    pub(crate) ready_after: Duration,
    /// Whether it serves Rollouts and analyses.
    pub(crate) with_kinds: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { port: 0, kubeconfig: None, ready_after: Duration::from_secs(1), with_kinds: true }
    }
}

/// An embedded cluster that runs.
pub(crate) struct Embedded {
    /// The cluster.
    pub(crate) sandbox: Sandbox,
    /// Where it is served.
    pub(crate) address: SocketAddr,
    /// Its kubeconfig.
    pub(crate) kubeconfig: PathBuf,
    _folder: Option<TempDir>,
}

impl Embedded {
    /// The cluster as the engine reaches it: in this process.
    #[must_use]
    pub(crate) fn cluster(&self) -> Client {
        engine_setup::inside(self.sandbox.service())
    }

    /// Where its metrics can be asked for, as of Prometheus.
    #[must_use]
    pub(crate) fn prometheus(&self) -> String {
        format!("http://{}/prometheus", self.address)
    }
}

/// Starts an embedded cluster; it runs while `tasks` lives.
///
/// # Errors
/// The port is taken, or the kubeconfig cannot be written.
pub(crate) async fn start(wanted: &Wanted, tasks: &mut JoinSet<()>) -> Result<Embedded, Failure> {
    let seed = chance();
    let sandbox = Sandbox::new(Options::new(Clock::Real, seed));
    let listener = listen((Ipv4Addr::LOCALHOST, wanted.port).into(), "choose another").await?;
    let address = listener.local_addr().map_err(|e| Failure::usage(e.to_string()))?;
    let token = token();
    let (kubeconfig, folder) = place(wanted)?;
    write_private(&kubeconfig, &sandbox.kubeconfig(address, &token))?;
    let served = sandbox.clone();
    tasks.spawn(async move {
        if let Err(error) = served.serve(listener, Some(token)).await {
            tracing::error!(%error, "the embedded cluster is not served any more");
        }
    });
    let options = actors::Options { ready_after: wanted.ready_after, seed, ..actors::Options::default() };
    tasks.spawn(sandbox.clone().run_actors(options));
    let embedded = Embedded { sandbox, address, kubeconfig, _folder: folder };
    if wanted.with_kinds {
        install::definitions(&embedded.cluster()).await?;
    }
    Ok(embedded)
}

/// A number by chance: what the system's hasher makes of keys that it shows nobody.
pub(crate) fn chance() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// What lets its bearer in. It has nothing to do with the seed: uids and names tell everybody that one.
fn token() -> String {
    format!("{:016x}{:016x}", chance(), chance())
}

fn place(wanted: &Wanted) -> Result<(PathBuf, Option<TempDir>), Failure> {
    if let Some(path) = &wanted.kubeconfig {
        return Ok((path.clone(), None));
    }
    let folder = tempfile::Builder::new()
        .prefix("switchback-")
        .tempdir()
        .map_err(|e| Failure::usage(format!("no temporary folder can be made: {e}")))?;
    Ok((folder.path().join("kubeconfig"), Some(folder)))
}

/// Writes a file that only its owner can read, also where a file was that others could read.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let mut file = private(path)?;
        file.set_len(0)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|e| Failure::usage(format!("{} cannot be written: {e}", path.display())))
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn private(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_not_the_seed() {
        let (one, other) = (token(), token());
        assert_eq!((one.len(), one == other), (32, false));
        let seed = format!("{:016x}", chance());
        assert!(!one.contains(&seed) && !other.contains(&seed));
    }

    #[cfg(unix)]
    #[test]
    fn a_kubeconfig_is_its_owners_alone_also_where_a_file_was() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::write(&old, "something longer than what follows").unwrap();
        std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o644)).unwrap();
        for path in [&old, &new] {
            write_private(path, "secret").unwrap();
            assert_eq!((mode(path), std::fs::read_to_string(path).unwrap().as_str()), (0o600, "secret"));
        }
    }
}
