//! Two operators on one cluster: only the one that holds the Lease writes, the other one takes over when it ends, is
//! killed, or can no longer renew it. Neither ever knows of the other but by the Lease.

use crate::rig::{Sim, simulate};
use crate::shop::canary;
use crate::story::canary::release;
use crate::trouble::Plan;
use crate::wire::{Line, Wire};
use std::time::Duration;
use tokio::time::Instant;

/// Two engines, the first of which has applied the first commit.
async fn two(seed: u64) -> Sim {
    let mut sim = Sim::elected(&Plan { seed, slowest: 40, ..Plan::default() }, &canary()).await;
    sim.settles_at("v1").await;
    sim.start_rival();
    sim.wait(20).await;
    assert_eq!((Wire::holder(&sim.sandbox).as_str(), sim.wire(1).writes()), ("one", 0));
    sim
}

/// How long it takes until the second engine holds the Lease.
async fn taken_over(sim: &mut Sim) -> Duration {
    let begin = Instant::now();
    sim.until("the other one takes over", |s| Wire::holder(&s.sandbox) == "two").await;
    begin.elapsed()
}

/// The climb that was under way comes to its end, the second engine brings the next version, and nobody wrote out of
/// turn.
async fn ends_well(sim: &mut Sim) {
    sim.settles_at("v2").await;
    release(sim, "v2", "v3", None);
    sim.settles_at("v3").await;
    assert!(sim.wire(1).writes() > 0, "the second engine has acted");
    let out_of_turn = [sim.wire(0).out_of_turn(), sim.wire(1).out_of_turn()].concat();
    assert!(out_of_turn.is_empty(), "{out_of_turn:#?}");
}

/// A controller of all Rollouts leaves those of a delivery to the process that makes it, and looks after them once that is
/// gone: at once when it has ended, and when its Lease has run out where it was killed.
#[test]
fn a_controller_leaves_a_delivery_to_its_own_process_while_that_lives() {
    for (seed, is_killed) in [(0, false), (1, true)] {
        simulate(async {
            let mut sim = Sim::elected(&Plan { seed, slowest: 40, ..Plan::default() }, &canary()).await;
            sim.settles_at("v1").await;
            sim.start_controller();
            sim.wait(20).await;
            release(&sim, "v1", "v2", None);
            sim.settles_at("v2").await;
            sim.wait(60).await;
            assert_eq!(sim.writes_of_controller(), 0, "the other one acts on it");
            release(&sim, "v2", "v3", None);
            sim.wait(7).await;
            if is_killed {
                sim.stop().await;
            } else {
                sim.terminate().await;
            }
            let begin = Instant::now();
            sim.until("it climbs on", |s| s.is_healthy_at("v3")).await;
            assert!(sim.writes_of_controller() > 0 && begin.elapsed() < Duration::from_secs(120));
        });
    }
}

#[test]
fn the_lease_is_given_back_at_the_end_and_taken_at_once() {
    for seed in 0..3 {
        simulate(async {
            let mut sim = two(seed).await;
            release(&sim, "v1", "v2", None);
            sim.wait(7).await;
            sim.terminate().await;
            let time = taken_over(&mut sim).await;
            assert!(time < Duration::from_secs(3), "it took {time:?}");
            ends_well(&mut sim).await;
        });
    }
}

#[test]
fn a_killed_operator_is_followed_when_its_lease_has_run_out() {
    for seed in 0..3 {
        simulate(async {
            let mut sim = two(seed).await;
            release(&sim, "v1", "v2", None);
            sim.wait(7).await;
            sim.stop().await;
            let time = taken_over(&mut sim).await;
            assert!(time > Duration::from_secs(10) && time < Duration::from_secs(18), "it took {time:?}");
            ends_well(&mut sim).await;
        });
    }
}

#[test]
fn who_cannot_renew_stops_before_another_begins() {
    for seed in 0..3 {
        simulate(async {
            let mut sim = two(seed).await;
            release(&sim, "v1", "v2", None);
            sim.wait(3).await;
            sim.wire(0).is(Line::NoLease);
            let before = sim.wire(0).writes();
            let time = taken_over(&mut sim).await;
            assert!(time > Duration::from_secs(10) && time < Duration::from_secs(18), "it took {time:?}");
            let lost = sim.wire(0).writes();
            assert!(lost >= before);
            sim.wire(0).is(Line::Fine);
            ends_well(&mut sim).await;
            assert_eq!(sim.wire(0).writes(), lost, "it stands by");
            sim.wait(60).await;
            assert_eq!(Wire::holder(&sim.sandbox), "two", "who has it keeps it");
        });
    }
}

#[test]
fn writes_that_were_on_the_way_when_the_lease_was_lost_do_no_harm() {
    for seed in 0..5 {
        for moment in [1, 2, 4, 8, 12] {
            simulate(async {
                let mut sim = two(seed).await;
                release(&sim, "v1", "v2", None);
                sim.wait(moment).await;
                sim.wire(0).is(Line::Stalled);
                taken_over(&mut sim).await;
                sim.wait(5).await;
                sim.wire(0).is(Line::Fine);
                ends_well(&mut sim).await;
            });
        }
    }
}
