//! Serves an embedded Kubernetes API on loopback and writes a kubeconfig for it, until it is interrupted.
//!
//! ```text
//! cargo run --example sandbox -- 8001 /tmp/sandbox.kubeconfig &
//! KUBECONFIG=/tmp/sandbox.kubeconfig kubectl get namespaces
//! ```

use std::error::Error;
use switchback::base::clock::Clock;
use switchback::sandbox::{Options, Sandbox};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("say a port and a file for the kubeconfig")?.parse()?;
    let file = arguments.next().ok_or("say a file for the kubeconfig")?;
    let server = Sandbox::new(Options::new(Clock::Real, 1));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let token = "sandbox";
    std::fs::write(&file, server.kubeconfig(listener.local_addr()?, token))?;
    tokio::select! {
        served = server.serve(listener, Some(token.to_owned())) => Ok(served?),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}
