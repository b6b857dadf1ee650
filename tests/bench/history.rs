//! One repository of N commits in which a revision fails whose good commit is so many commits back: how long it takes until
//! the commit that takes it back is on the branch.

use crate::child::{Child, Fault};
use crate::folders::git;
use crate::rollouts::{api, client, namespace, remove};
use kube::Client;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

const NAMESPACE: &str = "switchback-bench-history";
/// Manifests besides the Rollout, each changed again and again.
const OTHERS: usize = 40;
/// Files that are not delivered, changed by every second commit.
const OUTSIDE: usize = 200;
/// A commit in so many comes by a merge.
const MERGES: usize = 10;

/// The manifest of the Rollout, which waits for a person after its first step.
fn rollout(image: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  selector: \
         {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      \
         - {{name: c, image: \"{image}\", resources: {{requests: {{cpu: 1m, memory: 1Mi}}}}}}\n  strategy:\n    canary:\n      \
         steps: [{{setWeight: 50}}, {{pause: {{}}}}]\n"
    )
}

fn config(i: usize, value: usize) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: o-{i:03}}}\ndata: {{value: \"{value}\"}}\n")
}

/// A branch in the making, as `git fast-import` reads it.
struct Branch {
    folder: PathBuf,
    commits: usize,
}

impl Branch {
    fn new(folder: &Path) -> Result<Self, Fault> {
        std::fs::create_dir_all(folder)?;
        git(folder, &["init", "-q", "--bare", "-b", "main"])?;
        Ok(Self { folder: folder.to_owned(), commits: 0 })
    }

    /// One commit to `name`, on top of `from` and a merge of `merged`.
    fn commit(
        &mut self,
        text: &mut String,
        name: &str,
        from: &str,
        merged: &str,
        files: &[(String, String)],
    ) {
        self.commits += 1;
        let (time, message) = (1_700_000_000 + self.commits, format!("change {}", self.commits));
        let _written = write!(
            text,
            "commit refs/heads/{name}\ncommitter bench <bench@example.com> {time} +0000\ndata {}\n{message}\n{from}{merged}",
            message.len()
        );
        for (path, content) in files {
            let _written = writeln!(text, "M 100644 inline {path}\ndata {}\n{content}", content.len());
        }
    }

    /// What the commit of this number changes beside the Rollout.
    fn change(&self) -> Vec<(String, String)> {
        let n = self.commits;
        let (i, outside) = (n / 2 % OTHERS, n % OUTSIDE);
        match n % 2 {
            0 => vec![(format!("deploy/apps/{}/o-{i:03}.yaml", i / 8), config(i, n))],
            _ => vec![(format!("src/{}/file-{outside:03}.txt", outside / 20), format!("line {n}\n"))],
        }
    }

    /// `count` commits more, none of which changes the Rollout; some come by a merge.
    fn grow(&mut self, count: usize) -> Result<(), Fault> {
        let mut text = String::new();
        let until = self.commits + count;
        let mut from = "from refs/heads/main^0\n"; // the first; the others go on by themselves
        while self.commits < until {
            if self.commits % MERGES == 1 && self.commits + 2 <= until {
                let side = self.change();
                self.commit(&mut text, "side", "from refs/heads/main\n", "", &side);
                let files = self.change();
                self.commit(&mut text, "main", from, "merge refs/heads/side\n", &files);
                let _written = write!(text, "reset refs/heads/side\n\n");
            } else {
                let files = self.change();
                self.commit(&mut text, "main", from, "", &files);
            }
            from = "";
        }
        self.import(&text)
    }

    /// One commit that changes the Rollout; `beside` are files of the first one.
    fn release(&mut self, image: &str, beside: Vec<(String, String)>) -> Result<String, Fault> {
        let (mut text, is_first) = (String::new(), self.commits == 0);
        let files = [beside, vec![("deploy/web.yaml".to_owned(), rollout(image))]].concat();
        self.commit(&mut text, "main", if is_first { "" } else { "from refs/heads/main^0\n" }, "", &files);
        self.import(&text)?;
        self.head()
    }

    fn import(&self, text: &str) -> Result<(), Fault> {
        let mut import = Command::new("git");
        import.current_dir(&self.folder).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
        let mut import = import.spawn()?;
        import.stdin.take().ok_or("no input")?.write_all(text.as_bytes())?;
        if import.wait()?.success() { Ok(()) } else { Err("git fast-import has failed".into()) }
    }

    fn head(&self) -> Result<String, Fault> {
        let output =
            Command::new("git").current_dir(&self.folder).args(["rev-parse", "refs/heads/main"]).output()?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// Waits until the Rollout has this image and phase, looked at in its newest generation.
async fn phase(client: &Client, home: &str, image: &str, wanted: &str) -> Result<(), Fault> {
    let rollouts = api(client, ("argoproj.io", "v1alpha1", "Rollout"), home);
    let start = Instant::now();
    loop {
        let found = rollouts.get_opt("web").await?;
        let text = |p: &str| {
            let data = found.as_ref().map(|o| &o.data);
            data.and_then(|d| d.pointer(p)).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let generation = found.as_ref().and_then(|o| o.metadata.generation).unwrap_or_default().to_string();
        if text("/status/phase") == wanted
            && text("/status/observedGeneration") == generation
            && text("/spec/template/spec/containers/0/image") == image
        {
            return Ok(());
        }
        if start.elapsed() > Duration::from_secs(120) {
            return Err(format!("the Rollout is never {wanted} at {image}").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until `commit` is what the inventory says is applied.
async fn applied(client: &Client, home: &str, commit: &str) -> Result<(), Fault> {
    let secrets = api(client, ("", "v1", "Secret"), home);
    let start = Instant::now();
    loop {
        let all = secrets.list(&kube::api::ListParams::default()).await?;
        let notes =
            all.items.iter().filter(|s| !s.metadata.name.as_deref().unwrap_or("").ends_with("-attempt"));
        let mut notes = notes.filter_map(|s| s.metadata.annotations.as_ref()?.get("switchback.dev/commit"));
        if notes.any(|note| note == commit) {
            return Ok(());
        }
        if start.elapsed() > Duration::from_secs(120) {
            return Err(format!("{commit} is never applied").into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What it takes to go back in a history of `count` commits whose good one is `back` commits ago.
async fn leg(
    client: &Client,
    kubeconfig: &Path,
    folder: &Path,
    count: usize,
    back: usize,
) -> Result<Value, Fault> {
    let home = &format!("{NAMESPACE}-{back}");
    namespace(client, home).await?;
    let mut branch = Branch::new(&folder.join(format!("repository-{back}.git")))?;
    let others = (0..OTHERS).map(|i| (format!("deploy/apps/{}/o-{i:03}.yaml", i / 8), config(i, 0)));
    branch.release("nginx:1", others.collect())?;
    branch.grow(count.saturating_sub(back + 2))?;
    let (cache, path) = (folder.join("cache").display().to_string(), branch.folder.display().to_string());
    let words = ["run", "--repo", &path, "--path", "deploy", "--namespace", home, "--cache", &cache];
    let child = Child::start(&words, Some(kubeconfig))?;
    phase(client, home, "nginx:1", "Healthy").await?;
    branch.release("nginx:2", Vec::new())?;
    phase(client, home, "nginx:2", "Paused").await?;
    branch.grow(back)?;
    let head = branch.head()?;
    applied(client, home, &head).await?;
    tokio::time::sleep(Duration::from_secs(2)).await; // what is left to do after that
    let before = child.used().await?;
    let start = Instant::now();
    let rollouts = api(client, ("argoproj.io", "v1alpha1", "Rollout"), home);
    let abort = Patch::Merge(json!({"status": {"abort": true}}));
    rollouts.patch_status("web", &PatchParams::default(), &abort).await?;
    while branch.head()? == head {
        if start.elapsed() > Duration::from_secs(120) {
            return Err("nothing goes back".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let wall = start.elapsed();
    let mut used = child.leg(&before, wall).await?;
    phase(client, home, "nginx:1", "Healthy").await?;
    let output = Command::new("git")
        .current_dir(&branch.folder)
        .args(["diff", "--name-only", "main^", "main"])
        .output()?;
    if output.stdout != b"deploy/web.yaml\n" {
        return Err(format!("something else went back: {}", String::from_utf8_lossy(&output.stdout)).into());
    }
    drop(child);
    remove(client, home).await?;
    if let Some(map) = used.as_object_mut() {
        map.insert("back".to_owned(), json!(back));
    }
    Ok(used)
}

/// Measures it with the good commit near, and half the history ago.
pub async fn measure(kubeconfig: &Path, folder: &Path, count: usize) -> Result<Value, Fault> {
    let client = client(kubeconfig).await?;
    let near = leg(&client, kubeconfig, folder, count, 0).await?;
    let far = leg(&client, kubeconfig, folder, count, count / 2).await?;
    Ok(json!({"commits": count, "near": near, "far": far}))
}
