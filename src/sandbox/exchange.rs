//! Decides how one request becomes an answer: where it goes, what trouble meets it, when it is carried out.
//! It never contains the rules of the API.

use super::answer::{self, Answer};
use super::fault::{Attempt, Fault, Moment};
use super::page;
use super::reply::Reply;
use super::request::Call;
use super::route::{self, Route, Target};
use super::shared::Shared;
use super::state::State;
use super::stream::Stream;

/// An answer on its way out.
pub(crate) enum Outcome {
    /// A whole reply.
    Whole(Reply),
    /// A watch.
    Watch(Box<Stream>),
    /// The connection breaks.
    Broken,
}

impl Shared {
    /// Answers one request.
    pub(crate) async fn answer(&self, call: &Call) -> Outcome {
        let route = self.locked(|state| {
            let route = route::route(&state.kinds, call);
            if let Ok(Route::Objects(target)) = &route {
                count(state, target, call);
            }
            route
        });
        match route {
            Err(refusal) => Outcome::Whole(self.locked(|state| page::unknown(state, call, refusal))),
            Ok(Route::Page) => Outcome::Whole(self.locked(|state| page::answer(state, call))),
            Ok(Route::Objects(target)) => self.objects(&target, call).await,
        }
    }

    async fn objects(&self, target: &Target, call: &Call) -> Outcome {
        let attempt = self.is_troubled().then(|| self.attempt(target, call));
        if let Some(attempt) = &attempt {
            match self.ask(Moment::Before(attempt)) {
                Fault::None => {}
                Fault::Refuse(refusal) => return Outcome::Whole(refusal.into()),
                Fault::Break => return Outcome::Broken,
                Fault::Delay(time) => tokio::time::sleep(time).await,
            }
        }
        let reply = match self.locked(|state| answer::objects(state, target, call)) {
            Ok(Answer::Watch(plan, changes)) => {
                return Outcome::Watch(Box::new(Stream::new(
                    self.clone(),
                    *plan,
                    changes,
                    call.agent.clone(),
                )));
            }
            Ok(Answer::Whole(reply)) => reply,
            Err(refusal) => refusal.into(),
        };
        if !target.ask.writes() || reply.code >= 300 {
            return Outcome::Whole(reply);
        }
        self.count_write();
        let Some(attempt) = &attempt else { return Outcome::Whole(reply) };
        match self.ask(Moment::After(attempt, reply.code)) {
            Fault::None => Outcome::Whole(reply),
            Fault::Refuse(refusal) => Outcome::Whole(refusal.into()),
            Fault::Break => Outcome::Broken,
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                Outcome::Whole(reply)
            }
        }
    }

    fn attempt(&self, target: &Target, call: &Call) -> Attempt {
        Attempt {
            agent: call.agent.clone(),
            ask: target.ask,
            resource: target.served.kind.resource(),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            sub: target.sub.clone(),
            dry_run: !call.query.text("dryRun").is_empty(),
            writes_before: self.writes(),
        }
    }
}

fn count(state: &mut State, target: &Target, call: &Call) {
    let kind = target.served.kind.resource();
    let resource = if target.sub.is_empty() { kind } else { format!("{kind}/{}", target.sub) };
    *state.asked.entry((call.agent.clone(), target.ask.name(), resource)).or_insert(0) += 1;
}
