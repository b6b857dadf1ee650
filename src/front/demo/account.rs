//! Decides what is printed at the end of the demo: what happened, what Git says of it, what to try next.
//! It never decides whether an act was seen.

use crate::api::commit::short;
use crate::front::demo::stage::Stage;
use crate::front::exit::Failure;
use crate::front::screen::{FAINT, STRONG, paint, say};

/// Prints what happened.
///
/// # Errors
/// git fails.
pub(crate) async fn account(stage: &Stage) -> Result<(), Failure> {
    say(&format!("\n{}", paint(STRONG, "What happened")));
    let name = |i: usize| stage.commits.get(i).map_or("", |c| short(c)).to_owned();
    say(&format!("  {}  deployed at once, as the first version of something is", name(0)));
    say(&format!("  {}  climbed 20 % {} analysis {} 60 % {} 100 %", name(1), "→", "→", "→"));
    say(&format!("  {}  failed its analysis at 20 %: the canary went to zero first,", name(2)));
    say(&format!("  {}  then this commit took it back in Git, ConfigMap included", name(3)));
    say(&format!("\n{}", paint(FAINT, "$ git log --oneline --graph")));
    say(&stage.shop.git(&["log", "--oneline", "--graph"]).await?);
    say(&format!("\n{}", paint(FAINT, "$ git log -1")));
    say(&stage.shop.git(&["log", "-1", "--format=%B"]).await?);
    say(&format!("\n{}", paint(STRONG, "Try next")));
    say("  switchback demo --keep                        and look around with kubectl");
    say("  switchback run --repo PATH --sandbox          your own manifests on an embedded cluster");
    say("  switchback plan --repo PATH                   what would change in your cluster");
    Ok(())
}
