//! The inbox: what comes in at temporary endpoints, through the web layer or from the dispatcher.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, ErrorClass, Failure, Response},
    endpoint::{BODY_KEPT, Endpoint, HEADERS_KEPT, KeptRequest},
    id::{EndpointId, EventId, IdSequence, RequestId},
    signature::{Signatures, notification_headers},
};
use herald_store::{Bounds, Store};
use tokio::time::Instant;

use super::{
    doors::{Door, Doors},
    viewing::Viewers,
};
use crate::{Clock, EngineError, Result, http::Exchange};

/// What an endpoint keeps at most. The bytes are what keeps a URL that somebody has published from
/// filling the disk.
const BOUNDS: Bounds = Bounds { requests: 500, bytes: 16 * 1024 * 1024 };

/// Endpoints that expire in one transaction: each may have megabytes.
const EXPIRE_AT_ONCE: usize = 5;

/// A request as it comes in.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// `POST`, most of the time.
    pub method: String,
    /// What stood behind the question mark of the URL, if there was one.
    pub query: Option<String>,
    /// Names in lower case, in order.
    pub headers: Vec<(String, Bytes)>,
    /// The whole body; as much as is kept of it is cut off here.
    pub body: Bytes,
}

/// Keeps what comes in.
pub(crate) struct Inbox {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<IdSequence>,
    pub(crate) doors: Doors,
    pub(crate) viewers: Viewers,
}

impl Inbox {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<IdSequence>,
        doors: Doors,
    ) -> Self {
        Self { store, clock, ids, doors, viewers: Viewers::default() }
    }

    /// The living endpoint behind a door.
    pub(crate) async fn find(&self, door: &Door) -> Result<Option<Endpoint>> {
        let found = self.store.endpoint_by_token(door.token_hash, self.clock.now()).await?;
        Ok(found.filter(|found| door.owner.is_none_or(|owner| owner == found.environment)))
    }

    /// Keeps a request and tells who watches. Answers the status to respond with; `None` if the
    /// endpoint is gone.
    pub(super) async fn keep(
        &self,
        endpoint: EndpointId,
        incoming: Incoming,
    ) -> Result<Option<u16>> {
        let received_at = self.clock.now();
        let request = KeptRequest {
            id: RequestId(self.ids.next(received_at)),
            number: 0,
            method: incoming.method,
            query: incoming.query,
            headers: cut(incoming.headers),
            length: incoming.body.len() as u64,
            body: incoming.body.slice(..incoming.body.len().min(BODY_KEPT)),
            answered: 0,
            received_at,
        };
        let Some(kept) = self.store.keep_request(endpoint, request, BOUNDS).await? else {
            return Ok(None);
        };
        self.viewers.tell(endpoint, kept.number);
        Ok(Some(kept.answered))
    }

    /// Removes what has expired.
    pub(crate) async fn expire(&self) -> Result<()> {
        let now = self.clock.now();
        while self.store.expire_endpoints(now, EXPIRE_AT_ONCE).await? == EXPIRE_AT_ONCE {}
        Ok(())
    }

    /// Delivers a notification to an endpoint of Herald's own, as a POST from outside would, but
    /// without a connection: nothing is dialled, so nothing is opened to anybody. Never fails; what
    /// went wrong is the answer.
    pub(crate) async fn deliver(&self, post: OwnPost<'_>, deadline: Duration) -> Exchange {
        let started = Instant::now();
        let answer = match tokio::time::timeout(deadline, self.answer(post)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Answer::Failure(Failure {
                class: ErrorClass::Timeout,
                detail: "The temporary endpoint could not keep the request in time.".to_owned(),
            }),
        };
        Exchange { address: None, duration: started.elapsed(), answer }
    }

    async fn answer(&self, post: OwnPost<'_>) -> Answer {
        let incoming = Incoming {
            method: "POST".to_owned(),
            query: None,
            headers: headers(&post),
            body: post.body.clone(),
        };
        let status = match self.find(post.door).await {
            Ok(Some(endpoint)) => self.keep(endpoint.id, incoming).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match status {
            Ok(Some(status)) => response(status, RECEIVED),
            Ok(None) => response(404, br#"{"type":"resource_not_found"}"#),
            Err(EngineError::Unavailable(reason)) => {
                tracing::warn!(reason, "a temporary endpoint cannot keep a request right now");
                response(503, br#"{"type":"service_unavailable"}"#)
            }
            Err(error) => {
                tracing::error!(%error, "a temporary endpoint failed to keep a request");
                response(500, br#"{"type":"internal_error"}"#)
            }
        }
    }
}

/// What a temporary endpoint answers, whatever its status, if the status has room for a body.
pub const RECEIVED: &[u8] = br#"{"received":true}"#;

/// A notification for an endpoint of Herald's own.
#[derive(Debug)]
pub(crate) struct OwnPost<'a> {
    pub door: &'a Door,
    pub url: &'a str,
    pub event: EventId,
    pub signatures: &'a Signatures,
    pub body: &'a Bytes,
}

/// The headers that the HTTP client would have sent.
fn headers(post: &OwnPost<'_>) -> Vec<(String, Bytes)> {
    let authority = post.url.split("://").nth(1).and_then(|rest| rest.split('/').next());
    let mut headers =
        vec![("host".to_owned(), Bytes::from(authority.unwrap_or_default().to_owned()))];
    let own = notification_headers(post.event, post.signatures);
    headers.extend(
        own.map(|(name, value)| (name.to_ascii_lowercase(), Bytes::from(value.into_owned()))),
    );
    headers.push(("content-length".to_owned(), Bytes::from(post.body.len().to_string())));
    headers
}

fn response(status: u16, body: &'static [u8]) -> Answer {
    let json = ("content-type".to_owned(), Bytes::from_static(b"application/json"));
    let has_body = !matches!(status, 204 | 205 | 304);
    let (headers, body) = if has_body { (vec![json], body) } else { (Vec::new(), &b""[..]) };
    Answer::Response(Response { status, headers, body: Bytes::from_static(body), truncated: false })
}

/// As many headers as are kept.
fn cut(headers: Vec<(String, Bytes)>) -> Vec<(String, Bytes)> {
    let mut room = HEADERS_KEPT;
    let fits = |(name, value): &(String, Bytes)| {
        let left = room.checked_sub(name.len() + value.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    headers.into_iter().take_while(fits).collect()
}
