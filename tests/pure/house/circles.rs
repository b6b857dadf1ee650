//! Decides that no files need each other in a circle, except a few that are listed with their reasons.
//! It never looks between floors, where circles cannot be, nor at a map, which needs nothing itself.

use super::names::{House, Path, Room};
use std::collections::{BTreeMap, BTreeSet};

/// The most circles that may be listed.
const MOST_CIRCLES: usize = 5;

/// The circles that may be: their files below `src`, and why. There is none, and it should stay so.
const ALLOWED: &[(&[&str], &str)] = &[];

type Arrows = BTreeMap<Path, BTreeSet<Path>>;

/// What one file needs.
fn needs(house: &House, at: &Path, room: &Room) -> BTreeSet<Path> {
    let is_map = room.file.ends_with("/mod.rs") || room.file.ends_with("/lib.rs");
    if is_map && !room.defines {
        return BTreeSet::new();
    }
    let named = room.uses.iter().filter(|u| !(is_map && u.public)).map(|u| &u.path).chain(&room.paths);
    named.filter_map(|path| house.leads_to(at, path)).filter(|found| found != at).collect()
}

fn arrows(house: &House) -> Arrows {
    house.rooms.iter().map(|(at, room)| (at.clone(), needs(house, at, room))).collect()
}

/// Everything that `from` needs, directly or not.
fn reach(arrows: &Arrows, from: &Path) -> BTreeSet<Path> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        for next in arrows.get(at).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found
}

/// The largest sets of more than one file in which each needs each.
fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<Path>> {
    let reached: BTreeMap<&Path, BTreeSet<Path>> = arrows.keys().map(|at| (at, reach(arrows, at))).collect();
    let mutual = |a: &Path, b: &Path| reached.get(a).is_some_and(|r| r.contains(b));
    let of =
        |a: &Path| arrows.keys().filter(|b| mutual(a, b) && mutual(b, a)).cloned().collect::<BTreeSet<_>>();
    arrows.keys().map(of).filter(|circle| circle.len() > 1).collect()
}

/// What ties a circle together.
fn told(house: &House, arrows: &Arrows, circle: &BTreeSet<Path>) -> String {
    let file = |at: &Path| house.rooms.get(at).map_or("", |room| room.file.as_str());
    let mut lines: Vec<String> = circle.iter().map(|at| format!("  {}", file(at))).collect();
    for at in circle {
        for next in arrows.get(at).into_iter().flatten().filter(|next| circle.contains(*next)) {
            lines.push(format!("  {} -> {}", file(at), file(next)));
        }
    }
    lines.join("\n")
}

#[test]
fn no_files_need_each_other_in_a_circle() {
    let house = House::read(&super::source::files(&["src"]));
    let arrows = arrows(&house);
    let found = circles(&arrows);
    let files = |circle: &BTreeSet<Path>| -> BTreeSet<String> {
        circle.iter().filter_map(|at| house.rooms.get(at)).map(|room| room.file.clone()).collect()
    };
    let listed: Vec<BTreeSet<String>> =
        ALLOWED.iter().map(|(circle, _)| circle.iter().map(|file| format!("src/{file}")).collect()).collect();
    let mut wrong: Vec<String> = found
        .iter()
        .filter(|circle| !listed.contains(&files(circle)))
        .map(|circle| format!("a circle of {} files:\n{}", circle.len(), told(&house, &arrows, circle)))
        .collect();
    let is_there = |circle: &BTreeSet<String>| found.iter().any(|f| files(f) == *circle);
    for circle in listed.iter().filter(|circle| !is_there(circle)) {
        wrong.push(format!("a circle is listed and is not there any more: {circle:?}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ALLOWED.iter().all(|(_, reason)| !reason.is_empty()), "each circle that may be has a reason");
}

#[test]
fn the_list_of_circles_stays_short() {
    assert!(ALLOWED.len() <= MOST_CIRCLES, "{} circles are listed, more than {MOST_CIRCLES}", ALLOWED.len());
}

#[test]
fn circles_are_found() {
    let files = [
        ("src/engine/mod.rs", "mod a;\nmod b;\nmod c;\nmod d;\npub use c::C;"),
        ("src/engine/a.rs", "use super::b::B;"),
        ("src/engine/b.rs", "use crate::engine::C;"),
        ("src/engine/c.rs", "fn c() { crate::engine::{a}; crate::engine::a::go() }"),
        ("src/engine/d.rs", "use super::a;\n#[cfg(test)]\nmod tests { use super::super::a; }"),
    ];
    let house = House::read(&files.map(|(file, text)| (file.to_owned(), text.to_owned())));
    let found = circles(&arrows(&house));
    let names: Vec<String> = found.iter().flatten().map(|path| path.join("::")).collect();
    assert_eq!(names, ["engine::a", "engine::b", "engine::c"]);
}
