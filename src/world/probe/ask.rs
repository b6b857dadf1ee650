//! Decides whom a question goes to, and that it ends: when the metric says so, and at the latest after [`MOST_SECONDS`].
//! It never judges an answer.

use crate::api::sample::{Answer, Question};
use crate::world::http::HttpError;
use crate::world::probe::address::Guard;
use crate::world::probe::error::{ProbeError, host};
use crate::world::probe::network::Network;
use crate::world::probe::rooms::Rooms;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// Seconds that a question may take, whatever the metric says.
const MOST_SECONDS: u64 = 300;

/// A way to ask questions without a network, for simulations.
pub type Inside = Arc<dyn Fn(Question) -> BoxFuture<'static, Result<Answer, ProbeError>> + Send + Sync>;

/// Whoever asks providers.
#[derive(Clone)]
pub enum Probe {
    /// Over the network.
    Network(Network),
    /// In this process.
    Inside(Inside),
}

impl Probe {
    /// A probe over the network that asks no address which `guard` refuses.
    ///
    /// # Errors
    /// The machine's certificates cannot be read.
    pub(crate) fn network(guard: Guard) -> Result<Self, HttpError> {
        Network::new(guard).map(Self::Network)
    }

    /// Asks one question, as soon as there is room. The error is for people and holds no header.
    ///
    /// # Errors
    /// No room or no answer in time, an answer that is too large, an address that is not asked.
    pub(crate) async fn ask(&self, question: &Question, rooms: &Rooms) -> Result<Answer, ProbeError> {
        let host = host(&question.url);
        let _room = rooms.enter(&host).await?;
        let seconds = question.timeout_seconds.min(MOST_SECONDS);
        let asked = async {
            match self {
                Self::Inside(ask) => ask(question.clone()).await,
                Self::Network(network) => network.ask(question).await,
            }
        };
        let answer = tokio::time::timeout(Duration::from_secs(seconds), asked).await;
        answer.unwrap_or(Err(ProbeError::Timeout { host, seconds }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn no_metric_waits_longer_than_any_may() {
        let silent = Probe::Inside(Arc::new(|_| Box::pin(std::future::pending())));
        let rooms = Rooms::default();
        for (wanted, waited) in [(7, 7), (86_400, 300), (u64::MAX, 300)] {
            let url = "http://tarpit:1/hush".to_owned();
            let question = Question { url, timeout_seconds: wanted, ..Question::default() };
            let began = Instant::now();
            let error = silent.ask(&question, &rooms).await.unwrap_err();
            assert_eq!(began.elapsed().as_secs(), waited);
            assert_eq!(error.to_string(), format!("no answer within {waited} s from http://tarpit:1"));
        }
    }
}
