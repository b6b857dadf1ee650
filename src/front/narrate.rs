//! Decides in which words people are notified of what an engine does.
//! It never decides what it does.

use crate::api::commit::short;
use crate::api::notice::Notice;
use crate::front::screen::{BAD, BUSY, FAINT, GOOD, STRONG, paint};

/// One line about what happened; none for what is reported elsewhere.
#[must_use]
pub(crate) fn line(notice: &Notice) -> Option<String> {
    match notice {
        Notice::Head { commit, subject, .. } => {
            Some(format!("{} {} \"{subject}\"", paint(FAINT, "commit  "), paint(STRONG, short(commit))))
        }
        Notice::Skipped { text, .. } => Some(format!("{} {text}", paint(FAINT, "skipped "))),
        Notice::Synced { commit, counts: (0, 0, 0) } => {
            Some(format!("{} {}, the cluster is as Git says", paint(GOOD, "in sync "), short(commit)))
        }
        Notice::Synced { commit, counts: (created, changed, pruned) } => Some(format!(
            "{} {}: {created} created, {changed} changed, {pruned} pruned",
            paint(GOOD, "applied "),
            short(commit)
        )),
        Notice::Waiting { text } => Some(block(&paint(FAINT, "waiting "), text)),
        Notice::Problem { text, .. } => Some(block(&paint(BAD, "problem "), text)),
        Notice::Reverted { commit, reverts, rollouts, verdict, pushed } => Some(format!(
            "{} {} by {}{}: {} {verdict}",
            paint(STRONG, "reverted"),
            reverts.iter().map(|c| short(c)).collect::<Vec<_>>().join(", "),
            short(commit),
            if *pushed { ", pushed" } else { ", not pushed yet" },
            rollouts.join(", "),
        )),
        Notice::Event { about, event } => {
            let quiet =
                ["RolloutAddedToInformer", "RolloutNotCompleted", "NewReplicaSetCreated", "RevertedInGit"];
            if quiet.contains(&event.reason.as_str()) {
                return None;
            }
            let style = if event.warning { BAD } else { BUSY };
            let name = about.split_once(' ').map_or(about.as_str(), |(_, name)| name);
            Some(format!("{} {name}: {}", paint(style, "        "), event.message))
        }
    }
}

/// Lines under each other, the first after a word.
fn block(word: &str, text: &str) -> String {
    format!("{word} {}", text.lines().collect::<Vec<_>>().join("\n         "))
}
