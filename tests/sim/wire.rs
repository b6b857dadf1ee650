//! Decides what one engine of several may say to the cluster, and when it arrives: at once, later, or never about the
//! Lease; and writes down what it wrote out of its turn. It never changes what is said.

use crate::rig::SOURCE;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchback::api::object_name::ObjectName;
use switchback::engine::leadership::Election;
use switchback::logic::lease::Terms;
use switchback::sandbox::Sandbox;
use tower::{BoxError, Service, ServiceExt, service_fn};

/// The Lease that engines elect by.
const LEASE: (&str, &str) = ("coordination.k8s.io/v1", "Lease");
const NAME: &str = "lock";

/// What becomes of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// They arrive.
    #[default]
    Fine,
    /// Those about the Lease never arrive.
    NoLease,
    /// They wait on the way until the line is fine again, also when nobody waits for them any more.
    Stalled,
}

#[derive(Debug, Default)]
struct Inner {
    line: Line,
    writes: u64,
    out_of_turn: Vec<String>,
}

/// The line of one engine. Clones are the same line.
#[derive(Clone)]
pub struct Wire {
    sandbox: Sandbox,
    me: &'static str,
    inner: Arc<Mutex<Inner>>,
}

impl Wire {
    pub fn new(sandbox: Sandbox, me: &'static str) -> Self {
        Self { sandbox, me, inner: Arc::default() }
    }

    /// How this engine takes part.
    pub fn election(&self) -> Election {
        let lease = ObjectName::new("default", NAME);
        let (identity, delivery) = (self.me.to_owned(), Some(SOURCE.to_owned()));
        Election { lease, identity, terms: Terms::default(), delivery, rivals: None }
    }

    pub fn is(&self, line: Line) {
        self.inner.lock().unwrap().line = line;
    }

    /// Writes so far, those to the Lease and events apart.
    pub fn writes(&self) -> u64 {
        self.inner.lock().unwrap().writes
    }

    /// Writes that were begun while somebody else held the Lease.
    pub fn out_of_turn(&self) -> Vec<String> {
        self.inner.lock().unwrap().out_of_turn.clone()
    }

    /// Who holds the Lease.
    pub fn holder(sandbox: &Sandbox) -> String {
        let lease = sandbox.get(LEASE, "default", NAME);
        lease.map(|l| l["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
    }

    fn line(&self) -> Line {
        self.inner.lock().unwrap().line
    }

    fn note(&self, request: &http::Request<kube::client::Body>) {
        let path = request.uri().path();
        let is_trial = request.uri().query().is_some_and(|q| q.contains("dryRun"));
        if request.method() == http::Method::GET
            || is_trial
            || path.contains("/leases")
            || path.contains("/events")
        {
            return;
        }
        let holder = Self::holder(&self.sandbox);
        let mut inner = self.inner.lock().unwrap();
        inner.writes += 1;
        if holder != self.me {
            inner.out_of_turn.push(format!(
                "{} while `{holder}` holds it: {} {path}",
                self.me,
                request.method()
            ));
        }
    }

    /// The cluster at the end of this line.
    pub fn service(
        &self,
    ) -> impl Service<
        http::Request<kube::client::Body>,
        Response = http::Response<
            impl http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static,
        >,
        Error = BoxError,
        Future: Send,
    > + Send
    + 'static {
        let (wire, cluster) = (self.clone(), self.sandbox.service());
        service_fn(move |request: http::Request<kube::client::Body>| {
            wire.note(&request);
            let (wire, cluster) = (wire.clone(), cluster.clone());
            let is_lease = request.uri().path().contains("/leases");
            // A task of its own: what is on the way arrives although nobody waits for it.
            let sent = tokio::spawn(async move {
                while wire.line() == Line::Stalled || wire.line() == Line::NoLease && is_lease {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                cluster.oneshot(request).await
            });
            async move { sent.await.map_err(BoxError::from)?.map_err(BoxError::from) }
        })
    }
}
