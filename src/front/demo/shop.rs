//! Decides what the demo's repository holds and what its people commit.
//! It never touches the cluster.

use crate::front::exit::Failure;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The files of `examples/shop`, by path.
const FILES: &[(&str, &str)] = &[
    ("namespace.yaml", include_str!("../../../examples/shop/namespace.yaml")),
    ("web/analysis.yaml", include_str!("../../../examples/shop/web/analysis.yaml")),
    ("web/config.yaml", include_str!("../../../examples/shop/web/config.yaml")),
    ("web/rollout.yaml", include_str!("../../../examples/shop/web/rollout.yaml")),
    ("web/services.yaml", include_str!("../../../examples/shop/web/services.yaml")),
];

/// The shop's repository.
pub(crate) struct Shop {
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// How long the shop's Rollout pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pace {
    /// Long enough to watch.
    Normal,
    /// As short as may be.
    Fast,
}

impl Shop {
    /// Creates the repository in `path` with its first commit.
    ///
    /// # Errors
    /// The folder is not empty, cannot be written, or there is no git.
    pub(crate) async fn create(path: PathBuf, pace: Pace) -> Result<Self, Failure> {
        let taken = std::fs::read_dir(&path).is_ok_and(|mut d| d.next().is_some());
        if taken {
            let text = format!("{} is not empty; name another --dir", path.display());
            return Err(Failure::usage(text));
        }
        let shop = Self { path };
        for (name, text) in FILES {
            let text = if pace == Pace::Fast {
                text.replace("duration: 2s", "duration: 1s").replace("count: 3", "count: 2")
            } else {
                (*text).to_owned()
            };
            shop.write(name, &text)?;
        }
        shop.git(&["init", "--quiet", "--initial-branch=main"]).await?;
        shop.commit("Ada", "shop: first version").await?;
        Ok(shop)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let file = self.path.join(name);
        let folder = file.parent().unwrap_or(Path::new("."));
        let done = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, text));
        done.map_err(|e| Failure::usage(format!("{} cannot be written: {e}", file.display())))
    }

    /// The text of a file in the work tree.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn read(&self, name: &str) -> Result<String, Failure> {
        let file = self.path.join(name);
        std::fs::read_to_string(&file)
            .map_err(|e| Failure::usage(format!("{} cannot be read: {e}", file.display())))
    }

    /// Replaces words in a file of the work tree.
    ///
    /// # Errors
    /// The words are not there, or the file cannot be written.
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) -> Result<(), Failure> {
        let text = self.read(name)?;
        if !text.contains(from) {
            return Err(Failure::usage(format!("{name} does not hold {from:?}; was it changed by hand?")));
        }
        self.write(name, &text.replace(from, to))
    }

    /// Commits the work tree; answers the commit's id.
    ///
    /// # Errors
    /// git fails.
    pub(crate) async fn commit(&self, author: &str, message: &str) -> Result<String, Failure> {
        self.git(&["add", "--all"]).await?;
        let name = format!("user.name={author}");
        let mail = format!("user.email={}@example.com", author.to_lowercase());
        self.git(&[
            "-c",
            &name,
            "-c",
            &mail,
            "-c",
            "commit.gpgsign=false",
            "commit",
            "--quiet",
            "-m",
            message,
        ])
        .await?;
        self.git(&["rev-parse", "HEAD"]).await
    }

    /// Runs git in the repository; answers what it prints.
    ///
    /// # Errors
    /// There is no git, or it fails.
    pub(crate) async fn git(&self, words: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.path).args(["-c", "core.hooksPath=/dev/null"]).args(words);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        let output = command
            .output()
            .await
            .map_err(|e| Failure::usage(format!("git cannot be run: {e}; install git and try again")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::usage(format!("git {}: {}", words.join(" "), said.trim())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }
}
