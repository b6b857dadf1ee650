//! Real sockets on loopback: what goes wrong is told, limits hold, redirects take nothing along that they must not.
//! Nothing here leaves this machine.

use super::*;
use crate::api::sample::QuestionHeader;
use crate::world::probe::ask::Probe;
use crate::world::probe::rooms::Rooms;
use std::error::Error;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn ask(guard: Guard, question: &Question) -> Result<Answer, ProbeError> {
    Probe::network(guard).unwrap().ask(question, &Rooms::default()).await
}

fn question(method: &str, url: &str) -> Question {
    let header =
        |name: &str, is_secret| QuestionHeader { name: name.to_owned(), value: "hush".to_owned(), is_secret };
    Question {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![header("x-api-key", true), header("x-team", false)],
        timeout_seconds: 1,
        ..Question::default()
    }
}

async fn refused(method: &str, url: &str) -> ProbeError {
    ask(Guard::careful(), &question(method, url)).await.unwrap_err()
}

/// A server that gives each connection the next of `answers`, and what it was asked.
async fn server(answers: Vec<String>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).await.unwrap();
            heard.lock().unwrap().push(String::from_utf8_lossy(&bytes[..read]).to_lowercase());
            let _hung_up = stream.write_all(answer.as_bytes()).await;
        }
    });
    (place, asked)
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

#[tokio::test]
async fn what_goes_wrong_is_told_without_path_user_or_header() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let url = format!("http://me:hush@{place}/hush?hush");
    assert_eq!(refused("A B", &url).await.to_string(), "method A B is none");
    let error = refused("GET", &url).await;
    assert_eq!(error.to_string(), format!("no answer within 1 s from http://{place}"));
    assert_eq!(error.code(), "ProbeTimeout");
    drop(listener);
    let error = refused("GET", &url).await;
    let text = format!("http://{place} cannot be asked: Connection refused (os error 111)");
    assert_eq!((error.code(), error.to_string()), ("ProbeUnreachable", text));
    assert!(error.source().is_some() && !format!("{error:?}").contains("hush"));
    let error = refused("GET", "nowhere").await;
    assert_eq!(error.to_string(), "an unreadable address cannot be asked: relative URL without a base");
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit() {
    let (place, _) = server(vec![format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MOST_BYTES + 1))]).await;
    let error = refused("GET", &format!("http://{place}/")).await;
    assert_eq!(error.to_string(), format!("the answer of http://{place} is larger than 4194304 bytes"));
}

#[tokio::test]
async fn another_server_is_not_shown_what_the_first_was() {
    let (other, seen_by_other) = server(vec![OK.to_owned()]).await;
    let (first, seen_by_first) =
        server(vec![redirect("/again"), redirect(&format!("http://{other}/there"))]).await;
    let answer = ask(Guard::careful(), &question("GET", &format!("http://{first}/here"))).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"ok".as_slice()));
    let has = |asked: &str, name: &str| asked.contains(&format!("{name}: hush"));
    let first = seen_by_first.lock().unwrap().clone();
    assert!(has(&first[0], "x-api-key") && has(&first[0], "x-team"), "{first:?}");
    assert!(!has(&first[1], "x-api-key") && has(&first[1], "x-team"), "{first:?}");
    let other = seen_by_other.lock().unwrap().clone();
    assert!(!other[0].contains("hush") && !other[0].contains("referer"), "{other:?}");
}

#[test]
fn people_are_warned_once_of_each_provider_that_credentials_go_to_in_clear() {
    let network = Network::new(Guard::careful()).unwrap();
    for url in
        ["http://a:1/x", "http://a:1/y", "http://b/", "https://c/", "http://127.0.0.1/", "http://localhost/"]
    {
        network.warn_of(&Hop::first(&question("GET", url)).unwrap());
    }
    network.warn_of(&Hop::first(&Question { headers: Vec::new(), ..question("GET", "http://d/") }).unwrap());
    let warned_of: Vec<String> = network.warned_of.lock().unwrap().iter().cloned().collect();
    assert_eq!(warned_of, ["http://a:1", "http://b"]);
}

#[tokio::test]
async fn a_server_that_redirects_for_ever_is_left() {
    let (place, asked) = server(vec![redirect("/again"); 10]).await;
    let error = refused("GET", &format!("http://{place}/")).await;
    assert_eq!(error.code(), "ProbeRedirects");
    assert_eq!(asked.lock().unwrap().len(), REDIRECTS + 1);
}

#[tokio::test]
async fn link_local_addresses_are_not_asked_also_by_a_redirect_or_a_name() {
    let error = refused("GET", "http://169.254.169.254/latest/meta-data/").await;
    let text = "http://169.254.169.254 is not asked: 169.254.169.254 is link-local or a metadata service; if metrics \
                are there, start with --allow-link-local-metrics";
    assert_eq!((error.code(), error.to_string().as_str()), ("ProbeLinkLocal", text));
    let (place, _) = server(vec![redirect("http://[fe80::1]/")]).await;
    assert_eq!(refused("GET", &format!("http://{place}/")).await.code(), "ProbeLinkLocal");
    // Names are checked by what they resolve to: here by a guard that refuses what `localhost` is.
    let (place, asked) = server(vec![OK.to_owned()]).await;
    let guard = Guard::refusing(|ip| ip.is_loopback());
    let named = question("GET", &format!("http://localhost:{}/", place.port()));
    assert_eq!(ask(guard, &named).await.unwrap_err().code(), "ProbeLinkLocal");
    assert!(asked.lock().unwrap().is_empty());
    assert_eq!(ask(Guard::open(), &named).await.unwrap().status, 200);
}
