//! Server-sent events of what a temporary endpoint gets, for the API and for the portal's pages.
//!
//! A task waits for requests and hands them to the answer's body one by one; it ends when the
//! client goes, the endpoint goes, or Herald stops. A comment every few seconds tells proxies and
//! the client that the connection is alive. Each event has the request's number as its id, so a
//! client that was cut off goes on from there (`Last-Event-ID`).

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use herald_engine::{Examined, Viewing};
use http::{HeaderMap, HeaderValue, header};
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::error::Refusal;

/// How often something is said while nothing comes.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Who watches: how a request is told to them, and for how long.
pub(crate) trait Viewer: Send + 'static {
    /// The lines of the event of this request, without its id: `data: …`.
    fn lines(&self, examined: Examined) -> String;

    /// Whether they may be told anything more; asked before each time.
    fn may_watch(&self) -> impl Future<Output = bool> + Send;
}

/// The number of the last request that a client has seen before it was cut off.
pub(crate) fn last_seen(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id").and_then(|seen| seen.to_str().ok()?.parse().ok())
}

/// The answer that tells what comes, for as long as there is somebody to be told.
pub(crate) fn stream(viewing: Viewing, viewer: impl Viewer) -> Response {
    let (pieces, taken) = mpsc::channel(1);
    tokio::spawn(tell(viewing, viewer, pieces));
    let stream = [(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))];
    (stream, Body::new(Pieces(taken))).into_response()
}

async fn tell(mut viewing: Viewing, viewer: impl Viewer, pieces: mpsc::Sender<Bytes>) {
    let mut piece = Bytes::from_static(b": watching\n\n");
    while viewer.may_watch().await && pieces.send(piece).await.is_ok() {
        let next = tokio::select! {
            next = tokio::time::timeout(HEARTBEAT, viewing.next()) => next,
            () = pieces.closed() => return,
        };
        piece = match next {
            Ok(Ok(Some(requests))) => {
                let events = requests.into_iter().map(|examined| event(&viewer, examined));
                events.collect::<String>().into()
            }
            Ok(Ok(None)) => return,
            Ok(Err(error)) => {
                // The client comes again, with the last number that it has seen.
                drop(Refusal::from(error));
                return;
            }
            Err(_elapsed) => Bytes::from_static(b": still watching\n\n"),
        };
    }
}

fn event(viewer: &impl Viewer, examined: Examined) -> String {
    let number = examined.request.number;
    format!("id: {number}\n{}\n\n", viewer.lines(examined))
}

/// A body whose pieces come when they come.
struct Pieces(mpsc::Receiver<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}
