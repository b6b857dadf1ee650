//! Decides how the picture of one Rollout looks as a tree of lines: the answer first, the next step last.
//! It never asks the cluster for anything.

use crate::api::commit::short;
use crate::api::phase::RolloutPhase;
use crate::api::run::Phase;
use crate::base::duration::human;
use crate::front::screen::{BAD, BUSY, FAINT, GOOD, STRONG, bar, fit, paint};
use crate::front::view::picture::{Origin, Picture, PodPicture, ReplicaSetPicture};
use crate::front::view::runs::{MetricPicture, RunPicture};
use anstyle::Style;
use jiff::Timestamp;

/// Pods shown of one revision at most.
const MOST_PODS: usize = 8;
/// Analyses shown at most.
const MOST_RUNS: usize = 3;
/// Cells of a bar.
const BAR: usize = 20;

/// The style and the symbol of a Rollout's phase.
#[must_use]
pub(crate) fn style_of(phase: &RolloutPhase) -> (Style, &'static str) {
    match phase {
        RolloutPhase::Healthy => (GOOD, "✔"),
        RolloutPhase::Degraded => (BAD, "✗"),
        RolloutPhase::Paused => (BUSY, "⏸"),
        RolloutPhase::Progressing | RolloutPhase::Other(_) => (BUSY, "●"),
    }
}

/// The style and the symbol of an analysis' phase.
fn look_of_run(phase: Phase) -> (Style, &'static str) {
    match phase {
        Phase::Successful => (GOOD, "✔"),
        Phase::Failed | Phase::Error => (BAD, "✗"),
        Phase::Inconclusive => (BUSY, "⏸"),
        Phase::Running | Phase::Pending => (BUSY, "●"),
    }
}

/// The tree at `now`, one line after the other; `namespace` is the one that commands need not name.
#[must_use]
pub(crate) fn tree(picture: &Picture, now: Timestamp, namespace: &str) -> String {
    let mut lines = vec![headline(picture, now)];
    if picture.phase == RolloutPhase::Degraded && !picture.message.is_empty() {
        lines.push(format!("  {}", paint(BAD, &picture.message)));
    }
    if let Some(held) = &picture.held {
        lines.push(format!("  {}", paint(BUSY, &format!("held: {held}"))));
    }
    lines.push(weights(picture));
    let (shown, older): (Vec<&ReplicaSetPicture>, Vec<&ReplicaSetPicture>) =
        picture.replica_sets.iter().partition(|s| {
            s.replicas > 0 || !s.pods.is_empty() || s.revision == picture.revision || !s.roles.is_empty()
        });
    let runs: Vec<&RunPicture> =
        picture.analysis_runs.iter().filter(|r| r.revision == picture.revision).take(MOST_RUNS).collect();
    let branches = shown.len() + runs.len() + usize::from(!older.is_empty());
    let mut branch = 0;
    let mut stem = || {
        branch += 1;
        if branch == branches { ("└─", "   ") } else { ("├─", "│  ") }
    };
    for replica_set in shown {
        let (mark, inner) = stem();
        lines.push(format!("  {} {}", paint(FAINT, mark), replica_set_line(replica_set, now)));
        for line in pod_lines(&replica_set.pods) {
            lines.push(format!("  {} {line}", paint(FAINT, inner)));
        }
    }
    for run in runs {
        lines.push(format!("  {} {}", paint(FAINT, stem().0), run_line(run)));
    }
    if !older.is_empty() {
        let numbers: Vec<String> = older.iter().map(|s| s.revision.to_string()).collect();
        let text = format!("older revisions, scaled to zero: {}", numbers.join(", "));
        lines.push(format!("  {} {}", paint(FAINT, stem().0), paint(FAINT, &text)));
    }
    lines.extend(hint(picture, namespace).map(|h| format!("  {}", paint(FAINT, &h))));
    lines.join("\n")
}

/// How it stands, in words: `paused at step 2/5, pause 2s`.
#[must_use]
pub(crate) fn standing(picture: &Picture) -> String {
    let phase = picture.phase.as_str().to_lowercase();
    match (&picture.phase, &picture.doing) {
        (RolloutPhase::Healthy | RolloutPhase::Degraded, _) => phase,
        (_, Some(step)) => {
            format!("{phase} at step {}/{}, {step}", (picture.step + 1).min(picture.steps), picture.steps)
        }
        (RolloutPhase::Paused, None) => phase,
        (_, None) if picture.message.is_empty() => phase,
        (_, None) => format!("{phase}: {}", picture.message),
    }
}

/// The whole in one line without colour, for where nothing can be redrawn.
#[must_use]
pub(crate) fn line(picture: &Picture) -> String {
    let counts = picture.replicas;
    let weight = match (picture.strategy, picture.set_weight) {
        ("canary", 0..100) => {
            format!("  canary {:>3} % {}", picture.actual_weight, bar(picture.actual_weight, BAR))
        }
        _ => String::new(),
    };
    format!(
        "{}  revision {}{weight}  {}  {}/{} available",
        picture.name,
        picture.revision,
        standing(picture),
        counts.available,
        counts.desired
    )
}

fn headline(picture: &Picture, now: Timestamp) -> String {
    let (style, symbol) = style_of(&picture.phase);
    let state = paint(style, &format!("{symbol} {}", standing(picture)));
    let from = picture.replica_sets.iter().find(|s| s.revision == picture.revision);
    let age = from.and_then(|s| s.created).map(|c| age(c, now)).unwrap_or_default();
    let origin = picture.origin.as_ref().map(|o| format!(" ← {}", origin(o, &age))).unwrap_or_default();
    let name = paint(STRONG, &picture.name);
    let place = paint(FAINT, &format!("{}/{}", picture.namespace, picture.name));
    format!("{name}  {place}  {state}   revision {}{origin}", picture.revision)
}

/// The time since `then`.
#[must_use]
pub(crate) fn age(then: Timestamp, now: Timestamp) -> String {
    human(std::time::Duration::try_from(now.duration_since(then)).unwrap_or_default())
}

fn origin(origin: &Origin, age: &str) -> String {
    let (subject, author) = origin.subject.rsplit_once(" (").unwrap_or((origin.subject.as_str(), ""));
    let author = author.trim_end_matches(')');
    let who: Vec<&str> = [author, age].into_iter().filter(|w| !w.is_empty()).collect();
    format!("{} \"{}\" ({})", short(&origin.commit), fit(subject, 50), who.join(", "))
}

fn weights(picture: &Picture) -> String {
    let counts = picture.replicas;
    let ready = format!("{}/{} pods available", counts.available, counts.desired);
    let percent = picture.actual_weight;
    let next = picture.next.as_ref().map(|n| format!("     next: {n}")).unwrap_or_default();
    if picture.strategy == "blueGreen" {
        let on = picture.replica_sets.iter().find(|s| s.roles.contains(&"active"));
        let on = on.map_or_else(|| "nothing".to_owned(), |s| format!("revision {}", s.revision));
        return format!("  active {on}   {ready}{next}");
    }
    if percent == 100 && picture.set_weight == 100 && picture.phase != RolloutPhase::Progressing {
        return format!("  stable 100 % {}   {ready}", paint(GOOD, &bar(100, BAR)));
    }
    let style = if picture.phase == RolloutPhase::Degraded { BAD } else { BUSY };
    format!(
        "  canary {percent:>3} % {} stable {:>3} %   {ready}{next}",
        paint(style, &bar(percent, BAR)),
        100 - percent
    )
}

fn replica_set_line(replica_set: &ReplicaSetPicture, now: Timestamp) -> String {
    let roles = replica_set.roles.join(", ");
    let style = if replica_set.roles.iter().any(|r| *r == "stable" || *r == "active") { GOOD } else { BUSY };
    let role = if roles.is_empty() { String::new() } else { format!("   {}", paint(style, &roles)) };
    let images: Vec<String> = replica_set.images.iter().map(|i| fit(i, 60)).collect();
    let leaves = replica_set
        .scale_down_at
        .filter(|_| replica_set.replicas > 0)
        .map(|at| format!("   {}", paint(FAINT, &format!("scaled down in {}", age(now, at)))));
    format!(
        "revision {}  {}   {}/{} ready{role}   image {}{}",
        replica_set.revision,
        replica_set.name,
        replica_set.ready,
        replica_set.replicas,
        images.join(", "),
        leaves.unwrap_or_default()
    )
}

fn pod_lines(pods: &[PodPicture]) -> Vec<String> {
    let shown = if pods.len() > MOST_PODS { MOST_PODS - 1 } else { pods.len() };
    let mut lines: Vec<String> = Vec::new();
    for (i, pod) in pods.iter().take(shown).enumerate() {
        let last = i + 1 == pods.len();
        let (style, word) = match (pod.ready, pod.state.as_str()) {
            (true, "running") => (GOOD, "running, ready".to_owned()),
            (_, "running") => (BUSY, "running, not ready".to_owned()),
            (_, "pending" | "terminating" | "succeeded") => (FAINT, pod.state.clone()),
            _ => (BAD, pod.state.clone()),
        };
        let restarts = if pod.restarts > 0 { format!("   restarts {}", pod.restarts) } else { String::new() };
        let mark = paint(FAINT, if last { "└─" } else { "├─" });
        lines.push(format!("{mark} {}  {}{restarts}", pod.name, paint(style, &word)));
    }
    if shown < pods.len() {
        let rest = pods.get(shown..).unwrap_or_default();
        let ready = rest.iter().filter(|p| p.ready).count();
        let text = format!("and {} more, {ready} of them ready", rest.len());
        lines.push(format!("{} {}", paint(FAINT, "└─"), paint(FAINT, &text)));
    }
    lines
}

fn run_line(run: &RunPicture) -> String {
    let (style, symbol) = look_of_run(run.phase);
    let metrics: Vec<String> = run.metrics.iter().map(metric_words).collect();
    let word = paint(style, &format!("{symbol} {}", run.phase.word().to_lowercase()));
    format!("analysis {}   {word}   {}", run.name, metrics.join("; "))
}

fn metric_words(metric: &MetricPicture) -> String {
    let of = metric.count.map(|n| format!("/{n}")).unwrap_or_default();
    let mut words = format!("{}{of} ok", metric.successful);
    if metric.failed > 0 {
        words.push_str(&format!(", {} failed", metric.failed));
    }
    if metric.error > 0 {
        words.push_str(&format!(", {} not measured", metric.error));
    }
    let value = if metric.value.is_empty() { "not measured yet" } else { metric.value.as_str() };
    let wanted = if metric.wanted.is_empty() { String::new() } else { format!(", wanted {}", metric.wanted) };
    format!("{words}   {} {}{wanted}", metric.name, fit(value, 60))
}

/// Commands that come next.
fn hint(picture: &Picture, namespace: &str) -> Option<String> {
    let place =
        if picture.namespace == namespace { String::new() } else { format!(" -n {}", picture.namespace) };
    let verbs: &[&str] = match &picture.phase {
        RolloutPhase::Paused => &["promote", "abort"],
        RolloutPhase::Progressing if picture.replica_sets.len() > 1 => &["abort"],
        RolloutPhase::Degraded if picture.aborted => &["retry", "undo"],
        _ => return None,
    };
    let words: Vec<String> =
        verbs.iter().map(|v| format!("switchback {v} {}{place}", picture.name)).collect();
    Some(words.join(" · "))
}
