//! Decides what the users of a scenario commit: the shop of `examples/shop`, made fit for one namespace, by the git
//! program. It never touches a cluster.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The shop's files but its Namespace, which the scenario makes.
const FILES: &[(&str, &str)] = &[
    ("web/analysis.yaml", include_str!("../../examples/shop/web/analysis.yaml")),
    ("web/config.yaml", include_str!("../../examples/shop/web/config.yaml")),
    ("web/rollout.yaml", include_str!("../../examples/shop/web/rollout.yaml")),
    ("web/services.yaml", include_str!("../../examples/shop/web/services.yaml")),
];

/// A repository with a work tree.
pub struct Repository {
    pub path: PathBuf,
}

impl Repository {
    /// An empty repository at `path`.
    pub fn empty(path: PathBuf) -> Self {
        std::fs::create_dir_all(&path).unwrap();
        let repository = Self { path };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// The shop for `namespace`, its Rollout labelled for the controller `instance`, with a first commit.
    pub fn shop(path: PathBuf, namespace: &str, instance: &str) -> Self {
        let shop = Self::empty(path);
        for (name, text) in FILES {
            let text = text
                .replace("namespace: shop", &format!("namespace: {namespace}"))
                .replace("duration: 2s", "duration: 1s")
                .replace("count: 3", "count: 2");
            shop.write(name, &text);
        }
        let label = format!("argo-rollouts.argoproj.io/controller-instance-id: {instance}");
        let head = format!("  namespace: {namespace}\nspec:\n  replicas");
        let labelled = format!("  namespace: {namespace}\n  labels:\n    {label}\nspec:\n  replicas");
        shop.replace("web/rollout.yaml", &head, &labelled);
        shop.commit("shop: first version");
        shop
    }

    pub fn write(&self, name: &str, text: &str) {
        let file = self.path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path.join(name)).unwrap()
    }

    /// Replaces words that must be there.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not hold {from:?}");
        self.write(name, &text.replace(from, to));
    }

    /// Commits the work tree; answers the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.head()
    }

    /// Moves the shop from one version to another, with this share of errors.
    pub fn version(&self, from: &str, to: &str, errors: &str) -> String {
        self.replace("web/rollout.yaml", &format!("example/web:{from}"), &format!("example/web:{to}"));
        let text = self.read("web/rollout.yaml");
        let key = "metrics.switchback.dev/errors: \"";
        let (before, rest) = text.split_once(key).unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        self.write("web/rollout.yaml", &format!("{before}{key}{errors}\"{after}"));
        self.commit(&format!("web: {to}"))
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn git(&self, words: &[&str]) -> String {
        git(&self.path, words)
    }
}

/// What git prints in `folder`, run with nobody's configuration; it has to succeed.
pub fn git(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    let output = command
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"])
        .args(words)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
