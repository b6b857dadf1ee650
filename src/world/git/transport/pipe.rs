//! Git spoken through another program's pipes: `ssh` to other machines, `git` to local repositories that only
//! it can handle. It never lets an address become an option or a command, and never waits for a terminal.

use super::call::Call;
use crate::world::cause::Cause;
use crate::world::git::address::Address;
use crate::world::git::error::GitError;
use crate::world::git::secret::{Credentials, Secret};
use crate::world::git::text::{plain, quoted};
use git2::transport::Service;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// How long a program may take to end after its pipes are closed.
const FAREWELL: Duration = Duration::from_secs(5);
/// Environment that would point `git` at another repository.
const FOREIGN: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
];

/// A running program whose input and output are the conversation.
pub(super) struct Pipe {
    call: Arc<Call>,
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    errors: Option<JoinHandle<Vec<u8>>>,
    service: Service,
    /// Whether the program runs below a shell, both in a process group of their own.
    in_shell: bool,
    /// Kept while ssh may still read them.
    _files: Vec<NamedTempFile>,
}

impl Pipe {
    /// Starts the program that serves `service`, one of the two listing ones, at the call's upstream.
    pub(super) fn open(call: Arc<Call>, service: Service) -> io::Result<Self> {
        let program = if service == Service::ReceivePackLs { "receive-pack" } else { "upload-pack" };
        let (mut command, files) = match &call.upstream.address {
            Address::Ssh { destination, port, path, .. } => {
                let remote = format!("git-{program} {}", quoted(path));
                ssh(&call, destination, *port, &remote).map_err(|fault| call.fail(fault))?
            }
            Address::Local { path } => (git(program, path), Vec::new()),
            Address::Http { .. } => return Err(call.fail(call.unreachable("it is reached over HTTP".into()))),
        };
        for name in FOREIGN {
            command.env_remove(name);
        }
        let shown = command.as_std().get_program().to_string_lossy().into_owned();
        let in_shell = shown == "sh";
        if in_shell {
            command.process_group(0);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            let purpose = "this repository can only be reached through it".to_owned();
            let why = error.to_string();
            call.fail(GitError::Program { program: shown.clone(), why, purpose, source: Cause::of(error) })
        })?;
        let parts = child.stdin.take().zip(child.stdout.take()).zip(child.stderr.take());
        let Some(((input, output), mut errors)) = parts else {
            return Err(call.fail(call.unreachable("its pipes are missing".into())));
        };
        let errors = call.beside(async move {
            let mut text = Vec::new();
            let _ = (&mut errors).take(8192).read_to_end(&mut text).await;
            // The rest is read but not kept, so that the program never waits for us.
            let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
            text
        });
        Ok(Self {
            call,
            child,
            input: Some(input),
            output,
            errors: Some(errors),
            service,
            in_shell,
            _files: files,
        })
    }

    /// Closes the pipes and waits for the program's end: how it ended and what it complained about.
    fn end(&mut self) -> (Option<ExitStatus>, String) {
        drop(self.input.take());
        // After a failure nobody wants to wait for good manners.
        let grace = if self.call.has_failed() { Duration::ZERO } else { FAREWELL };
        let child = &mut self.child;
        let ended = self.call.wait(async { Ok(tokio::time::timeout(grace, child.wait()).await) });
        let status = ended.ok().and_then(Result::ok).and_then(Result::ok);
        if status.is_none() {
            self.kill();
        }
        let Some(errors) = self.errors.take() else { return (status, String::new()) };
        let text = self.call.wait(async { Ok(tokio::time::timeout(FAREWELL, errors).await) });
        let text = text.ok().and_then(Result::ok).and_then(Result::ok).unwrap_or_default();
        (status, plain(&text, 600))
    }

    /// Ends the program at once, and whatever a shell started for it.
    fn kill(&mut self) {
        if let (true, Some(group)) = (self.in_shell, self.child.id()) {
            let mut kill = std::process::Command::new("sh");
            kill.args(["-c", "kill -s KILL -- \"-$1\"", "sh", &group.to_string()]);
            let _ = kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        let _ = self.child.start_kill();
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let (call, output) = (self.call.clone(), &mut self.output);
        let broken = |error: io::Error| call.unreachable_for(error.to_string(), Cause::of(error));
        let length = call.wait(async { output.read(into).await.map_err(broken) })?;
        if length == 0 && self.errors.is_some() {
            // Nobody reads on at the end of a good conversation, so the program's complaint is the reason.
            let (status, text) = self.end();
            call.fail(complaint(&call, self.service, status, &text));
        }
        call.count(length)?;
        let into = into.get_mut(..length).unwrap_or_default();
        call.tame(self.service, into);
        call.overhear(self.service, into);
        Ok(length)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let call = self.call.clone();
        call.count(bytes.len())?;
        let Some(input) = &mut self.input else { return Ok(0) };
        let written = call.wait(async { Ok(input.write_all(bytes).await) })?;
        if written.is_err() {
            let (status, text) = self.end();
            return Err(call.fail(complaint(&call, self.service, status, &text)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if self.errors.is_some() {
            self.end();
        }
    }
}

/// `ssh` to `destination`, running `remote` there.
fn ssh(
    call: &Call,
    destination: &str,
    port: Option<u16>,
    remote: &str,
) -> Result<(Command, Vec<NamedTempFile>), GitError> {
    let mut command = match &call.upstream.ssh_command {
        None => Command::new("ssh"),
        Some(line) => {
            // As Git runs GIT_SSH_COMMAND: the shell sees the user's own words only, ours are its arguments.
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("{line} \"$@\"")).arg("ssh");
            shell
        }
    };
    // Without a terminal an unknown host key is refused, unless the user's configuration accepts it: ssh's own
    // default, `StrictHostKeyChecking=ask`, has nobody to ask.
    command.args(["-o", "BatchMode=yes"]);
    let mut kept = Vec::new();
    if let Credentials::SshKey { key } = &call.upstream.credentials {
        let file = private_file(&key.reveal()?)?;
        command.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(file.path());
        kept.push(file);
    }
    if let Some(hosts) = &call.upstream.known_hosts {
        let value = match hosts {
            Secret::File(path) => known_hosts_value(path)?,
            held => {
                let file = private_file(&held.reveal()?)?;
                let value = known_hosts_value(file.path())?;
                kept.push(file);
                value
            }
        };
        command.arg("-o").arg(format!("UserKnownHostsFile={value}"));
        command.args(["-o", "StrictHostKeyChecking=yes"]);
    }
    if let Some(port) = port {
        command.arg("-p").arg(port.to_string());
    }
    command.arg(destination).arg(remote);
    Ok((command, kept))
}

/// A text in a file only we can read; ssh refuses the readable files that clusters mount.
fn private_file(text: &str) -> Result<NamedTempFile, GitError> {
    let disk = |e: io::Error| GitError::Disk {
        path: std::env::temp_dir().display().to_string(),
        why: format!("no place for a key or known hosts: {e}"),
        source: Cause::of(e),
    };
    let mut file = NamedTempFile::new().map_err(disk)?;
    file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(disk)?;
    Ok(file)
}

/// The path as ssh's option takes it: in quotes, `%` doubled.
fn known_hosts_value(path: &Path) -> Result<String, GitError> {
    let text = path.display().to_string();
    if text.contains(['"', '\\']) || text.chars().any(char::is_control) {
        let why = "the path of the known hosts has quotes or backslashes; move the file".to_owned();
        return Err(GitError::Credentials { why, source: None });
    }
    Ok(format!("\"{}\"", text.replace('%', "%%")))
}

/// `git` serving a local repository.
fn git(program: &str, path: &Path) -> Command {
    let mut command = Command::new("git");
    command.env("LC_ALL", "C");
    // A branch that is checked out is updated together with its clean work tree, or not at all.
    command.args(["-c", "receive.denyCurrentBranch=updateInstead", program]).arg(path);
    command
}

/// What the program's end means.
fn complaint(call: &Call, service: Service, status: Option<ExitStatus>, text: &str) -> GitError {
    let repo = call.upstream.name.clone();
    // What it says is all there is: ssh ends with 255 whatever went wrong.
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let code = status.and_then(|status| status.code());
    let ended = match (code, status) {
        (Some(code), _) => format!("it ended with code {code}"),
        (None, Some(_)) => "it was killed".to_owned(),
        (None, None) => "it did not end".to_owned(),
    };
    let why = if text.is_empty() { ended } else { text.to_owned() };
    let why = call.upstream.credentials.scrubbed(&why);
    if has(&["Host key verification failed", "HOST IDENTIFICATION HAS CHANGED"]) {
        let why = format!("{why}; check its fingerprint, then put its key into the known hosts");
        return GitError::Untrusted { repo, why, source: None };
    }
    if has(&["dubious ownership"]) {
        return GitError::Refused { repo, why };
    }
    match code {
        // ssh's own failures.
        Some(255) if has(&["Permission denied", "Too many authentication failures", "Load key"]) => {
            let tried = call.upstream.credentials.tried();
            GitError::Unauthorized { repo, why: format!("{why}; {tried}; give a key that may read it") }
        }
        Some(255) => call.unreachable(why),
        // A shell's way to say that a signal ended it; 128 itself is how Git ends on errors.
        Some(129..) => call.unreachable(format!("it was killed: {why}")),
        Some(127) => GitError::NotFound { repo, why: format!("{why}; no Git is installed there") },
        Some(0) | None => call.unreachable(format!("the conversation broke off: {why}")),
        Some(_) if service == Service::ReceivePackLs => GitError::Refused { repo, why },
        Some(_) => GitError::NotFound { repo, why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_paths_are_quoted_or_refused() {
        assert_eq!(known_hosts_value(Path::new("/a b/50%")).unwrap(), "\"/a b/50%%\"");
        assert!(known_hosts_value(Path::new("/a\"b")).is_err());
    }

    #[test]
    fn keys_lie_in_files_of_our_own() {
        use std::os::unix::fs::PermissionsExt;
        let file = private_file("secret").unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), b"secret\n");
        assert_eq!(file.as_file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
