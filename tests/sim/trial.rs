//! Decides how often a story is told, and with which trouble: replays, other seeds, and every write once in each way.
//! It never decides what must come of it.

use crate::canonical::{difference, end_state};
use crate::rig::{Sim, simulate};
use crate::story::{blue_green, canary, drift, held, memory, merges, metadata, moved, pieces, versioned};
use crate::trouble::{Plan, Trouble};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The stories that are told many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    Canary,
    Before,
    After,
    Drift,
    Configuration,
    Pull,
    Request,
    Shared,
    InPart,
    Workload,
    Foreign,
    OneOfTwo,
    Provider,
    ByHand,
    Automation,
    Lost,
    Moved,
    Roles,
    Preview,
}

/// What came of one run.
struct Came {
    end: Value,
    digest: String,
    lines: u64,
    begun: u64,
    done: u64,
    crashes: u64,
    checks: BTreeMap<&'static str, u64>,
}

/// Says how much was tried where it is seen even though the test passes.
fn say(line: &str) {
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn tell(story: Story, plan: &Plan) -> Came {
    let sim: Sim = simulate(async {
        match story {
            Story::Canary => canary::tell(plan).await,
            Story::Before => blue_green::tell(plan, "prePromotionAnalysis").await,
            Story::Drift => drift::tell(plan).await,
            Story::After => blue_green::tell(plan, "postPromotionAnalysis").await,
            Story::Configuration => versioned::tell(plan).await,
            Story::Pull => merges::pull(plan).await,
            Story::Request => merges::request(plan).await,
            Story::Shared => pieces::shared_configuration(plan).await,
            Story::InPart => pieces::applied_in_part(plan).await,
            Story::Workload => pieces::workload(plan).await,
            Story::Foreign => pieces::foreign_field(plan).await,
            Story::OneOfTwo => held::one_of_two(plan).await,
            Story::Provider => held::provider_away(plan).await,
            Story::ByHand => memory::resolved_by_hand(plan).await,
            Story::Automation => memory::automation(plan).await,
            Story::Lost => memory::inventory_lost(plan).await,
            Story::Moved => moved::tell(plan).await,
            Story::Roles => metadata::roles(plan).await,
            Story::Preview => metadata::preview(plan).await,
        }
    });
    let ((digest, lines), (begun, done)) = (sim.witness.digest(), sim.meddler.totals());
    let (end, checks) = (end_state(&sim), sim.witness.checks());
    Came { end, digest, lines, begun, done, crashes: sim.crashes, checks }
}

/// Tells the story by every plan; all must come to the same end. Answers what came of each.
fn tell_all(story: Story, what: &str, plans: &[Plan]) -> Vec<Came> {
    let usual = tell(story, &Plan::default());
    let mut came = Vec::new();
    let mut failed = Vec::new();
    for plan in plans {
        let before = failed.len();
        match catch_unwind(AssertUnwindSafe(|| tell(story, plan))) {
            Ok(one) if one.end == usual.end => came.push(one),
            Ok(one) => failed.push(format!("{plan:?} ends otherwise:\n{}", difference(&usual.end, &one.end))),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                failed.push(format!("{plan:?}: {}", text.chars().take(6000).collect::<String>()));
            }
        }
        if failed.len() > before {
            println!("failed: {}", failed[before].chars().take(3000).collect::<String>());
        }
    }
    let checks: u64 = came.iter().flat_map(|c| c.checks.values()).sum();
    let crashes: u64 = came.iter().map(|c| c.crashes).sum();
    let (runs, bad) = (plans.len(), failed.len());
    say(&format!(
        "{story:?}: {runs} runs, {what}; {crashes} crashes, {checks} checks of invariants, {bad} runs failed"
    ));
    assert!(failed.is_empty(), "{bad} of {runs} failed\n{}", failed[..bad.min(1)].join("\n\n"));
    came
}

/// The blue-green story with the analysis after the switch, with trouble at some writes only.
#[test]
fn an_analysis_after_the_switch() {
    let usual = tell(Story::After, &Plan::default());
    let some = (1..=usual.done).step_by(9);
    let plans: Vec<Plan> =
        some.map(|i| Plan { seed: i, trouble: Trouble::Crash(i), slowest: 10, ..Plan::default() }).collect();
    tell_all(Story::After, "a crash after every ninth write", &plans);
}

/// Troubles that once broke something, by what they broke.
#[test]
fn known_troubles() {
    // the answer of the status that names a step's analysis is lost: the analysis was stopped and the bad one passed
    let lost: Vec<Plan> = (64..=72).map(|i| Plan { trouble: Trouble::Lost(i), ..Plan::default() }).collect();
    tell_all(Story::Canary, "known troubles", &lost);
}

/// Every write of the story goes wrong once, in one way.
fn every_write(story: Story, what: &str, count: impl Fn(&Came) -> u64, trouble: impl Fn(u64) -> Trouble) {
    let usual = tell(story, &Plan::default());
    let n = count(&usual);
    let plans: Vec<Plan> = (1..=n).map(|i| Plan { trouble: trouble(i), ..Plan::default() }).collect();
    let came = tell_all(story, &format!("{what} each of {n} writes"), &plans);
    // what nobody waits for, and what comes last, may go wrong unseen
    let changed = came.iter().filter(|c| c.digest != usual.digest).count();
    assert!(changed * 2 > came.len(), "only {changed} troubles of {n} showed");
    assert!(trouble(1) != Trouble::Crash(1) || came.iter().all(|c| c.crashes == 1));
}

/// Every fifth write of the story goes wrong: a crash after one, the answer of the next one lost. With
/// `SWITCHBACK_EVERY_WRITE` set, which takes a quarter of an hour, every write does in both ways.
fn some_writes(story: Story) {
    if std::env::var_os("SWITCHBACK_EVERY_WRITE").is_some() {
        every_write(story, "a crash after", |c| c.done, Trouble::Crash);
        return every_write(story, "the answer lost of", |c| c.done, Trouble::Lost);
    }
    let usual = tell(story, &Plan::default());
    let trouble = |i: u64| if i % 10 == 1 { Trouble::Crash(i) } else { Trouble::Lost(i) };
    let some = (1..=usual.done).filter(|i| i % 5 == 1);
    let plans: Vec<Plan> = some.map(|i| Plan { trouble: trouble(i), ..Plan::default() }).collect();
    let came =
        tell_all(story, &format!("a crash or a lost answer at every fifth of {} writes", usual.done), &plans);
    assert!(came.iter().filter(|c| c.digest != usual.digest).count() * 2 > came.len());
}

macro_rules! some_writes {
    ($($name:ident: $story:ident),*) => {$(
        #[test]
        fn $name() {
            some_writes(Story::$story);
        }
    )*};
}

some_writes!(
    a_pull_merge_with_trouble: Pull,
    a_merged_pull_request_with_trouble: Request,
    configuration_that_stable_pods_need_with_trouble: Shared,
    a_commit_applied_in_part_with_trouble: InPart,
    a_referred_workload_with_trouble: Workload,
    a_foreign_field_in_the_template_with_trouble: Foreign,
    one_of_two_rollouts_held_with_trouble: OneOfTwo,
    a_provider_that_is_away_with_trouble: Provider,
    a_refused_push_resolved_by_hand_with_trouble: ByHand,
    automation_that_insists_with_trouble: Automation,
    a_lost_inventory_with_trouble: Lost,
    a_rollout_moved_without_its_pods_with_trouble: Moved,
    pods_labelled_for_their_role_with_trouble: Roles,
    previews_labelled_with_trouble: Preview
);

fn replays(story: Story) {
    let plan = Plan { seed: 11, slowest: 20, ..Plan::default() };
    let came = tell_all(story, "replays of one seed", &vec![plan; 50]);
    let digests: BTreeSet<&String> = came.iter().map(|c| &c.digest).collect();
    say(&format!("{story:?}: {} changes, {} digest {digests:?}", came[0].lines, digests.len()));
    assert_eq!(digests.len(), 1);
}

fn seeds(story: Story) {
    let plans: Vec<Plan> =
        (1..=50).map(|seed| Plan { seed, slowest: 5 * (seed % 40), ..Plan::default() }).collect();
    let came = tell_all(story, "as many seeds", &plans);
    let digests: BTreeSet<&String> = came.iter().map(|c| &c.digest).collect();
    assert_eq!(digests.len(), plans.len(), "seeds change nothing");
}

fn poor_watches(story: Story) {
    let mut plans = Vec::new();
    for lag in [0, 90, 400, 1500] {
        for breaks in [0, 3, 7] {
            plans.push(Plan { seed: lag + breaks, lag, breaks, forgets: breaks > 0, ..Plan::default() });
        }
    }
    plans.push(Plan { trouble: Trouble::NoEvents, ..Plan::default() });
    tell_all(story, "with watches that lag, break and start over, and no Events", &plans);
}

macro_rules! trials {
    ($($module:ident: $story:ident),*) => {$(
        mod $module {
            use super::{Story::$story, Trouble, every_write, poor_watches, replays, seeds};

            #[test]
            fn the_same_seed_gives_the_same_run() {
                replays($story);
            }

            #[test]
            fn other_seeds_come_to_the_same_end() {
                seeds($story);
            }

            #[test]
            fn watches_that_lag_and_break() {
                poor_watches($story);
            }

            #[test]
            fn a_crash_after_any_write() {
                every_write($story, "a crash after", |c| c.done, Trouble::Crash);
            }

            #[test]
            fn a_lost_answer_of_any_write() {
                every_write($story, "the answer lost of", |c| c.done, Trouble::Lost);
            }

            #[test]
            fn any_write_not_done() {
                every_write($story, "not done", |c| c.begun, Trouble::NotDone);
            }
        }
    )*};
}

mod versioned_configuration {
    use super::{Story::Configuration, Trouble, every_write};

    #[test]
    fn a_crash_after_any_write() {
        every_write(Configuration, "a crash after", |c| c.done, Trouble::Crash);
    }

    #[test]
    fn a_lost_answer_of_any_write() {
        every_write(Configuration, "the answer lost of", |c| c.done, Trouble::Lost);
    }
}

trials!(canary_climb: Canary, blue_green_before: Before);

#[test]
fn a_crash_after_any_write_while_others_change_things() {
    every_write(Story::Drift, "a crash after", |c| c.done, Trouble::Crash);
}

#[test]
fn a_lost_answer_of_any_write_while_others_change_things() {
    every_write(Story::Drift, "the answer lost of", |c| c.done, Trouble::Lost);
}
