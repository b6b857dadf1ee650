//! Decides on which port pages are served, and how they end; the one place that binds and serves.
//! It never decides what a page says.

use crate::front::exit::Failure;
use axum::Router;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long answers under way may take when the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// Pages that are served until [`Server::stop`], or until it is dropped.
#[derive(Default)]
pub(crate) struct Server {
    stop: watch::Sender<()>,
    serving: JoinSet<()>,
}

/// Binds `address`; `advice` says what to do where that cannot be.
///
/// # Errors
/// The port is taken, or the address is none of this machine.
pub(crate) async fn listen(address: SocketAddr, advice: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|e| Failure::usage(format!("port {} cannot be served: {e}; {advice}", address.port())))
}

impl Server {
    /// Serves `pages` on `listener`.
    pub(crate) fn serve(&mut self, listener: TcpListener, pages: Router) {
        let mut stop = self.stop.subscribe();
        self.serving.spawn(async move {
            let stopped = async move {
                let _ended = stop.changed().await;
            };
            if let Err(error) = axum::serve(listener, pages).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "a page is not served any more");
            }
        });
    }

    /// Takes no more requests, and ends when those under way are answered, or after a second.
    pub(crate) async fn stop(self) {
        let Self { stop, mut serving } = self;
        drop(stop);
        let ended = async { while serving.join_next().await.is_some() {} };
        let _late = tokio::time::timeout(GRACE, ended).await;
    }
}
