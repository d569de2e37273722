//! The life of one attempt: a connection, the request, the head, a little of the body.

use std::{
    borrow::Cow,
    fmt,
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, header::HOST};
use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, ErrorClass, Failure},
    guard::Policy,
    id::EventId,
    signature::{Signatures, notification_headers},
};
use http_body_util::Full;
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};

use super::{
    body,
    connection::{Connection, Message, Unanswered},
    destination::Destination,
    dial::{Dialled, Dialler},
    failure::{failure, unanswered},
    pool::{Pool, PoolLimits},
    resolve::Resolve,
    tls::{self, ClientProblem},
};

/// How the client behaves.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// What may be dialled beyond the public internet.
    pub policy: Policy,
    /// Covers look-up, connecting, TLS, writing, and the response's head.
    pub deadline: Duration,
    /// How much longer the beginning of the body may take after the head.
    pub body_time: Duration,
    /// CA certificates to trust beside the system's.
    pub extra_ca: Vec<CertificateDer<'static>>,
    /// Connections kept open between attempts.
    pub pool: PoolLimits,
}

impl ClientConfig {
    /// The specified behaviour (15 s; 2 s more for the body) under `policy`.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            deadline: Duration::from_secs(15),
            body_time: Duration::from_secs(2),
            extra_ca: Vec::new(),
            pool: PoolLimits::default(),
        }
    }
}

impl Default for ClientConfig {
    /// The specified behaviour, towards the public internet only.
    fn default() -> Self {
        Self::new(Policy::default())
    }
}

/// The names of the headers of a notification, in their order, made ready once.
static NAMES: LazyLock<[HeaderName; 8]> = LazyLock::new(|| {
    let any = Signatures { timestamp: 0, complycube: [0; 32], standard: Vec::new() };
    notification_headers(EventId::from_bytes([0; 12]), &any)
        .map(|(name, _)| HeaderName::try_from(name).expect("the names are constants of the domain"))
});

/// One signed request to be made.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to; [`Client::target`] makes it, and attempts to the same URL can share it.
    pub target: Arc<Destination>,
    /// The event, whose id goes into a header.
    pub event: EventId,
    /// The signatures of this very body.
    pub signatures: Signatures,
    /// The event's bytes, sent as they are.
    pub body: Bytes,
}

impl Request {
    fn message(&self, connection: &Connection) -> Message {
        let notification = notification_headers(self.event, &self.signatures);
        let mut headers = HeaderMap::with_capacity(notification.len() + 2);
        let uri = match connection {
            Connection::Http1(_) => {
                headers.insert(HOST, self.target.host());
                self.target.origin_form()
            }
            Connection::Http2(_) => self.target.absolute_form(),
        };
        for (name, value) in NAMES.iter().zip(notification.map(|(_, value)| value)) {
            let value = match value {
                Cow::Borrowed(text) => HeaderValue::from_static(text),
                Cow::Owned(text) => {
                    HeaderValue::try_from(text).expect("the values are hex, base64 and ids")
                }
            };
            headers.insert(name, value);
        }
        let mut message = Message::new(Full::new(self.body.clone()));
        *message.method_mut() = Method::POST;
        *message.uri_mut() = uri;
        *message.headers_mut() = headers;
        message
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The address that was dialled, if it came to that.
    pub address: Option<SocketAddr>,
    /// From the beginning until the outcome was known: the response's head, or the failure.
    pub duration: Duration,
    /// What came back.
    pub answer: Answer,
}

/// The guarded client. Clones share the connections kept open.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    deadline: Duration,
    body_time: Duration,
    dialler: Dialler,
    pool: Arc<Pool>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("deadline", &self.inner.deadline).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that looks names up with `resolver`. Reads the system's CA certificates.
    pub fn new(config: ClientConfig, resolver: Arc<dyn Resolve>) -> Result<Self, ClientProblem> {
        let tls = tls::connector(&config.extra_ca)?;
        let inner = Inner {
            deadline: config.deadline,
            body_time: config.body_time,
            dialler: Dialler { policy: config.policy, resolver, tls },
            pool: Pool::new(config.pool),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Judges `url` under the client's policy, for any number of requests. The failure is what the
    /// attempt should record.
    pub fn target(&self, url: &str) -> Result<Arc<Destination>, Failure> {
        Destination::new(&self.inner.dialler.policy, url).map(Arc::new)
    }

    /// Makes one request under one deadline. Never errors: what went wrong is the answer. Must run
    /// in a tokio runtime.
    pub async fn post(&self, request: Request) -> Exchange {
        let started = Instant::now();
        let deadline = started + self.inner.deadline;
        let mut progress = Progress::default();
        let attempt = self.inner.head(&request, deadline, &mut progress);
        let outcome = match timeout_at(deadline, attempt).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(progress.stage.timed_out()),
        };
        let duration = started.elapsed();
        let answer = match outcome {
            Ok(head) => Answer::Response(self.inner.finish(&request, head).await),
            Err(failure) => Answer::Failure(failure),
        };
        Exchange { address: progress.address, duration, answer }
    }

    /// How many idle connections are kept at the moment, for a gauge.
    pub fn kept_connections(&self) -> usize {
        self.inner.pool.kept()
    }
}

/// A response whose head is complete, and the connection that its body comes on.
struct Head {
    response: ::http::Response<Incoming>,
    connection: Connection,
}

impl Inner {
    /// From nothing to a complete response head.
    async fn head(
        &self,
        request: &Request,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Head, Failure> {
        let origin = request.target.target().origin();
        if let Some(connection) = self.pool.take(origin, Instant::now()) {
            match send(request, connection, progress).await {
                Ok(head) => return Ok(head),
                Err(Unanswered::Failed(error)) => return Err(unanswered(&error)),
                // Such as a kept connection that the receiver has closed meanwhile. Once more, on
                // a connection that is certainly open.
                Err(Unanswered::Unprocessed(_)) => {}
            }
        }
        let dialled = self.dialler.dial(request.target.target(), deadline, progress).await?;
        let connection = match dialled {
            Dialled::Http1(connection) => Connection::Http1(connection),
            Dialled::Http2(line) => self.pool.share(origin, line, Instant::now()),
        };
        let sent = send(request, connection, progress).await;
        sent.map_err(|problem| unanswered(&problem.into_error()))
    }

    /// Reads the little that is kept of the body. The connection is kept too if it is at its next
    /// message; else it is closed (a stream of HTTP/2 is reset), so that whatever else the receiver
    /// sends costs nothing.
    async fn finish(&self, request: &Request, head: Head) -> herald_domain::attempt::Response {
        let until = Instant::now() + self.body_time;
        let (parts, incoming) = head.response.into_parts();
        let (response, whole) = body::read(parts, incoming, until).await;
        if let (true, Connection::Http1(mut connection)) = (whole, head.connection) {
            // Over only when the request is written to its end as well: a receiver may answer
            // before it has read all of it.
            if timeout_at(until, connection.is_reusable()).await.unwrap_or(false) {
                self.pool.keep(request.target.target().origin(), connection, Instant::now());
            }
        }
        response
    }
}

async fn send(
    request: &Request,
    mut connection: Connection,
    progress: &mut Progress,
) -> Result<Head, Unanswered> {
    progress.stage = Stage::Waiting;
    progress.address = Some(connection.address());
    let message = request.message(&connection);
    let response = connection.send(message).await?;
    Ok(Head { response, connection })
}

/// How far an attempt has come: all that is known of it when its deadline strikes.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) address: Option<SocketAddr>,
    pub(super) stage: Stage,
}

/// What an attempt is waiting for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Stage {
    #[default]
    Resolving,
    Connecting,
    Securing,
    Waiting,
}

impl Stage {
    fn timed_out(self) -> Failure {
        let (class, detail) = match self {
            Self::Resolving => {
                (ErrorClass::DnsTimeout, "The name servers of the host did not answer in time.")
            }
            Self::Connecting => {
                (ErrorClass::Timeout, "The receiver did not accept the connection in time.")
            }
            Self::Securing => {
                (ErrorClass::Timeout, "The receiver did not finish the TLS handshake in time.")
            }
            Self::Waiting => {
                (ErrorClass::Timeout, "The receiver did not answer with a complete head in time.")
            }
        };
        failure(class, detail)
    }
}
