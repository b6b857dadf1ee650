//! A small HTTP server on the loopback: `git http-backend` behind it, and rules that answer instead.
//! It keeps what it was asked, so that tests can see what was sent.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What to answer.
pub enum Answer {
    /// `git http-backend`'s own answer.
    Backend,
    /// The backend's answer, compressed.
    Gzip,
    /// The backend's answer, promised whole and cut off after so many bytes.
    Cut(usize),
    /// The backend's answer, cut off after so many bytes without a promised length.
    Short(usize),
    /// Status, headers as they stand, body.
    Say(u16, &'static str, &'static str),
    /// The service's own kind of answer with these bytes.
    Bytes(&'static str, Vec<u8>),
    /// A redirect.
    To(String),
    /// Nothing at all for a while.
    Silence,
    /// The answer's head, and then a byte now and then.
    Drip,
}

type Rule = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A running server.
pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves the repositories under `root`.
    pub async fn start(root: PathBuf, rule: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, rule): (_, Arc<Rule>) = (asked.clone(), Arc::new(rule));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, root.clone(), rule.clone(), log.clone()));
            }
        });
        Self { port, asked, task }
    }

    /// Serves the repositories under `root` as they are.
    pub async fn plain(root: PathBuf) -> Self {
        Self::start(root, |_| Answer::Backend).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lets in whoever shows `authorization`.
pub fn only(authorization: &'static str) -> impl Fn(&Asked) -> Answer {
    move |asked| match asked.headers.get("authorization").map(String::as_str) == Some(authorization) {
        true => Answer::Backend,
        false => Answer::Say(401, "WWW-Authenticate: Basic realm=\"git\"\r\n", "who are you?"),
    }
}

async fn serve(mut stream: TcpStream, root: PathBuf, rule: Arc<Rule>, log: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else { return };
    let answer = rule(&asked);
    log.lock().unwrap().push(asked.clone());
    let head = |status: u16, headers: &str, length: usize| {
        format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    let bytes = match answer {
        Answer::Say(status, headers, body) => {
            [head(status, headers, body.len()).as_bytes(), body.as_bytes()].concat()
        }
        Answer::Bytes(kind, body) => {
            let kind = format!("Content-Type: application/x-git-{kind}\r\n");
            [head(200, &kind, body.len()).as_bytes(), &body].concat()
        }
        Answer::To(to) => head(302, &format!("Location: {to}\r\n"), 0).into_bytes(),
        Answer::Silence => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            return;
        }
        Answer::Drip => {
            let kind = "Content-Type: application/x-git-upload-pack-advertisement\r\n";
            let _ = stream.write_all(head(200, kind, 1000).as_bytes()).await;
            let _ = stream.write_all(b"0fff").await;
            for _ in 0..300 {
                let _ = stream.write_all(b"x").await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return;
        }
        Answer::Backend | Answer::Gzip | Answer::Cut(_) | Answer::Short(_) => {
            let (status, mut headers, mut body) = backend(&asked, root).await;
            if matches!(answer, Answer::Gzip) {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&body).unwrap();
                body = encoder.finish().unwrap();
                headers.push_str("Content-Encoding: gzip\r\n");
            }
            let mut bytes = head(status, &headers, body.len());
            match answer {
                Answer::Cut(length) => body.truncate(length),
                Answer::Short(length) => {
                    body.truncate(length);
                    bytes = format!("HTTP/1.1 {status} Status\r\n{headers}Connection: close\r\n\r\n");
                }
                _ => {}
            }
            [bytes.as_bytes(), &body].concat()
        }
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        stream.read_buf(&mut body).await.ok()?;
    }
    Some(Asked { method: first.next()?, target: first.next()?, headers, body })
}

/// Status, headers and body of `git http-backend`'s answer.
async fn backend(asked: &Asked, root: PathBuf) -> (u16, String, Vec<u8>) {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", root.join("home"))
        .env("GIT_CONFIG_GLOBAL", root.join("home/gitconfig"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", &root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &asked.method)
        .env("CONTENT_TYPE", asked.headers.get("content-type").map_or("", String::as_str))
        .env("CONTENT_LENGTH", asked.body.len().to_string())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let body = asked.body.clone();
    tokio::spawn(async move {
        let _ = input.write_all(&body).await;
    });
    let output = child.wait_with_output().await.unwrap().stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.split("\r\n").find_map(|line| line.strip_prefix("Status: "));
    let status = status.map_or(200, |status| status[..3].parse().unwrap());
    let headers = head.split("\r\n").filter(|line| !line.starts_with("Status:"));
    let headers: String = headers.filter(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect();
    (status, headers, output.get(end + 4..).unwrap_or_default().to_vec())
}
