//! Decides the words of a revert commit, so that git, people and we ourselves read it.
//! It never makes the commit.

use crate::logic::revert::select::{Extent, Pick};
use crate::logic::revert::{PendingRevert, RevertReason};

/// Key of the trailer that names the Rollout.
pub(crate) const ROLLOUT: &str = "Switchback-Rollout";
/// Key of the trailer that names the revision.
pub(crate) const REVISION: &str = "Switchback-Revision";
/// Key of the trailer that says why.
pub(crate) const VERDICT: &str = "Switchback-Verdict";

/// The message of the commit that reverts `picks` (newest first) for `pending`.
#[must_use]
pub fn compose(picks: &[Pick], pending: &[PendingRevert]) -> String {
    let subject = match picks {
        [] => "Revert".to_owned(),
        [one] => format!("Revert \"{}\"", one.commit.subject()),
        [newest, older @ ..] => format!("Revert \"{}\" and {} more", newest.commit.subject(), older.len()),
    };
    let mut text = format!("{subject}\n\n");
    for pick in picks {
        text.push_str(&reverts(pick));
        if picks.len() > 1 {
            text.push_str(&format!("  {}\n", pick.commit.subject()));
        }
    }
    for one in pending {
        text.push_str(&format!("\n{}\n", wrap(&sentence(one))));
    }
    text.push('\n');
    for one in pending {
        text.push_str(&format!("{ROLLOUT}: {}\n", one.rollout.object_name()));
        text.push_str(&format!("{REVISION}: {}\n", one.revision));
        text.push_str(&format!("{VERDICT}: {}\n", one_line(&one.verdict)));
    }
    text
}

/// What is said of one commit: git's own words for a whole one, others for a part, which git would not mean.
fn reverts(pick: &Pick) -> String {
    let id = &pick.commit.id;
    match (&pick.extent, pick.commit.parents.as_slice()) {
        (Extent::Whole, [first, _, ..]) => {
            format!("This reverts commit {id}, reversing\nchanges made to {first}.\n")
        }
        (Extent::Whole, _) => format!("This reverts commit {id}.\n"),
        (Extent::Part { keys, .. }, _) => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let what = wrap(&format!("Only: {}.", keys.join(", ")));
            format!("This reverts a part of commit {id}.\n{what}\n")
        }
    }
}

fn sentence(pending: &PendingRevert) -> String {
    let name = pending.rollout.object_name();
    let at = pending.reached.map(|reached| format!(" at {reached}")).unwrap_or_default();
    match pending.reason {
        RevertReason::Undo => {
            format!("Revision {} of rollout {name} was {}.", pending.revision, one_line(&pending.verdict))
        }
        _ => format!("Rollout {name} failed{at}: {}.", one_line(&pending.verdict)),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Breaks lines at 72 columns, as commit messages are read.
fn wrap(text: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 72 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}
