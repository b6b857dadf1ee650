//! Decides how a notice reads in the program's log: its level, its fields and its words.
//! It never decides which levels are shown; the program's start does.

use super::destination::Destination;
use crate::api::notice::Notice;

/// The log.
pub(crate) const DESTINATION: Destination = Destination { send };

fn send(notice: &Notice) {
    match notice {
        Notice::Problem { repository, code, text } => tracing::warn!(repository, code, "{text}"),
        Notice::Event { about, event } if event.warning => {
            tracing::warn!(about, reason = event.reason, "{}", event.message);
        }
        Notice::Event { about, event } => tracing::info!(about, reason = event.reason, "{}", event.message),
        Notice::Head { repository, commit, subject } => {
            tracing::info!(repository, commit, subject, "a commit is at the head");
        }
        Notice::Skipped { repository, text } => tracing::info!(repository, "{text}"),
        Notice::Waiting { text } => tracing::info!("waits for: {text}"),
        Notice::Synced { commit, counts: (created, changed, pruned) } => {
            tracing::info!(commit, created, changed, pruned, "a commit is applied");
        }
        Notice::Reverted { commit, reverts, rollouts, verdict, pushed } => {
            let (reverts, rollouts) = (reverts.join(" "), rollouts.join(" "));
            tracing::warn!(commit, reverts, rollouts, verdict, pushed, "went back in Git");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::event::Event;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines(notices: &[Notice]) -> Vec<String> {
        let page = Page::default();
        let writer = page.clone();
        let log = tracing_subscriber::fmt().without_time().with_ansi(false).with_target(false);
        let log = log.with_writer(move || writer.clone()).finish();
        // Of a single subscriber tracing believes that every thread has it: another test that tells something at this
        // moment without one would turn its line off for all.
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        tracing::subscriber::with_default(log, || notices.iter().for_each(send));
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn every_notice_is_one_line_with_its_level_and_fields() {
        let (commit, repository) = ("4b825dc".to_owned(), "/srv/shop".to_owned());
        let notices = [
            Notice::Head {
                repository: repository.clone(),
                commit: commit.clone(),
                subject: "web: v2".into(),
            },
            Notice::Skipped { repository: repository.clone(), text: "passed over: a".into() },
            Notice::Synced { commit: commit.clone(), counts: (1, 2, 3) },
            Notice::Problem { repository, code: "Empty", text: "no manifests".into() },
            Notice::Event {
                about: "Rollout shop/web".into(),
                event: Event::normal("Paused", "it waits".to_owned()),
            },
            Notice::Reverted {
                commit,
                reverts: vec!["a".into(), "b".into()],
                rollouts: vec!["Rollout shop/web".into()],
                verdict: "too slow".into(),
                pushed: true,
            },
        ];
        assert_eq!(
            lines(&notices),
            [
                r#"INFO a commit is at the head repository="/srv/shop" commit="4b825dc" subject="web: v2""#,
                r#"INFO passed over: a repository="/srv/shop""#,
                r#"INFO a commit is applied commit="4b825dc" created=1 changed=2 pruned=3"#,
                r#"WARN no manifests repository="/srv/shop" code="Empty""#,
                r#"INFO it waits about="Rollout shop/web" reason="Paused""#,
                r#"WARN went back in Git commit="4b825dc" reverts="a b" rollouts="Rollout shop/web" verdict="too slow" pushed=true"#,
            ]
        );
    }
}
