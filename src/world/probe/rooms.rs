//! Decides how many questions are open at once, in all and to one host, so that a host that hangs takes nobody's place
//! but its own. It never asks one, and never lets one wait for ever.

use crate::world::probe::error::ProbeError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Questions open at once.
const MOST: usize = 64;
/// Of them to one host.
const MOST_TO_A_HOST: usize = 8;
/// How long a question waits for room. A run has to learn that its provider hangs, or it would measure nothing while
/// its Rollout climbs.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Hosts remembered; those that nobody asks are forgotten beyond.
const HOSTS: usize = 1024;

/// The room that there is for questions; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Rooms {
    all: Arc<Semaphore>,
    hosts: Arc<Mutex<BTreeMap<String, Arc<Semaphore>>>>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(MOST)), hosts: Arc::default() }
    }
}

/// Room for one question, given back when it is dropped.
pub(super) struct Room {
    _own: OwnedSemaphorePermit,
    _one_of_all: OwnedSemaphorePermit,
}

impl Rooms {
    /// Waits until there is room for a question to `host`; first come, first served.
    ///
    /// # Errors
    /// [`ProbeError::Crowded`] when there is none in time.
    pub(super) async fn enter(&self, host: &str) -> Result<Room, ProbeError> {
        // The host's own place first: who waits for it takes no place from others.
        let room = async {
            let own = self.of(host).acquire_owned().await?;
            let one_of_all = Arc::clone(&self.all).acquire_owned().await?;
            Ok::<_, AcquireError>(Room { _own: own, _one_of_all: one_of_all })
        };
        match tokio::time::timeout(LONGEST_WAIT, room).await {
            Ok(Ok(room)) => Ok(room),
            _ => Err(ProbeError::Crowded { host: host.to_owned(), seconds: LONGEST_WAIT.as_secs() }),
        }
    }

    fn of(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS {
            hosts.retain(|_, places| Arc::strong_count(places) > 1); // each permit counts
        }
        let places = hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(MOST_TO_A_HOST)));
        Arc::clone(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_host_that_hangs_takes_no_place_from_others() {
        let rooms = Rooms::default();
        let mut open = Vec::new();
        for _ in 0..MOST_TO_A_HOST {
            open.push(rooms.enter("http://tarpit").await.unwrap());
        }
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let rooms = rooms.clone();
                tokio::spawn(async move { rooms.enter("http://tarpit").await.map(drop) })
            })
            .collect();
        let began = Instant::now();
        assert!(rooms.enter("http://swift").await.is_ok());
        assert_eq!(began.elapsed(), Duration::ZERO);
        open.pop();
        for (n, one) in waiting.into_iter().enumerate() {
            // Each that gets the one free place leaves it at once.
            assert!(one.await.unwrap().is_ok(), "the {n}th");
        }
        open.push(rooms.enter("http://tarpit").await.unwrap());
        let error = rooms.enter("http://tarpit").await.err().unwrap();
        assert_eq!((error.code(), began.elapsed()), ("ProbeCrowded", LONGEST_WAIT));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_open_than_may_be_and_idle_hosts_are_forgotten() {
        let rooms = Rooms::default();
        let mut open = Vec::new();
        for n in 0..MOST {
            open.push(rooms.enter(&format!("http://{n}")).await.unwrap());
        }
        assert!(rooms.enter("http://one-more").await.is_err());
        open.clear();
        for n in 0..3 * HOSTS {
            assert!(rooms.enter(&format!("http://{n}")).await.is_ok());
        }
        assert!(rooms.hosts.lock().unwrap().len() <= HOSTS);
    }
}
