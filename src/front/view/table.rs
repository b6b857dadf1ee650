//! Decides how many objects look side by side: which columns they have, plain as kubectl prints them.
//! It never cuts a column that a program may read.

use crate::api::commit::short;
use crate::front::screen::fit;
use crate::front::view::draw::age;
use crate::front::view::picture::{ContainerPicture, Picture};
use console::truncate_str;
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

/// How many blanks stand between two columns; fewer where a terminal is narrow.
const GAPS: [usize; 3] = [3, 2, 1];
/// A column is not cut to fewer cells.
const LEAST: usize = 8;

/// One column: its head, and what stands below it at a time.
pub(crate) struct Column<T: 'static>(pub(crate) &'static str, pub(crate) fn(&T, Timestamp) -> String);

/// The columns of a table.
pub(crate) struct Layout<T: 'static> {
    /// The column that comes first where objects of several namespaces are shown.
    pub(crate) namespace: Column<T>,
    /// Those that are always there.
    pub(crate) usual: &'static [Column<T>],
    /// Those that a wide table has besides.
    pub(crate) wide: &'static [Column<T>],
}

/// What of a table is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// Whether objects of several namespaces are shown.
    pub(crate) namespaces: bool,
    /// Whether each line begins with the time at which it was so.
    pub(crate) timestamps: bool,
    /// Whether there are more columns.
    pub(crate) wide: bool,
    /// Cells there are, where a terminal has no more.
    pub(crate) cells: Option<usize>,
}

impl<T> Layout<T> {
    /// The table at `now`, heads first.
    #[must_use]
    pub(crate) fn draw(&self, rows: &[T], wanted: Wanted, now: Timestamp) -> String {
        let more = if wanted.wide { self.wide } else { &[] };
        let more = more.iter().filter(|m| !self.usual.iter().any(|u| u.0 == m.0));
        let stamp = Column("TIMESTAMP", |_, now| format!("{now:.0}"));
        let columns = wanted.timestamps.then_some(&stamp).into_iter();
        let columns = columns.chain(wanted.namespaces.then_some(&self.namespace));
        let columns: Vec<&Column<T>> = columns.chain(self.usual).chain(more).collect();
        let heads = columns.iter().map(|c| c.0.to_owned()).collect();
        let mut lines: Vec<Vec<String>> = vec![heads];
        lines.extend(rows.iter().map(|row| columns.iter().map(|c| c.1(row, now)).collect()));
        aligned(&lines, wanted.cells)
    }
}

/// Lines of columns, each as wide as its widest cell; where that is more than `most`, they stand closer, then the widest
/// are cut in the middle, and what still has no room is left out.
fn aligned(lines: &[Vec<String>], most: Option<usize>) -> String {
    let count = lines.first().map_or(0, Vec::len);
    let width = |i: usize| lines.iter().filter_map(|l| l.get(i)).map(|c| c.width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..count).map(width).collect();
    let between = count.saturating_sub(1);
    let cells = widths.iter().sum::<usize>();
    let fits = |gap: &usize| most.is_none_or(|most| cells + gap * between <= most);
    let gap = GAPS.into_iter().find(fits).unwrap_or(1);
    let gaps = gap * between;
    while let Some(over) = most.and_then(|most| (widths.iter().sum::<usize>() + gaps).checked_sub(most + 1)) {
        let widest = widths.iter().max().copied().unwrap_or(0);
        let next = widths.iter().filter(|w| **w < widest).max().copied().unwrap_or(0);
        let cut = widest.saturating_sub(over + 1).max(next.saturating_sub(1)).max(LEAST);
        let Some(column) = widths.iter_mut().find(|w| **w == widest && cut < widest) else { break };
        *column = cut;
    }
    let line = |line: &Vec<String>| {
        let cell = |(cell, width): (&String, &usize)| {
            let cell = fit(cell, *width);
            let blank = " ".repeat(width.saturating_sub(cell.width()));
            cell + &blank
        };
        let cells: Vec<String> = line.iter().zip(&widths).map(cell).collect();
        let line = cells.join(&" ".repeat(gap));
        let line = line.trim_end();
        most.map_or_else(|| line.to_owned(), |most| truncate_str(line, most, "…").into_owned()) + "\n"
    };
    lines.iter().map(line).collect()
}

fn step(picture: &Picture, _: Timestamp) -> String {
    if picture.steps > 0 { format!("{}/{}", picture.step, picture.steps) } else { "-".to_owned() }
}

fn weight(picture: &Picture, _: Timestamp) -> String {
    if picture.strategy == "canary" { picture.set_weight.to_string() } else { "-".to_owned() }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-" } else { text }.to_owned()
}

fn containers(picture: &Picture, what: impl Fn(&ContainerPicture) -> &str) -> String {
    or_dash(&picture.containers.iter().map(what).collect::<Vec<_>>().join(","))
}

const NAMESPACE: Column<Picture> = Column("NAMESPACE", |p, _| p.namespace.clone());
const NAME: Column<Picture> = Column("NAME", |p, _| p.name.clone());
const STATUS: Column<Picture> = Column("STATUS", |p, _| p.phase.to_string());
const STEP: Column<Picture> = Column("STEP", step);
const UP_TO_DATE: Column<Picture> = Column("UP-TO-DATE", |p, _| p.replicas.updated.to_string());
const REVISION: Column<Picture> = Column("REVISION", |p, _| p.revision.to_string());
const COMMIT: Column<Picture> = Column("COMMIT", |p, _| {
    p.origin.as_ref().map_or_else(|| "-".to_owned(), |o| short(&o.commit).to_owned())
});
const AGE: Column<Picture> = Column("AGE", |p, now| p.created.map(|c| age(c, now)).unwrap_or_default());

const WIDE: &[Column<Picture>] = &[
    REVISION,
    COMMIT,
    AGE,
    Column("STABLE", |p, _| or_dash(&p.stable_hash)),
    Column("CURRENT", |p, _| or_dash(&p.current_hash)),
    Column("CONTAINERS", |p, _| containers(p, |c| &c.name)),
    Column("IMAGES", |p, _| containers(p, |c| &c.image)),
];

/// Rollouts as `get` shows them.
pub(crate) const ROLLOUTS: &Layout<Picture> = &Layout {
    namespace: NAMESPACE,
    usual: &[
        NAME,
        Column("STRATEGY", |p, _| p.strategy.to_owned()),
        STATUS,
        STEP,
        Column("WEIGHT", weight),
        Column("READY", |p, _| format!("{}/{}", p.replicas.available, p.replicas.desired)),
        UP_TO_DATE,
        REVISION,
        COMMIT,
        AGE,
    ],
    wide: WIDE,
};

/// Rollouts as Argo's plugin lists them (source: pkg/kubectl-argo-rollouts/cmd/list/rollloutinfo.go, newRolloutInfo).
pub(crate) const AS_UPSTREAM: &Layout<Picture> = &Layout {
    namespace: NAMESPACE,
    usual: &[
        NAME,
        Column("STRATEGY", |p, _| if p.strategy == "canary" { "Canary" } else { "BlueGreen" }.to_owned()),
        STATUS,
        Column("STEP", |p, now| if p.is_stepping { step(p, now) } else { "-".to_owned() }),
        Column("SET-WEIGHT", weight),
        Column("READY", |p, _| format!("{}/{}", p.replicas.ready, p.replicas.current)),
        Column("DESIRED", |p, _| p.replicas.desired.to_string()),
        UP_TO_DATE,
        Column("AVAILABLE", |p, _| p.replicas.available.to_string()),
    ],
    wide: WIDE,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_terminal_ends_the_widest_columns_are_cut_and_elsewhere_none() {
        let lines = [["NAME", "IMAGE", "AGE"], ["web", "registry.example/web:v1", "10m"]];
        let lines: Vec<Vec<String>> = lines.iter().map(|l| l.map(str::to_owned).to_vec()).collect();
        let whole = aligned(&lines, None);
        assert!(whole.contains("web    registry.example/web:v1   10m\n"), "{whole}");
        let cut = aligned(&lines, Some(30));
        assert!(cut.contains("web  registry.e…ple/web:v1 10m\n"), "{cut}");
        for most in 1..40 {
            let cut = aligned(&lines, Some(most));
            assert!(cut.lines().all(|l| l.width() <= most), "{most}: {cut}");
        }
        assert_eq!(aligned(&lines, Some(80)), whole);
        let closer = aligned(&lines, Some(34));
        assert!(closer.contains("web   registry.example/web:v1  10m\n"), "{closer}");
    }
}
