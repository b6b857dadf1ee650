//! Decides what goes wrong in a run, as data: with which write, in which way, and how slowly answers come.
//! It never decides by chance; everything follows from the plan and its seed.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use switchback::sandbox::{Attempt, Fault, Moment};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// The engine ends right after its write of this number, before it has the answer, and starts anew.
    Crash(u64),
    /// The answer of the write of this number is lost.
    Lost(u64),
    /// The write of this number is not done: the connection breaks before.
    NotDone(u64),
    /// No Event can be told. Events are not counted among the writes: nobody waits for their answers.
    NoEvents,
}

/// What a run is like. More kinds of trouble are more fields, so that a plan stays a value that can be printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Decides names, the order of looks and the pace of answers.
    pub seed: u64,
    /// What goes wrong.
    pub trouble: Trouble,
    /// The longest that an answer to the engine takes, in milliseconds.
    pub slowest: u64,
    /// How long watches lag, in milliseconds.
    pub lag: u64,
    /// Every so many readings of a watch, it breaks; never when 0.
    pub breaks: u64,
    /// Whether the cluster forgets its past all the time, so that what resumes starts over.
    pub forgets: bool,
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Go,
    NotDone,
    Lost,
    Crash,
}

#[derive(Default)]
struct Inner {
    plan: Plan,
    chance: u64,
    begun: u64,
    done: u64,
    readings: u64,
    is_crashed: bool,
}

/// Makes the trouble of a plan. Clones are handles to the same one.
#[derive(Clone, Default)]
pub struct Meddler {
    inner: Arc<Mutex<Inner>>,
}

/// Longer than any story: what a dead engine waits for.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Whether a request makes a write of the engine that something else depends on.
fn counts(attempt: &Attempt) -> bool {
    attempt.ask.writes() && !attempt.dry_run && attempt.resource != "events"
}

/// Whether a client is the engine.
pub fn is_ours(agent: &str) -> bool {
    agent.starts_with("switchback/")
}

impl Meddler {
    pub fn new(plan: &Plan) -> Self {
        let chance = plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { inner: Arc::new(Mutex::new(Inner { plan: plan.clone(), chance, ..Inner::default() })) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// A write of the engine is about to be made.
    pub fn begins(&self) -> Verdict {
        let mut inner = self.lock();
        inner.begun += 1;
        if inner.plan.trouble == Trouble::NotDone(inner.begun) { Verdict::NotDone } else { Verdict::Go }
    }

    /// A write of the engine was made.
    pub fn ends(&self) -> Verdict {
        let mut inner = self.lock();
        inner.done += 1;
        if inner.plan.trouble == Trouble::Crash(inner.done) {
            inner.is_crashed = true;
            return Verdict::Crash;
        }
        if inner.plan.trouble == Trouble::Lost(inner.done) { Verdict::Lost } else { Verdict::Go }
    }

    /// How many writes were begun and how many were made.
    pub fn totals(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.begun, inner.done)
    }

    /// Whether the engine has crashed and nobody has noticed yet.
    pub fn is_crashed(&self) -> bool {
        self.lock().is_crashed
    }

    /// A new engine is about to start.
    pub fn revive(&self) {
        self.lock().is_crashed = false;
    }

    fn delay(&self) -> Duration {
        let mut inner = self.lock();
        if inner.is_crashed {
            return NEVER;
        }
        if inner.plan.slowest == 0 {
            return Duration::ZERO;
        }
        inner.chance ^= inner.chance << 13;
        inner.chance ^= inner.chance >> 7;
        inner.chance ^= inner.chance << 17;
        Duration::from_millis(inner.chance % (inner.plan.slowest + 1))
    }

    /// Waits as long as an answer takes.
    pub async fn pause(&self) {
        let delay = self.delay();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }

    /// What happens at a moment of a request to the cluster.
    pub fn at(&self, moment: &Moment<'_>) -> Fault {
        match moment {
            Moment::Before(a) if is_ours(&a.agent) => {
                if self.is_crashed() {
                    return Fault::Delay(NEVER);
                }
                if a.resource == "events" && self.lock().plan.trouble == Trouble::NoEvents {
                    return Fault::Break;
                }
                if counts(a) && self.begins() != Verdict::Go {
                    return Fault::Break;
                }
                Some(self.delay()).filter(|d| !d.is_zero()).map_or(Fault::None, Fault::Delay)
            }
            Moment::After(a, _) if is_ours(&a.agent) && counts(a) => match self.ends() {
                Verdict::Crash => Fault::Delay(NEVER),
                Verdict::Lost => Fault::Break,
                _ => Fault::None,
            },
            Moment::Watch { agent, .. } if is_ours(agent) => self.reading(),
            _ => Fault::None,
        }
    }

    fn reading(&self) -> Fault {
        let mut inner = self.lock();
        inner.readings += 1;
        if inner.plan.breaks > 0 && inner.readings.is_multiple_of(inner.plan.breaks) {
            return Fault::Break;
        }
        match inner.plan.lag {
            0 => Fault::None,
            lag => Fault::Delay(Duration::from_millis(lag)),
        }
    }
}
