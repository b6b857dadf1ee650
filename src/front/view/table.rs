//! Decides how many Rollouts look side by side: plain columns, as kubectl prints them.
//! It never cuts a column that a program may read.

use crate::api::commit::short;
use crate::front::view::draw::age;
use crate::front::view::picture::Picture;
use jiff::Timestamp;

/// The table at `now`; with `all` the namespace comes first.
#[must_use]
pub(crate) fn rollouts(pictures: &[Picture], all: bool, now: Timestamp) -> String {
    let mut rows = vec![
        [
            "NAMESPACE",
            "NAME",
            "STRATEGY",
            "STATUS",
            "STEP",
            "WEIGHT",
            "READY",
            "UP-TO-DATE",
            "REVISION",
            "COMMIT",
            "AGE",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for p in pictures {
        let step = if p.steps > 0 { format!("{}/{}", p.step, p.steps) } else { "-".to_owned() };
        let weight = if p.strategy == "canary" { format!("{}", p.set_weight) } else { "-".to_owned() };
        rows.push(vec![
            p.namespace.clone(),
            p.name.clone(),
            p.strategy.to_owned(),
            p.phase.to_string(),
            step,
            weight,
            format!("{}/{}", p.replicas.available, p.replicas.desired),
            p.replicas.updated.to_string(),
            p.revision.to_string(),
            p.origin.as_ref().map_or_else(|| "-".to_owned(), |o| short(&o.commit).to_owned()),
            p.created.map(|c| age(c, now)).unwrap_or_default(),
        ]);
    }
    columns(&rows, usize::from(!all))
}

/// Rows from column `from` on, each column as wide as its widest cell.
pub(crate) fn columns(rows: &[Vec<String>], from: usize) -> String {
    let count = rows.first().map_or(0, Vec::len);
    let width = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).skip(from).map(|(cell, w)| format!("{cell:<w$}")).collect();
        cells.join("   ").trim_end().to_owned()
    };
    rows.iter().map(|r| line(r) + "\n").collect()
}
