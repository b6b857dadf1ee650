//! Decides how an engine says that it lives and is ready: `/healthz` fails while a loop of it does not turn, `/readyz` until
//! it knows the whole cluster. An engine that stands by is ready to take over. It never decides either itself.

use crate::engine::vitals::{Readiness, Vitals};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

/// The pages about `vitals`.
pub(crate) fn pages(vitals: Vitals) -> Router {
    Router::new().route("/healthz", get(lives)).route("/readyz", get(is_ready)).with_state(vitals)
}

async fn lives(State(vitals): State<Vitals>) -> (StatusCode, String) {
    match vitals.stuck().await.as_slice() {
        [] => (StatusCode::OK, "ok".to_owned()),
        stuck => (StatusCode::SERVICE_UNAVAILABLE, format!("does not turn: {}", stuck.join(", "))),
    }
}

async fn is_ready(State(vitals): State<Vitals>) -> (StatusCode, &'static str) {
    match vitals.readiness() {
        Readiness::Ready => (StatusCode::OK, "ok"),
        Readiness::StandsBy => (StatusCode::OK, "ok: stands by"),
        Readiness::Starting => (StatusCode::SERVICE_UNAVAILABLE, "the cluster is not known whole yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::serve::{Server, listen};
    use std::net::{Ipv4Addr, SocketAddr};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_page_is_served_until_the_server_stops_and_a_taken_port_is_told() {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into(), "").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = listen(address, "choose another").await.unwrap_err();
        assert!(taken.text.starts_with(&format!("port {} cannot be served: ", address.port())), "{taken:?}");
        assert!(taken.text.ends_with("; choose another"), "{taken:?}");
        let mut server = Server::default();
        let vitals = Vitals::default();
        server.serve(listener, pages(vitals.clone()));
        let answer = ask(address, "/readyz").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("not known whole yet"), "{answer}");
        vitals.is(Readiness::Ready);
        for path in ["/healthz", "/readyz"] {
            let answer = ask(address, path).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");
        }
        let _hangs = vitals.pulse("controllers");
        let answer = ask(address, "/healthz").await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("does not turn: controllers"),
            "{answer}"
        );
        let idle = TcpStream::connect(address).await.unwrap();
        server.stop().await;
        drop(idle);
        assert!(ask(address, "/healthz").await.is_err());
    }
}
