//! Decides how the server is reached without a socket: as a service that clients of this process call.
//! It never interprets a request; `exchange` does.

use super::door::Sandbox;
use super::exchange::Outcome;
use super::media;
use super::reply::Reply;
use super::request::Call;
use super::shared::Shared;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The server as a tower service.
#[derive(Clone, Debug)]
pub struct Service {
    shared: Shared,
}

impl Sandbox {
    /// The server as a tower service, for `kube::Client::new`.
    #[must_use]
    pub fn service(&self) -> Service {
        Service { shared: self.shared().clone() }
    }

    /// A client of this server. Must be called inside a tokio runtime.
    #[must_use]
    pub fn client(&self, namespace: &str) -> kube::Client {
        kube::Client::new(self.service(), namespace)
    }
}

impl<B> tower::Service<Request<B>> for Service
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display + Send,
{
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<Body>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = self.shared.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|e| io::Error::other(e.to_string()))?.to_bytes();
            respond(&shared, &Call::new(&parts, body)).await
        })
    }
}

async fn respond(shared: &Shared, call: &Call) -> io::Result<Response<Body>> {
    match shared.answer(call).await {
        Outcome::Whole(reply) => Ok(response(reply)),
        Outcome::Watch(stream) => {
            let frames = futures::stream::unfold(stream, |mut stream| async move {
                let lines = stream.next().await?;
                Some((Ok(Frame::data(lines)), stream))
            });
            let mut response = Response::new(StreamBody::new(frames.boxed()).boxed_unsync());
            let json = HeaderValue::from_static(media::JSON);
            response.headers_mut().insert(http::header::CONTENT_TYPE, json);
            Ok(response)
        }
        Outcome::Broken => Err(io::Error::new(io::ErrorKind::ConnectionReset, "the connection broke")),
    }
}

/// An HTTP response with a whole reply.
#[must_use]
pub(crate) fn response(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Full::new(reply.body).boxed_unsync());
    *response.status_mut() = http::StatusCode::from_u16(reply.code).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    if reply.retry_after > 0 {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(reply.retry_after));
    }
    for warning in &reply.warnings {
        let text: String = warning.chars().filter(|c| !c.is_control()).collect();
        let value = format!("299 - {}", crate::base::go_text::quote(&text));
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(http::header::WARNING, value);
        }
    }
    response
}
