//! Decides how a plan is shown to people: one line each, the fields below it, the answer first.
//! It never shows the value of a Secret.

use crate::api::step::Step;
use crate::logic::plan::change::{Action, Change, Plan};
use crate::logic::plan::fields::{changes, comparable, masked};
use crate::logic::plan::prune::PruneWaits;
use serde_json::Value;
use similar::TextDiff;

/// Fields shown of one object at most.
const MOST_FIELDS: usize = 12;

/// How many of each kind a plan holds, in words: `3 changes, 1 rollout moves, nothing pruned`.
#[must_use]
pub(crate) fn summary(plan: &Plan) -> String {
    let count = |f: &dyn Fn(&Change) -> bool| plan.changes.iter().filter(|c| f(c)).count();
    let pruned = count(&|c| c.action == Action::Prune);
    let let_go = count(&|c| matches!(c.action, Action::LetGo(_)));
    let is_kept = |c: &Change| matches!(c.action, Action::PruneWaits(PruneWaits::Kept { .. }));
    let waiting = count(&|c| matches!(c.action, Action::PruneWaits(_)) && !is_kept(c));
    let conflicts = count(&|c| matches!(c.action, Action::Conflict(_)));
    let writes = count(&|c| matches!(c.action, Action::Create(_) | Action::Patch(_)));
    let moving = count(&|c| moves(c));
    if writes + pruned + conflicts + let_go + waiting == 0 {
        return format!("nothing to do, {} as Git says", objects(count(&|c| c.action == Action::Unchanged)));
    }
    let mut parts = vec![match writes {
        1 => "1 change".to_owned(),
        n => format!("{n} changes"),
    }];
    match moving {
        0 => {}
        1 => parts.push("1 rollout moves".to_owned()),
        n => parts.push(format!("{n} rollouts move")),
    }
    parts.push(if pruned == 0 { "nothing pruned".to_owned() } else { format!("{} pruned", objects(pruned)) });
    for (n, what) in [(let_go, "let go"), (waiting, "not pruned yet")].into_iter().filter(|(n, _)| *n > 0) {
        parts.push(format!("{} {what}", objects(n)));
    }
    if conflicts > 0 {
        parts.push(format!("{conflicts} in conflict"));
    }
    parts.join(", ")
}

fn objects(n: usize) -> String {
    if n == 1 { "1 object".to_owned() } else { format!("{n} objects") }
}

/// Whether a change starts a Rollout moving.
fn moves(change: &Change) -> bool {
    let template = |v: &Option<Value>| v.as_ref().and_then(|v| v.pointer("/spec/template")).cloned();
    change.key.kind == "Rollout"
        && matches!(change.action, Action::Patch(_))
        && template(&change.before) != template(&change.after)
}

/// The plan as text, without colour; every line of a change begins with its sign.
#[must_use]
pub(crate) fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for change in plan.changes.iter().filter(|c| c.action != Action::Unchanged || !c.kept.is_empty()) {
        out.push_str(&one(change));
    }
    out
}

fn one(change: &Change) -> String {
    let sign = match change.action {
        Action::Create(_) => '+',
        Action::Patch(_) => '~',
        Action::Prune => '-',
        Action::Conflict(_) => '!',
        Action::Unchanged | Action::LetGo(_) | Action::PruneWaits(PruneWaits::Kept { .. }) => '=',
        Action::OutOfReach | Action::PruneWaits(_) => '?',
    };
    let place =
        if change.path.is_empty() { String::new() } else { format!("{}:{}", change.path, change.place.line) };
    let mut out = format!("{sign} {:<38} {place}\n", change.key.to_string());
    let mut line = |text: String| out.push_str(&format!("    {text}\n"));
    if let Action::Conflict(why) = &change.action {
        line(why.to_string());
        line(format!("help: {}", why.help()));
    }
    match &change.action {
        Action::LetGo(why) => line(format!("Git no longer says it, but {why}")),
        Action::PruneWaits(why) => line(format!("Git no longer says it, but {why}")),
        _ => {}
    }
    if change.action == Action::OutOfReach {
        let (kind, group) = (&change.key.kind, &change.key.group);
        line(format!("Git no longer says it, but the cluster serves no {kind} of {group} any more"));
        line("help: it is remembered, and pruned once the cluster serves it again".to_owned());
    }
    if let (Action::Patch(_), Some(before), Some(after)) = (&change.action, &change.before, &change.after) {
        let fields = changes(&comparable(before), &comparable(after));
        for field in fields.iter().take(MOST_FIELDS) {
            let from = field.from.as_deref().unwrap_or("(none)");
            let to = field.to.as_deref().unwrap_or("(removed)");
            line(format!("{}   {from} → {to}", field.path));
        }
        if fields.len() > MOST_FIELDS {
            line(format!("and {} more fields; see them with `switchback diff`", fields.len() - MOST_FIELDS));
        }
    }
    if let Some(road) = climb(change) {
        line(format!("then: {road}"));
    }
    for path in &change.overwrites {
        line(format!("{path} was changed in the cluster; Git takes it back"));
    }
    for kept in &change.kept {
        line(kept.clone());
    }
    out
}

/// The road a Rollout takes after the change: `20 % → pause 2s → analysis errors → 100 %`.
fn climb(change: &Change) -> Option<String> {
    if !moves(change) {
        return None;
    }
    let after = change.after.as_ref()?;
    if after.pointer("/spec/strategy/blueGreen").is_some() {
        return Some("preview → switch".to_owned());
    }
    let steps: Vec<Step> = after
        .pointer("/spec/strategy/canary/steps")
        .and_then(|s| serde_json::from_value(s.clone()).ok())
        .unwrap_or_default();
    let mut words: Vec<String> = steps.iter().map(Step::in_words).collect();
    words.push("100 %".to_owned());
    words.dedup();
    Some(words.join(" → "))
}

/// The plan as unified diffs of YAML, without secrets.
///
/// # Errors
/// An object that cannot be written as YAML; none is known.
pub(crate) fn unified(plan: &Plan) -> Result<String, crate::base::yaml::BadYaml> {
    let mut out = String::new();
    for change in &plan.changes {
        let before = change.before.as_ref().map(comparable);
        let after = change.after.as_ref().map(comparable);
        let yaml = |this: &Option<Value>, other: &Option<Value>| match this {
            Some(v) => crate::base::yaml::write(&masked(v, other.as_ref())),
            None => Ok(String::new()),
        };
        let (old, new) = match change.action {
            Action::Prune => (yaml(&before, &None)?, String::new()),
            Action::Conflict(_)
            | Action::OutOfReach
            | Action::LetGo(_)
            | Action::PruneWaits(_)
            | Action::Unchanged => continue,
            _ => (yaml(&before, &after)?, yaml(&after, &before)?),
        };
        let name = change.key.to_string();
        let from = if change.before.is_some() { format!("cluster/{name}") } else { "/dev/null".to_owned() };
        let to = if change.action == Action::Prune { "/dev/null".to_owned() } else { format!("git/{name}") };
        let diff = TextDiff::from_lines(&old, &new);
        out.push_str(&diff.unified_diff().context_radius(3).header(&from, &to).to_string());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::key::Key;
    use crate::logic::plan::PlanContext;
    use crate::logic::plan::change::{of_leftover, out_of_reach};
    use crate::logic::plan::waits;
    use serde_json::json;

    #[test]
    fn what_is_out_of_reach_is_said_and_nothing_is_to_do_about_it() {
        let key = Key { group: "example.com".to_owned(), ..Key::core("Widget", "shop", "w") };
        let plan = Plan { changes: vec![out_of_reach(&key, "example.com/v1alpha1")] };
        assert_eq!(plan.stays_ours().collect::<Vec<_>>(), [(key, "example.com/v1alpha1".to_owned())]);
        assert_eq!(
            (plan.is_empty(), summary(&plan).as_str()),
            (true, "nothing to do, 0 objects as Git says")
        );
        let said = text(&plan);
        assert!(said.starts_with("? Widget shop/w"), "{said}");
        assert!(said.contains("serves no Widget of example.com any more"), "{said}");
        assert_eq!(unified(&plan), Ok(String::new()));
    }

    #[test]
    fn what_leaves_git_and_stays_is_said_with_the_reason() {
        let live = json!({"metadata": {"annotations": {"switchback.dev/source": "s"}}});
        let context = PlanContext { source: "s".into(), ..PlanContext::default() };
        let claim = Key::core("PersistentVolumeClaim", "shop", "ledger");
        let kept = of_leftover(&claim, "v1", Some(&live), None, &context).unwrap();
        let config = Key::core("ConfigMap", "shop", "web-aaa");
        let mut waits = of_leftover(&config, "v1", Some(&live), None, &context).unwrap();
        waits.action = Action::PruneWaits(PruneWaits::Needed { set: "web-1".into() });
        let plan = Plan { changes: vec![waits.clone()] };
        assert!(plan.is_empty() && plan.waits_for_pods(), "nothing is to be done yet");
        let plan = Plan { changes: vec![kept, waits.clone()] };
        assert_eq!(summary(&plan), "0 changes, nothing pruned, 1 object let go, 1 object not pruned yet");
        let said = text(&plan);
        assert!(said.starts_with("= PersistentVolumeClaim shop/ledger"), "{said}");
        assert!(
            said.contains("a PersistentVolumeClaim holds more than its manifest, so it is let go"),
            "{said}"
        );
        assert!(said.contains("Git no longer says it, but pods of ReplicaSet web-1 need it"), "{said}");
        assert_eq!(unified(&plan), Ok(String::new()));
        assert!(!plan.is_empty(), "our mark is to be taken off");
        let mut many: Vec<Change> = std::iter::repeat_n(waits, 12).collect();
        many.iter_mut().for_each(|change| change.action = Action::Prune);
        waits::guard(&mut many, &Default::default(), 12, 0);
        let plan = Plan { changes: many };
        assert_eq!((plan.too_many(), plan.is_empty()), (Some((12, 12)), false));
        assert!(text(&plan).contains("12 of 12 objects would go at once; put them back, or allow it by"));
    }
}
