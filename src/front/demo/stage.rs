//! Decides how the demo is set up, watched and cleared away: embedded cluster, repository, engine, live view.
//! It never decides the course of the story.

use crate::api::config_policy::ConfigPolicy;
use crate::api::notice::Notice;
use crate::base::clock::Clock;
use crate::engine::run::{Settings, run as run_engine};
use crate::engine::setup::{self as engine_setup, Repository};
use crate::front::demo::shop::{Pace, Shop};
use crate::front::demo::story::{Scene, Seen};
use crate::front::embedded::{self, Embedded};
use crate::front::exit::Failure;
use crate::front::narrate;
use crate::front::screen::{FAINT, GOOD, Live, STRONG, is_live, paint, say};
use crate::front::view::draw;
use crate::front::view::picture::Picture;
use crate::logic::plan::DriftPolicy;
use crate::logic::revert::RollbackOn;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Shortest time between two drawings, and longest.
const DRAWINGS: (Duration, Duration) = (Duration::from_millis(80), Duration::from_millis(500));
/// Time in which what belongs to an act is still printed in it.
const LAST_WORDS: Duration = Duration::from_millis(150);
/// Longest time of one act.
const LIMIT: Duration = Duration::from_secs(90);

/// What was shown last of the scene.
#[derive(Default)]
struct View {
    live: Live,
    drawn_at: Option<Instant>,
    line: String,
}

/// The stage of the demo.
pub(crate) struct Stage {
    /// The cluster.
    pub(crate) embedded: Embedded,
    /// The repository.
    pub(crate) shop: Shop,
    /// Commits of the story, oldest first.
    pub(crate) commits: Vec<String>,
    notices: mpsc::UnboundedReceiver<Notice>,
    stop: Option<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
    view: View,
    began: Instant,
    _folder: Option<TempDir>,
}

impl Stage {
    /// Sets the stage in `dir`, or in a temporary folder: starts the cluster, creates the repository, starts the
    /// engine.
    ///
    /// # Errors
    /// A folder or port cannot be used, or there is no git.
    pub(crate) async fn set(dir: Option<&Path>, pace: Pace) -> Result<Self, Failure> {
        let (dir, folder) = folder(dir)?;
        let mut tasks = JoinSet::new();
        let ready_after = if pace == Pace::Fast { 300 } else { 1000 };
        let wanted = embedded::Wanted {
            kubeconfig: Some(dir.join("kubeconfig")),
            ready_after: Duration::from_millis(ready_after),
            ..embedded::Wanted::default()
        };
        let embedded = embedded::start(&wanted, &mut tasks).await?;
        let shop = Shop::create(dir.join("shop"), pace).await?;
        let repository = Repository {
            url: shop.path.to_string_lossy().into_owned(),
            branch: "main".to_owned(),
            name: None,
            path: ".".to_owned(),
            namespace: "default".to_owned(),
            cache: dir.join("mirrors"),
            credentials: engine_setup::GitCredentials::default(),
            rollback: true,
            rollback_on: RollbackOn::default(),
            drift: DriftPolicy::default(),
            config: ConfigPolicy::default(),
            author: ("Switchback".to_owned(), "switchback@example.com".to_owned()),
        };
        let source = engine_setup::repository(&repository)?;
        let (nudge, nudges) = mpsc::channel(16);
        engine_setup::nudge_when_moved(&repository, 0, nudge, &mut tasks).await?;
        let (sender, notices) = mpsc::unbounded_channel();
        let prometheus = Some(embedded.prometheus());
        let cluster = embedded.cluster();
        let context = engine_setup::context(cluster, Clock::Real, Some(sender), prometheus, &mut tasks)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let settings = Settings { sources: vec![source], ..Settings::default() };
        tasks.spawn(async move {
            let stopped = async move { drop(stopped.await) };
            run_engine(context, settings, nudges, stopped).await;
        });
        say(&format!("{} {}", paint(FAINT, "cluster   "), embedded.address));
        say(&format!("{} {}", paint(FAINT, "repository"), shop.path.display()));
        let began = Instant::now();
        let stop = Some(stop);
        let view = View::default();
        Ok(Self { embedded, shop, commits: Vec::new(), notices, stop, tasks, view, began, _folder: folder })
    }

    /// The present scene.
    #[must_use]
    pub(crate) fn scene(&self) -> Scene {
        Scene::of(&self.embedded.sandbox)
    }

    /// Begins an act.
    pub(crate) fn heading(&self, number: &str, title: &str, text: &str) {
        say(&format!("\n{}", paint(STRONG, &format!("Act {number}: {title}"))));
        say(&paint(FAINT, text));
    }

    /// Ends an act that was seen.
    pub(crate) fn passed(&self, text: &str) {
        say(&format!(
            "{} {text}  {}",
            paint(GOOD, "✔"),
            paint(FAINT, &format!("{} s", self.began.elapsed().as_secs()))
        ));
    }

    /// Watches until `over` holds, showing the scene, and answers what was seen on the way from `old` to `new`.
    ///
    /// # Errors
    /// It does not come to pass in time.
    pub(crate) async fn watch(
        &mut self,
        old: &str,
        new: &str,
        over: impl Fn(&Scene, &Seen) -> bool,
    ) -> Result<Seen, Failure> {
        let mut changes = self.embedded.sandbox.subscribe();
        let deadline = Instant::now() + LIMIT;
        let mut seen = Seen::default();
        loop {
            while changes.try_recv().is_ok() {}
            let scene = self.scene();
            seen.take(&scene, old, new);
            let is_over = over(&scene, &seen);
            self.show(&scene, false);
            if is_over {
                tokio::time::sleep(LAST_WORDS).await;
                self.show(&self.scene(), true);
                return Ok(seen);
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(deadline) => {
                    let phase = scene.rollout.pointer("/status").cloned().unwrap_or_default();
                    return Err(Failure::no(format!(
                        "this act was not over within {} s; the Rollout says: {phase}",
                        LIMIT.as_secs()
                    )));
                }
                _ = changes.recv() => {}
                () = tokio::time::sleep(DRAWINGS.1), if is_live() => {}
            }
        }
    }

    /// Prints what the engine has done meanwhile and shows how the Rollout stands: as a tree that is redrawn on a
    /// terminal, elsewhere as a line whenever it changes.
    fn show(&mut self, scene: &Scene, last: bool) {
        let mut lines = Vec::new();
        while let Ok(notice) = self.notices.try_recv() {
            lines.extend(narrate::line(&notice));
        }
        let now = Clock::Real.now();
        let picture = Picture::of(&scene.rollout, &scene.replica_sets, &scene.pods, &scene.runs, now);
        let view = &mut self.view;
        if !is_live() {
            lines.iter().for_each(|line| say(&format!("  {line}")));
            let line = draw::line(&picture);
            if line != view.line && !picture.name.is_empty() {
                say(&format!("  {}", paint(FAINT, &line)));
                view.line = line;
            }
            return;
        }
        let early = view.drawn_at.is_some_and(|at| at.elapsed() < DRAWINGS.0);
        if lines.is_empty() && early && !last {
            return;
        }
        let _closed = view.live.draw("");
        lines.iter().for_each(|line| say(&format!("  {line}")));
        if !picture.name.is_empty() {
            let _closed = view.live.draw(&format!("\n{}\n ", draw::tree(&picture, now, "")));
        }
        view.drawn_at = Some(Instant::now());
        if last {
            view.live.keep();
        }
    }

    /// Stops everything.
    pub(crate) async fn clear(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
        self.tasks.shutdown().await;
    }
}

fn folder(dir: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), Failure> {
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir)
            .map_err(|e| Failure::usage(format!("{} cannot be made: {e}", dir.display())))?;
        return Ok((dir.to_owned(), None));
    }
    let folder = tempfile::Builder::new()
        .prefix("switchback-demo-")
        .tempdir()
        .map_err(|e| Failure::usage(format!("no temporary folder can be made: {e}")))?;
    Ok((folder.path().to_owned(), Some(folder)))
}
