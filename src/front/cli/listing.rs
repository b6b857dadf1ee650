//! Decides how many objects of a kind are listed: which of them, once or for as long as they are watched, as a table, as
//! data or by their names. It never changes anything.

use crate::api::delivery::{self, Delivery};
use crate::api::names;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::engine::setup::{AccessError, Client};
use crate::front::cli::flags::Common;
use crate::front::cli::output::Output;
use crate::front::cli::{print, setup};
use crate::front::exit::Failure;
use crate::front::screen::{Live, is_live, symbols, width};
use crate::front::view::analyses::RUNS;
use crate::front::view::deliveries::DELIVERIES;
use crate::front::view::follow::Following;
use crate::front::view::picture::Picture;
use crate::front::view::runs;
use crate::front::view::table::{Layout, Wanted};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Which objects of a kind are listed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// Those of all namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Only the one of this name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Whether what changes is listed, too.
#[derive(Clone, Debug, Args)]
pub(crate) struct Watching {
    /// Go on showing what changes.
    #[arg(short, long)]
    watch: bool,
    /// Begin each line with the time at which it was so; what changes is a new line then.
    #[arg(long)]
    timestamps: bool,
}

/// Where the objects are that are listed, and how they are written.
pub(crate) struct Listing<'a> {
    cluster: &'a Client,
    which: &'a Which,
    namespace: Option<String>,
    output: Option<Output>,
}

impl<'a> Listing<'a> {
    /// The objects of `cluster` that `which` names, written as the flags say.
    #[must_use]
    pub(crate) fn new(common: &Common, cluster: &'a Client, which: &'a Which) -> Self {
        let namespace = Some(setup::present_namespace(common, cluster)).filter(|_| !which.all_namespaces);
        Self { cluster, which, namespace, output: common.output }
    }

    fn is_meant(&self, name: &str) -> bool {
        self.which.name.as_deref().is_none_or(|wanted| wanted == name)
    }

    fn wanted(&self, timestamps: bool) -> Wanted {
        Wanted {
            namespaces: self.namespace.is_none(),
            timestamps,
            wide: self.output == Some(Output::Wide),
            cells: is_live().then(width),
        }
    }

    /// The objects of a kind, as the cluster holds them.
    async fn found(&self, version: &str, kind: &str) -> Result<Vec<Value>, AccessError> {
        let served = self.cluster.kind(version, kind).await?;
        let found = match self.cluster.list(&served, self.namespace.as_deref(), "").await {
            Err(e) if e.is_missing() => {
                return Err(AccessError::no_kind(Target::new(version, kind, "", "")));
            }
            other => other?,
        };
        let name = |o: &Value| o.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
        Ok(found.into_iter().filter(|o| name(o).is_some_and(|name| self.is_meant(&name))).collect())
    }

    /// Lists `rows` once; `word` is what people call many of them, and `data` what programs get.
    fn once<T>(
        &self,
        layout: &Layout<T>,
        rows: &[T],
        word: &str,
        (data, targets): (Value, &[Target]),
        timestamps: bool,
    ) -> Result<(), Failure> {
        match self.output {
            Some(Output::Data(format)) => return print::value(&data, format),
            Some(Output::Name) => targets.iter().for_each(print::name),
            _ if rows.is_empty() => {
                let named = self.which.name.as_ref().map(|n| format!(" called {n}")).unwrap_or_default();
                let place = self.namespace.as_ref().map_or_else(
                    || "in the cluster".to_owned(),
                    |namespace| format!("in namespace {namespace}"),
                );
                anstream::eprintln!("no {word}{named} {place}");
            }
            _ => print!("{}", symbols(&layout.draw(rows, self.wanted(timestamps), Clock::Real.now()))),
        }
        Ok(())
    }

    /// Lists Rollouts in the columns of `layout`, once or as they are watched.
    ///
    /// # Errors
    /// The cluster refuses or is away, or standard output is closed.
    pub(crate) async fn rollouts(
        &self,
        layout: &Layout<Picture>,
        watching: &Watching,
    ) -> Result<ExitCode, Failure> {
        if watching.watch {
            return self.watched_rollouts(layout, watching).await;
        }
        let found = self.found(names::ARGO, "Rollout").await?;
        let now = Clock::Real.now();
        let pictures: Vec<Picture> = found.iter().map(|r| Picture::of(r, &[], &[], &[], now)).collect();
        let targets: Vec<Target> = pictures.iter().map(target).collect();
        let data = json!({"rollouts": print::as_data(&pictures)});
        self.once(layout, &pictures, "Rollouts", (data, &targets), watching.timestamps)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Lists Deliveries.
    ///
    /// # Errors
    /// The cluster refuses or is away.
    pub(crate) async fn deliveries(&self) -> Result<ExitCode, Failure> {
        let found = self.found(delivery::VERSION, delivery::KIND).await?;
        let data = json!({"deliveries": &found});
        let read: Vec<Delivery> = found.into_iter().filter_map(|d| serde_json::from_value(d).ok()).collect();
        let meta = read.iter().map(|d| &d.metadata);
        let targets: Vec<Target> =
            meta.map(|m| Target::new(delivery::VERSION, delivery::KIND, &m.namespace, &m.name)).collect();
        self.once(DELIVERIES, &read, "Deliveries", (data, &targets), false)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Lists AnalysisRuns.
    ///
    /// # Errors
    /// The cluster refuses or is away.
    pub(crate) async fn runs(&self) -> Result<ExitCode, Failure> {
        let found = self.found(names::ARGO, "AnalysisRun").await?;
        let data = json!({"analysisRuns": &found});
        let read = found.into_iter().filter_map(|r| serde_json::from_value(r).ok());
        let read: Vec<runs::RunPicture> = read.map(|run| runs::picture(&run)).collect();
        let target = |r: &runs::RunPicture| Target::new(names::ARGO, "AnalysisRun", &r.namespace, &r.name);
        let targets: Vec<Target> = read.iter().map(target).collect();
        self.once(RUNS, &read, "AnalysisRuns", (data, &targets), false)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Lists Rollouts, and again whenever one of them changes.
    async fn watched_rollouts(
        &self,
        layout: &Layout<Picture>,
        watching: &Watching,
    ) -> Result<ExitCode, Failure> {
        let mut following = Following::start(self.cluster, self.namespace.as_deref(), false);
        let mut live = Live::default();
        let mut last: Vec<Picture> = Vec::new();
        let mut heads = 0;
        loop {
            following.changed().await?;
            let now = Clock::Real.now();
            let mut pictures = following.rollouts(now);
            pictures.retain(|picture| self.is_meant(&picture.name));
            if pictures == last {
                continue;
            }
            let new = || pictures.iter().filter(|p| !last.contains(p)).cloned().collect::<Vec<_>>();
            let wanted = self.wanted(watching.timestamps);
            match self.output {
                Some(Output::Data(format)) => {
                    print::document(&json!({"rollouts": print::as_data(&pictures)}), format)?;
                }
                Some(Output::Name) => new().iter().for_each(|picture| print::name(&target(picture))),
                _ if is_live() && !watching.timestamps => live
                    .draw(&layout.draw(&pictures, wanted, now))
                    .map_err(|e| Failure::usage(e.to_string()))?,
                _ => {
                    let text = layout.draw(&new(), wanted, now);
                    text.lines().skip(heads).for_each(|line| println!("{}", symbols(line)));
                    heads = 1;
                }
            }
            last = pictures;
        }
    }
}

/// What a Rollout that is shown is called.
#[must_use]
pub(crate) fn target(picture: &Picture) -> Target {
    Target::new(names::ARGO, "Rollout", &picture.namespace, &picture.name)
}
