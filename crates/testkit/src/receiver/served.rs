//! A receiver that speaks proper HTTP and answers by a script.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::watch;

use super::{
    gate::Gate,
    listen::{Accepted, Listening, listen},
};
use crate::tls::Identity;

/// A test that waits longer than this for a request waits for one that will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it was noted, before it was answered.
#[derive(Clone, Debug)]
pub struct Received {
    /// Counted from 0, in the order of arrival.
    pub index: usize,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// HTTP/1.1 or HTTP/2.
    pub version: Version,
    /// With the query.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Received {
    /// The header's text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The event's id: `Webhook-Id`.
    pub fn event_id(&self) -> &str {
        self.header("webhook-id")
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// 200 to 999.
    pub status: u16,
    /// Beside those that the transport needs.
    pub headers: Vec<(&'static str, String)>,
    /// The whole body.
    pub body: Bytes,
    /// Answers only when the test has opened it.
    pub gate: Option<Gate>,
}

impl Reply {
    /// An empty answer with this status.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), gate: None }
    }

    /// 200, empty.
    pub fn ok() -> Self {
        Self::status(200)
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Not before `gate` is open.
    #[must_use]
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).expect("100 to 999");
        for (name, value) in self.headers {
            let value = value.try_into().expect("a header value");
            response.headers_mut().append(name, value);
        }
        response
    }
}

type Script = dyn Fn(&Received) -> Reply + Send + Sync;

/// What a receiver has seen so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    connections: usize,
    requests: Vec<Received>,
}

/// A receiver that answers by a script: HTTP/1.1, and HTTP/2 over TLS.
pub struct Receiver {
    listening: Listening,
    scheme: &'static str,
    seen: Arc<watch::Sender<Seen>>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Receiver {
    /// Without TLS.
    pub async fn start(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("http", None, Arc::new(script)).await
    }

    /// With TLS, offering `protocols`: `h2`, `http/1.1`.
    pub async fn start_tls(
        identity: &Identity,
        protocols: &[&str],
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen("https", Some(identity.acceptor(protocols)), Arc::new(script)).await
    }

    async fn listen(
        scheme: &'static str,
        tls: Option<tokio_rustls::TlsAcceptor>,
        script: Arc<Script>,
    ) -> Self {
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        let counter = seen.clone();
        let arrived = move |_| counter.send_modify(|seen| seen.connections += 1);
        let log = seen.clone();
        let serve = move |accepted| serve(accepted, script.clone(), log.clone());
        Self { listening: listen(tls, arrived, serve).await, scheme, seen }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// The URL of `path` (with its slash) by address.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address())
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.seen.borrow().connections
    }

    /// Requests noted so far.
    pub fn received(&self) -> Vec<Received> {
        self.seen.borrow().requests.clone()
    }

    /// Waits until `count` requests were noted, and returns all.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut seen = self.seen.subscribe();
        let enough = seen.wait_for(|seen| seen.requests.len() >= count);
        let Ok(seen) = tokio::time::timeout(PATIENCE, enough).await else {
            panic!("{} of {count} requests came", self.received().len());
        };
        seen.expect("the sender lives as long as the receiver").requests.clone()
    }
}

async fn serve(accepted: Accepted, script: Arc<Script>, log: Arc<watch::Sender<Seen>>) {
    let connection = accepted.index;
    let service =
        service_fn(move |request| answer(connection, request, script.clone(), log.clone()));
    let io = TokioIo::new(accepted.stream);
    // How a connection ends is the client's business; what matters was noted.
    let _ended = if accepted.http2 {
        http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
    } else {
        http1::Builder::new().serve_connection(io, service).await
    };
}

async fn answer(
    connection: usize,
    request: Request<Incoming>,
    script: Arc<Script>,
    log: Arc<watch::Sender<Seen>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(Reply::status(400).into_response());
    };
    let mut received = Received {
        index: 0,
        connection,
        version: head.version,
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    log.send_modify(|seen| {
        received.index = seen.requests.len();
        seen.requests.push(received.clone());
    });
    let reply = script(&received);
    if let Some(gate) = &reply.gate {
        gate.passed().await;
    }
    Ok(reply.into_response())
}
