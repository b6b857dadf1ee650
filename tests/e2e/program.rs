//! Decides how programs run beside a test: with a clean environment, their words kept, and an end in time.
//! It never leaves one running.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(90);
/// How often something is looked at while it is waited for.
pub const STEP: Duration = Duration::from_millis(50);

/// What a program that has ended said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// What it printed; it must have ended well.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What it said on standard error; it must have ended with `code`.
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self.err
    }
}

/// Runs `command` to its end.
pub async fn said(command: Command) -> Said {
    let name = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(LIMIT, output).await.unwrap_or_else(|_| panic!("no end in time: {name}"));
    let output = output.unwrap_or_else(|e| panic!("{name}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// This crate's program, with nothing of the user's environment that it would listen to; `home` is its home.
pub fn switchback(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchback"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["SWITCHBACK_", "ARGO_", "GIT_", "CLICOLOR"].iter().any(|p| text.starts_with(p)) {
            command.env_remove(name);
        }
    }
    command.env_remove("KUBECONFIG").env_remove("XDG_CACHE_HOME").env("HOME", home).env("NO_COLOR", "1");
    command.env("RUST_BACKTRACE", "0");
    command
}

/// A program that runs until it is told to end, at the latest when the test lets go of it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Program {
    /// Starts `command`; its words go to files in `folder` named after `name`.
    pub fn start(mut command: Command, folder: &Path, name: &str) -> Self {
        let (out, err) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
        command.stdin(Stdio::null());
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        Self { child, out, err }
    }

    /// Everything it has said so far.
    pub fn words(&self) -> String {
        let read =
            |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        format!("{}{}", read(&self.out), read(&self.err))
    }

    /// Waits until it has said `word`.
    pub async fn says(&mut self, word: &str) {
        let late = Instant::now() + LIMIT;
        while !self.words().contains(word) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended with {ended:?} before it said {word:?}: {}", self.words());
            assert!(Instant::now() < late, "never said {word:?}: {}", self.words());
            sleep(STEP).await;
        }
    }

    /// Waits for its end; answers the exit code, -1 after a signal.
    pub async fn ended(&mut self) -> i32 {
        let late = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < late, "it does not end: {}", self.words());
            sleep(STEP).await;
        }
    }

    /// Sends SIGTERM and waits for the end; answers the exit code.
    pub async fn terminate(&mut self) -> i32 {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).status().unwrap();
        assert!(sent.success(), "it was gone already: {}", self.words());
        self.ended().await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _ended_before = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.out.display(), self.words());
        }
    }
}

/// The first of `names` that is a program on `PATH` or in `folders`.
pub fn find(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = std::env::split_paths(&path).chain(folders.iter().cloned()).collect();
    names.iter().flat_map(|n| all.iter().map(move |f| f.join(n))).find(|p| p.is_file())
}

/// A port that is free and that no other test is given: from below those that outgoing connections take.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
