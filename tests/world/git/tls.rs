//! Over HTTPS: a server whose certificate a private authority signed, trusted only when that is said.

use crate::git::rig::{Rig, undo};
use crate::git::server::Server;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use switchback::world::git::{Git, GitError, Mirror, Secret};

/// An authority `ca.pem` and a certificate of it for 127.0.0.1, `leaf.pem` with `leaf.key`.
pub fn certificates(folder: &Path) {
    fs::write(folder.join("leaf.ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(arguments.split(' '));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {new} -subj /CN=authority -days 30 -keyout ca.key -out ca.pem"));
    openssl(&format!("req {new} -subj /CN=server -keyout leaf.key -out leaf.csr"));
    openssl(
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile leaf.ext -out leaf.pem",
    );
}

/// Listens with TLS, with the certificate in `folder`, and hands each request on to the plain server at `port`.
pub fn terminator(folder: &Path, port: u16) -> Terminator {
    let chain = vec![CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::task::spawn_blocking(move || {
        // Ends with a connection that says nothing, see `Terminator`.
        while let Ok((socket, _)) = listener.accept() {
            let secured = rustls::ServerConnection::new(config.clone()).unwrap();
            match hand_on(rustls::StreamOwned::new(secured, socket), port) {
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => return,
                _ => {}
            }
        }
    });
    Terminator { port: own }
}

/// Listens with TLS; ends also when a test stops early, as the runtime waits for it.
pub struct Terminator {
    pub port: u16,
}

impl Drop for Terminator {
    fn drop(&mut self) {
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn hand_on(
    mut outside: rustls::StreamOwned<rustls::ServerConnection, TcpStream>,
    port: u16,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let whole = |request: &[u8]| {
        let end = request.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        Some(end + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap()))
    };
    while whole(&request).is_none_or(|length| request.len() < length) {
        match outside.read(&mut buffer) {
            Ok(0) => return Err(std::io::ErrorKind::ConnectionAborted.into()),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof && request.is_empty() => {
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
            read => request.extend_from_slice(&buffer[..read?]),
        }
    }
    let mut inside = TcpStream::connect(("127.0.0.1", port))?;
    inside.write_all(&request)?;
    let mut answer = Vec::new();
    inside.read_to_end(&mut answer)?;
    outside.write_all(&answer)?;
    outside.conn.send_close_notify();
    outside.flush()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_authority_is_trusted_only_when_named() {
    let rig = Rig::new();
    certificates(&rig.path(""));
    rig.origin("origin.git");
    rig.publish("web.yaml", "image: v1\n", "first");
    let second = rig.publish("web.yaml", "image: v2\n", "second");
    let server = Server::plain(rig.path("")).await;
    let secured = terminator(&rig.path(""), server.port);
    let url = format!("https://127.0.0.1:{}/origin.git", secured.port);
    let error = Mirror::open(rig.options(&url)).unwrap().fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::Untrusted { why, .. } if why.contains("authority")), "{error}");
    assert!(server.asked().is_empty(), "nothing was said to an unknown server");
    let mut options = rig.options(&url);
    options.ca = Some(Secret::File(rig.path("ca.pem")));
    let mirror = Mirror::open(options.clone()).unwrap();
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    let commit = undo(&mirror, &[second]).await;
    assert_eq!(rig.head("origin.git"), commit);
    for (name, content) in
        [("missing.pem", None), ("empty.pem", Some("")), ("odd.pem", Some("no certificate"))]
    {
        if let Some(content) = content {
            fs::write(rig.path(name), content).unwrap();
        }
        options.ca = Some(Secret::File(rig.path(name)));
        let error = Mirror::open(options.clone()).unwrap().fetch().await.unwrap_err();
        assert!(matches!(&error, GitError::Credentials { why, .. } if why.contains(name)), "{error}");
    }
}
