//! Measures what the program needs for the work that `rollouts`, `folders`, `large` and `history` describe, on a cluster of
//! its own or on one it is given; prints one JSON line. It asserts nothing about time: only ratios beside another run count.
//!
//! `cargo bench --bench climb -- rollouts --count 500 [--kubeconfig FILE]`

mod child;
mod folders;
mod history;
mod large;
mod rollouts;

use child::{Child, Fault};
use clap::{Parser, ValueEnum};
use serde_json::json;
use std::path::PathBuf;

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Rollouts created until Healthy, then an image change until Healthy.
    Rollouts,
    /// Folders of four objects in Git applied, then one field changed in every ConfigMap.
    Folders,
    /// One repository of so many manifests: one file changed, and fields that somebody else changes.
    Large,
    /// One repository of so many commits: a revision fails whose good commit is near, and one where it is far back.
    History,
}

#[derive(Parser)]
struct Arguments {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
    /// How many Rollouts, folders, manifests or commits.
    #[arg(long, default_value_t = 500)]
    count: usize,
    /// Pods of each Rollout.
    #[arg(long, default_value_t = 2)]
    replicas: usize,
    /// The cluster; an embedded one otherwise.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Seconds of rest to measure at the end.
    #[arg(long, default_value_t = 10)]
    rest: u64,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let cluster = if arguments.kubeconfig.is_some() { "given" } else { "embedded" };
    let (kubeconfig, _sandbox) = match &arguments.kubeconfig {
        Some(file) => (file.clone(), None),
        None => {
            let file = folder.path().join("kubeconfig");
            let path = file.display().to_string();
            let words = ["sandbox", "--ready-after", "0s", "--kubeconfig-out", &path];
            let child = Child::start(&words, None)?;
            while !file.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            (file, Some(child))
        }
    };
    child::run(&["install-crds", "--kubeconfig", &kubeconfig.display().to_string()])?;
    let mut found = match arguments.what {
        What::Rollouts => {
            rollouts::measure(&kubeconfig, arguments.count, arguments.replicas, arguments.rest).await?
        }
        What::Folders => {
            folders::measure(&kubeconfig, folder.path(), arguments.count, arguments.rest).await?
        }
        What::Large => large::measure(&kubeconfig, folder.path(), arguments.count, arguments.rest).await?,
        What::History => history::measure(&kubeconfig, folder.path(), arguments.count).await?,
    };
    if let Some(map) = found.as_object_mut() {
        map.insert("cluster".to_owned(), json!(cluster));
    }
    println!("{found}");
    Ok(())
}
