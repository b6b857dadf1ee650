//! Decides how we say that we live: `/healthz` and `/readyz` answer `ok` for as long as the process can answer.
//! It never asks how an engine fares.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

/// The pages of health.
pub(crate) fn pages() -> Router {
    let page = || async { (StatusCode::OK, "ok") };
    Router::new().route("/healthz", get(page)).route("/readyz", get(page))
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
        server.serve(listener, pages());
        for path in ["/healthz", "/readyz"] {
            let answer = ask(address, path).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");
        }
        let idle = TcpStream::connect(address).await.unwrap();
        server.stop().await;
        drop(idle);
        assert!(ask(address, "/healthz").await.is_err());
    }
}
