//! A program of ours under measurement: started, watched through `/proc` and its metrics page, and stopped.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

pub type Fault = Box<dyn std::error::Error + Send + Sync>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_switchback");

/// Runs the program to its end.
pub fn run(words: &[&str]) -> Result<(), Fault> {
    let output = Command::new(PROGRAM).args(words).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// A running program; dropped, it ends.
pub struct Child {
    process: std::process::Child,
    metrics: Option<u16>,
}

impl Drop for Child {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// What it has used so far.
#[derive(Clone, Default)]
pub struct Used {
    cpu: f64,
    requests: BTreeMap<String, u64>,
    at: Option<Instant>,
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16, Fault> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Child {
    /// Starts the program; with `measured` it also shows metrics on a port of its own.
    pub fn start(words: &[&str], measured: Option<&Path>) -> Result<Self, Fault> {
        let mut command = Command::new(PROGRAM);
        command.args(words).stdout(Stdio::null()).stderr(Stdio::null());
        let metrics = measured.map(|_| free_port()).transpose()?;
        if let (Some(port), Some(kubeconfig)) = (metrics, measured) {
            command.args(["--metrics-port", &port.to_string(), "--health-port", "0"]);
            command.arg("--kubeconfig").arg(kubeconfig);
        }
        Ok(Self { process: command.spawn()?, metrics })
    }

    /// What it has used so far; CPU and memory only where there is `/proc`.
    pub async fn used(&self) -> Result<Used, Fault> {
        Ok(Used {
            cpu: self.cpu().unwrap_or_default(),
            requests: self.requests().await?,
            at: Some(Instant::now()),
        })
    }

    fn cpu(&self) -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?;
        Some(f64::from(ticks) / 100.0) // USER_HZ, the same everywhere since long ago
    }

    fn memory(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = text.lines().find(|l| l.starts_with("VmRSS"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|k| k / 1024)
    }

    /// The page of metrics; none of a program that is not measured.
    async fn page(&self) -> Result<String, Fault> {
        let Some(port) = self.metrics else { return Ok(String::new()) };
        let url = format!("http://127.0.0.1:{port}/metrics");
        let start = Instant::now();
        loop {
            match reqwest::get(&url).await {
                Ok(answer) => return Ok(answer.text().await?),
                Err(_) if start.elapsed() < Duration::from_secs(20) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// How long deliveries have taken so far from fetched commits to their plans.
    pub async fn planning(&self) -> Result<Duration, Fault> {
        let page = self.page().await?;
        let line = page.lines().find(|l| l.starts_with("switchback_delivery_plan_seconds_sum"));
        let seconds = line.and_then(|l| l.rsplit(' ').next()).unwrap_or("0").parse()?;
        Ok(Duration::from_secs_f64(seconds))
    }

    async fn requests(&self) -> Result<BTreeMap<String, u64>, Fault> {
        let page = self.page().await?;
        let mut found = BTreeMap::new();
        for line in page.lines().filter(|l| l.starts_with("controller_clientset_k8s_request_total{")) {
            let mut quoted = line.split('"');
            let (verb, kind) = (quoted.nth(1).unwrap_or_default(), quoted.nth(1).unwrap_or_default());
            if kind.to_ascii_lowercase().starts_with("lease") {
                continue; // it is renewed every two seconds, whatever is measured
            }
            let count: u64 = line.rsplit(' ').next().unwrap_or_default().parse()?;
            *found.entry(format!("{verb} {kind}")).or_insert(0) += count;
        }
        Ok(found)
    }

    /// What was used since `before`, where the work was done after `wall`.
    pub async fn leg(&self, before: &Used, wall: Duration) -> Result<Value, Fault> {
        let now = self.used().await?;
        let fresh: BTreeMap<&String, u64> = now
            .requests
            .iter()
            .map(|(k, n)| (k, n - before.requests.get(k).copied().unwrap_or_default()))
            .filter(|(_, n)| *n > 0)
            .collect();
        let is_write = |k: &str| ["create", "update", "patch", "delete"].iter().any(|w| k.starts_with(w));
        let writes: u64 = fresh.iter().filter(|(k, _)| is_write(k)).map(|(_, n)| n).sum();
        Ok(json!({
            "wall_s": rounded(wall.as_secs_f64()),
            "cpu_s": rounded(now.cpu - before.cpu),
            "rss_mb": self.memory(),
            "writes": writes,
            "requests": fresh.values().sum::<u64>(),
            "by": fresh,
        }))
    }

    /// What is used while nothing happens.
    pub async fn rest(&self, seconds: u64) -> Result<Value, Fault> {
        let before = self.used().await?;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let elapsed = before.at.map(|at| at.elapsed()).unwrap_or_default();
        self.leg(&before, elapsed).await
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}
