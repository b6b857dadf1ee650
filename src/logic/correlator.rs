//! Decides what becomes of an event: an object of its own, one more of what was told before, one for many that differ only
//! in their words, or nothing, as Kubernetes' own clients have it (source: client-go's tools/record/events_cache.go).
//! It never writes one, and forgets the objects about which nothing was told for longest.

use crate::api::event::Event;
use crate::api::write::Target;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// So many texts with one reason make one event of them all (source: `defaultAggregateMaxEvents`).
const MANY_TEXTS: usize = 10;
/// Without an event of a reason for so long, its texts are counted anew (source: `defaultAggregateIntervalInSeconds`).
const ROUND: SignedDuration = SignedDuration::from_secs(600);
/// Events of one type that may come at once about an object (source: `defaultSpamBurst`).
const BURST: u32 = 25;
/// How long it takes until there may be one more (source: `defaultSpamQPS`).
const REFILL: SignedDuration = SignedDuration::from_secs(300);
/// Texts that are remembered of one reason.
const MOST_TEXTS: usize = 40;

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Correlated {
    /// It is a new object.
    Create(Told),
    /// The object of this name gets its count, time and text.
    Count(Told),
    /// Nothing: there were too many about this object.
    Drop,
}

/// An event as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Name of the Event.
    pub(crate) name: String,
    /// When it happened for the first time.
    pub(crate) first: Timestamp,
    /// How often it happened.
    pub(crate) count: u32,
    /// What it says.
    pub(crate) message: String,
}

/// Whom an event is about: an object, and its uid.
pub(crate) type About = (Target, String);

/// What was told of late.
#[derive(Debug)]
pub(crate) struct Correlator {
    most: usize,
    turn: u64,
    objects: BTreeMap<About, Object>,
    by_turn: BTreeMap<u64, About>,
}

/// What was told about one object.
#[derive(Debug, Default)]
struct Object {
    turn: u64,
    buckets: BTreeMap<bool, Bucket>,
    series: BTreeMap<(bool, String), Series>,
}

/// Events of one type and one reason.
#[derive(Debug, Default)]
struct Series {
    last: Timestamp,
    round: u64,
    texts: BTreeMap<String, Log>,
    combined: Option<Log>,
}

#[derive(Debug)]
struct Log {
    name: String,
    first: Timestamp,
    count: u32,
    round: u64,
}

/// How many events there may still be.
#[derive(Debug)]
struct Bucket {
    left: u32,
    since: Timestamp,
}

impl Correlator {
    /// One that remembers so many objects.
    #[must_use]
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), turn: 0, objects: BTreeMap::new(), by_turn: BTreeMap::new() }
    }

    /// What becomes of an event that happened so many `times` until `at`; a new one would be called `name`.
    pub(crate) fn correlate(
        &mut self,
        about: &About,
        event: &Event,
        at: Timestamp,
        times: u32,
        name: String,
    ) -> Correlated {
        let object = self.object(about);
        let series = object.series.entry((event.warning, event.reason.clone())).or_default();
        let (log, is_known, message) = series.log(event, at, name);
        log.count = log.count.saturating_add(times);
        let told = Told { name: log.name.clone(), first: log.first, count: log.count, message };
        let bucket = object.buckets.entry(event.warning).or_insert(Bucket { left: BURST, since: at });
        match (bucket.takes_one(at), is_known) {
            (false, _) => Correlated::Drop,
            (true, false) => Correlated::Create(told),
            (true, true) => Correlated::Count(told),
        }
    }

    /// The cluster has no Event `name`: what it stood for is new when it happens again.
    pub(crate) fn forget(&mut self, about: &About, event: &Event, name: &str) {
        let object = self.objects.get_mut(about);
        let Some(series) = object.and_then(|o| o.series.get_mut(&(event.warning, event.reason.clone())))
        else {
            return;
        };
        series.texts.retain(|_, log| log.name != name);
        series.combined = series.combined.take().filter(|log| log.name != name);
    }

    fn object(&mut self, about: &About) -> &mut Object {
        self.turn += 1;
        if let Some(known) = self.objects.get(about) {
            self.by_turn.remove(&known.turn);
        } else if self.objects.len() >= self.most
            && let Some((_, oldest)) = self.by_turn.pop_first()
        {
            self.objects.remove(&oldest);
        }
        self.by_turn.insert(self.turn, about.clone());
        let object = self.objects.entry(about.clone()).or_default();
        object.turn = self.turn;
        object
    }
}

impl Series {
    /// The log that an event goes into, whether it was there, and what is said.
    fn log(&mut self, event: &Event, at: Timestamp, name: String) -> (&mut Log, bool, String) {
        if at.duration_since(self.last) > ROUND {
            self.round += 1;
        }
        self.last = at;
        let round = self.round;
        let new = Log { name, first: at, count: 0, round };
        let is_of_round = self.texts.get(&event.message).is_some_and(|log| log.round == round);
        let of_round = self.texts.values().filter(|log| log.round == round).count();
        if !is_of_round && of_round + 1 >= MANY_TEXTS {
            let message = format!("(combined from similar events): {}", event.message);
            let is_known = self.combined.is_some();
            return (self.combined.get_or_insert(new), is_known, message);
        }
        if self.texts.len() >= MOST_TEXTS {
            self.texts.retain(|_, log| log.round == round);
        }
        let is_known = self.texts.contains_key(&event.message);
        let log = self.texts.entry(event.message.clone()).or_insert(new);
        log.round = round;
        (log, is_known, event.message.clone())
    }
}

impl Bucket {
    fn takes_one(&mut self, at: Timestamp) -> bool {
        while self.left < BURST && at.duration_since(self.since) >= REFILL {
            self.left += 1;
            self.since += REFILL;
        }
        if self.left == BURST {
            self.since = at;
        }
        let is_some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(name: &str) -> About {
        (Target::new("v1", "Pod", "shop", name), format!("uid of {name}"))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Names of new Events are numbers in their order; what is told of one that says `text` at `second`.
    fn tell(correlator: &mut Correlator, text: &str, second: i64) -> String {
        let event = Event::normal("Scaled", text.to_owned());
        match correlator.correlate(&about("web"), &event, at(second), 1, format!("e{second}")) {
            Correlated::Create(told) => format!("new {}: {}", told.name, told.message),
            Correlated::Count(told) => format!("{} x{}: {}", told.name, told.count, told.message),
            Correlated::Drop => "nothing".to_owned(),
        }
    }

    #[test]
    fn what_is_told_again_is_counted_however_late() {
        let mut of = Correlator::new(9);
        assert_eq!(tell(&mut of, "up", 0), "new e0: up");
        assert_eq!(tell(&mut of, "down", 1), "new e1: down");
        assert_eq!(tell(&mut of, "up", 2), "e0 x2: up");
        assert_eq!(tell(&mut of, "up", 90_000), "e0 x3: up");
        of.forget(&about("web"), &Event::normal("Scaled", "up".to_owned()), "e0");
        assert_eq!(tell(&mut of, "up", 90_001), "new e90001: up");
        assert_eq!(tell(&mut of, "down", 90_002), "e1 x2: down");
    }

    #[test]
    fn the_tenth_text_in_a_row_stands_for_all_that_follow_until_there_was_peace() {
        let mut of = Correlator::new(9);
        for n in 0..9 {
            assert_eq!(tell(&mut of, &format!("to {n}"), n), format!("new e{n}: to {n}"));
        }
        assert_eq!(tell(&mut of, "to 9", 9), "new e9: (combined from similar events): to 9");
        assert_eq!(tell(&mut of, "to 10", 10), "e9 x2: (combined from similar events): to 10");
        assert_eq!(tell(&mut of, "to 3", 11), "e3 x2: to 3");
        assert_eq!(tell(&mut of, "to 9", 611), "e9 x3: (combined from similar events): to 9");
        assert_eq!(tell(&mut of, "to 9", 1_212), "new e1212: to 9");
        let other = Event::normal("Other", "to 11".to_owned());
        let told = of.correlate(&about("web"), &other, at(12), 1, "o".to_owned());
        assert!(matches!(told, Correlated::Create(_)), "{told:?}");
    }

    #[test]
    fn an_object_has_a_burst_and_then_one_in_five_minutes_warnings_apart() {
        let mut of = Correlator::new(9);
        let told = |of: &mut Correlator, second| tell(of, "again", second) != "nothing";
        assert_eq!((0..60).filter(|second| told(&mut of, *second)).count(), 25);
        let warning = Event::warning("Scaled", "again".to_owned());
        let told_apart = of.correlate(&about("web"), &warning, at(60), 1, "w".to_owned());
        assert!(matches!(told_apart, Correlated::Create(_)), "{told_apart:?}");
        assert!(!told(&mut of, 299) && told(&mut of, 301) && !told(&mut of, 302));
        assert_eq!((1_000..1_060).filter(|second| told(&mut of, *second)).count(), 2);
        assert_eq!((90_000..90_060).filter(|second| told(&mut of, *second)).count(), 25);
    }

    #[test]
    fn the_objects_that_were_told_of_last_are_remembered() {
        let mut of = Correlator::new(2);
        let event = Event::normal("Scaled", "up".to_owned());
        let mut is_new = |name: &str| {
            let told = of.correlate(&about(name), &event, at(0), 1, name.to_owned());
            matches!(told, Correlated::Create(_))
        };
        assert!(is_new("a") && is_new("b") && !is_new("a") && is_new("c") && !is_new("a") && is_new("b"));
        assert!(of.objects.len() == 2 && of.by_turn.len() == 2);
    }

    #[test]
    fn what_came_several_times_at_once_counts_so_often() {
        let mut of = Correlator::new(2);
        let event = Event::normal("Scaled", "up".to_owned());
        let mut tell = |times| of.correlate(&about("a"), &event, at(0), times, "e".to_owned());
        assert!(matches!(tell(1), Correlated::Create(told) if told.count == 1));
        assert!(matches!(tell(4), Correlated::Count(told) if told.count == 5));
    }
}
