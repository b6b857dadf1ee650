//! Random histories with one bad template in them: what is left once it went back is what there would be without it, or
//! the Rollout is held because later commits say something else about the same. It never asks a cluster for anything.

use super::graph::{Graph, Step, Unit, number};
use super::model::{ALL, BAD, Edits, Id, Op, Part, State, clash, moves, without};
use crate::api::config_policy::ConfigPolicy;
use crate::api::key::Key;
use crate::api::podhash::same::template_key;
use crate::base::clock::Clock;
use crate::engine::context::Context;
use crate::engine::delivery::error::{DeliverError, Hold};
use crate::engine::delivery::{Source, choose, source, undo};
use crate::engine::setup;
use crate::logic::plan::DriftPolicy;
use crate::logic::revert::{PendingRevert, RevertReason, RollbackOn, Safety};
use crate::world::git::{Author, Mirror, Reverted};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Histories that are tried, unless the environment says another number.
const CASES: u32 = 64;

/// A history, in which `bad` breaks the template of `web` in one commit after the good one.
#[derive(Clone)]
struct History {
    before: Vec<Step>,
    after: Vec<Step>,
    folder: &'static str,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = |steps: &[Step]| steps.iter().map(|s| format!("  {s:?}\n")).collect::<String>();
        write!(f, "in {}\n{}good\n{}", self.folder, steps(&self.before), steps(&self.after))
    }
}

fn op() -> impl Strategy<Value = Op> {
    let id = || prop::sample::select(ALL.to_vec());
    let part = prop::sample::select(vec![Part::Made, Part::Beside, Part::Comment]);
    prop_oneof![
        6 => (id(), part, 1..900_u32).prop_map(|(id, part, value)| Op::Edit(id, part, value)),
        1 => id().prop_map(|id| Op::Rename(id, 0)),
        1 => id().prop_map(|id| Op::Split(id, 0)),
        1 => (id(), id()).prop_map(|(id, to)| Op::Join(id, to)),
        1 => (1..900_u32).prop_map(Op::Readme),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let edits = || prop::collection::vec(op(), 1..=3);
    let commits = || prop::collection::vec(edits(), 1..=2);
    prop_oneof![
        6 => edits().prop_map(Step::Commit),
        2 => (0..3_usize, commits()).prop_map(|(back, commits)| Step::Request { back, commits }),
        2 => (0..3_usize, commits()).prop_map(|(back, commits)| Step::Pull { back, commits }),
    ]
}

fn history() -> impl Strategy<Value = History> {
    let before = prop::collection::vec(step(), 0..3);
    let after = prop::collection::vec(step(), 1..6);
    let folder = prop::sample::select(vec![".", "deploy"]);
    (before, after, any::<prop::sample::Index>(), any::<prop::sample::Index>(), folder).prop_map(
        |(mut before, mut after, at, commit, folder)| {
            let mut commits = at.get_mut(&mut after).commits_mut();
            commit.get_mut(&mut commits).push(Op::Edit(Id::Web, Part::Made, BAD));
            let split = before.len();
            before.append(&mut after);
            number(&mut before);
            let after = before.split_off(split);
            History { before, after, folder }
        },
    )
}

/// What must be left of a history.
struct Expected {
    state: State,
    /// Whether later commits say something else about what goes back.
    clashes: bool,
    /// Whether what goes back has moved files.
    moves: bool,
}

fn expected(good: &State, head: &State, units: &[Unit], is_folder: bool) -> Expected {
    let kept: Vec<Edits> = units.iter().map(|u| without(&u.before, &u.edits, is_folder)).collect();
    let gone =
        |n: usize| -> Edits { units[n].edits.iter().filter(|op| !kept[n].contains(op)).cloned().collect() };
    let later = |n: usize| kept[n + 1..].iter().flatten().chain(&units[n].beside).cloned().collect::<Edits>();
    let gone: Vec<Edits> = (0..units.len()).map(gone).collect();
    let all = units.iter().fold(good.clone(), |state, unit| state.after(&unit.edits));
    Expected {
        state: kept.iter().fold(good.clone(), |state, kept| state.after(kept)),
        // A merge may say something else than both of its sides.
        clashes: all != *head
            || gone.iter().enumerate().any(|(n, gone)| clash(gone, &later(n)) || clash(gone, &kept[n])),
        moves: gone.iter().any(|gone| moves(gone)),
    }
}

fn source(repo: &Path, mirrors: &Path, folder: &str) -> Source {
    let options = crate::world::git::Options::new(&repo.to_string_lossy(), "main", mirrors);
    Source {
        git: Arc::new(Mirror::open(options).unwrap()),
        path: folder.to_owned(),
        branch: "main".to_owned(),
        namespace: "shop".to_owned(),
        home: "shop".to_owned(),
        owner: None,
        seed: None,
        keeps: false,
        name: "shop".to_owned(),
        rollback: true,
        rollback_on: RollbackOn::default(),
        drift: DriftPolicy::default(),
        config: ConfigPolicy::default(),
        author: Author { name: "Switchback".into(), email: "switchback@example.com".into() },
    }
}

/// The files that are left once `web` has gone back to `good`; none when it is held in a conflict.
async fn gone_back(context: &Context, source: &Source, good: &str) -> Option<BTreeMap<String, String>> {
    let head = source.git.fetch().await.unwrap();
    let manifests = source::read(context, source, &head.id).await.unwrap();
    let web = Key::rollout("shop", "web");
    let template = manifests.pod_template(&web).unwrap().clone();
    let pending = PendingRevert {
        rollout: web,
        uid: String::new(),
        revision: 2,
        reason: RevertReason::Analysis,
        reached: None,
        verdict: "it failed".to_owned(),
        run: None,
        stays: None,
        made_by: None,
        policy: None,
        template_key: template_key(&template),
        template: template.into(),
        safety: Safety::Safe,
    };
    let none = BTreeMap::new();
    let choice =
        choose::choose(context, source, &head, &manifests, &pending, Some(good), &none).await.unwrap();
    let picks = match choose::together(source, &[choice]).await {
        Ok(picks) => picks,
        Err(DeliverError::Held(Hold::Inseparable { commit, .. })) => panic!("{commit} is inseparable"),
        Err(error) => panic!("{error}"),
    };
    let commit = match undo::undo(source, &head.id, &picks).await.unwrap() {
        Reverted::Conflict { .. } => return None,
        Reverted::Empty => head.id,
        Reverted::Tree { id, .. } => {
            let now = context.clock.now();
            source.git.commit(&head.id, &id, "a revert", &source.author, now).await.unwrap()
        }
    };
    let files = source.git.files(&commit, ".", |_| true, crate::world::git::nothing_known()).await.unwrap();
    let text = |content: bytes::Bytes| String::from_utf8(content.to_vec()).unwrap();
    Some(files.into_iter().map(|f| (f.path, text(f.content.unwrap()))).collect())
}

fn documents(files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let manifests = files.iter().filter(|(path, _)| path.ends_with(".yaml"));
    manifests.flat_map(|(_, text)| text.split("---\n").filter(|t| !t.is_empty()).map(str::to_owned)).collect()
}

/// Tries a history; whether it was held.
async fn tried(context: &Context, history: &History) -> Result<bool, String> {
    let room = tempfile::tempdir().unwrap();
    let repo = room.path().join("repo.git");
    let mut graph = Graph::new(&repo, history.folder);
    history.before.iter().for_each(|step| graph.step(step));
    let good = graph.last();
    history.after.iter().for_each(|step| graph.step(step));
    let source = source(&repo, &room.path().join("mirrors"), history.folder);
    let found = gone_back(context, &source, &graph.id(good)).await;
    let expected =
        expected(graph.state(good), graph.state(graph.last()), &graph.units(good), history.folder != ".");
    match found {
        None if expected.clashes => Ok(true),
        None => Err("held, although nothing stands in the way".to_owned()),
        Some(files) if expected.clashes && !documents(&files).iter().any(|d| d.contains(":v999")) => {
            Ok(false)
        }
        Some(files) if files == expected.state.render() => Ok(false),
        Some(files) if expected.moves && documents(&files) == expected.state.texts() => Ok(false),
        Some(files) => Err(differences(&expected.state.render(), &files)),
    }
}

fn differences(wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> String {
    let none = String::new();
    let paths: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let mut told = String::new();
    for path in paths {
        let (wanted, found) = (wanted.get(path).unwrap_or(&none), found.get(path).unwrap_or(&none));
        for change in similar::TextDiff::from_lines(wanted, found).iter_all_changes() {
            if change.tag() != similar::ChangeTag::Equal {
                told.push_str(&format!("{path}: {}{change}", change.tag()));
            }
        }
    }
    format!("wanted (-) and left (+):\n{told}")
}

#[test]
fn what_is_left_is_what_there_would_be_without_the_bad_commit() {
    let cases = std::env::var("SWITCHBACK_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 600,
        ..ProptestConfig::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut tasks = JoinSet::new();
    let _inside = runtime.enter();
    let nobody = tower::service_fn(|_: http::Request<kube::client::Body>| async {
        Err::<http::Response<http_body_util::Empty<bytes::Bytes>>, _>(std::io::Error::other("nobody asks"))
    });
    let client = setup::inside(nobody);
    let context = setup::context(client, Clock::Real, None, None, &mut tasks).unwrap();
    let held = std::cell::Cell::new(0);
    proptest!(config, |(history in history())| {
        match runtime.block_on(tried(&context, &history)) {
            Ok(is_held) => held.set(held.get() + u32::from(is_held)),
            Err(why) => return Err(TestCaseError::fail(why)),
        }
    });
    println!("{cases} histories, {} held", held.get());
    assert!(held.get() * 3 < cases, "{} of {cases} were held", held.get());
}
