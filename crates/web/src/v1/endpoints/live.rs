//! `GET /v1/endpoints/{id}/live`: each request as it is kept, as server-sent events.
//!
//! A task waits for requests and hands them to the answer's body one by one; it ends when the
//! client goes, the endpoint goes, or Herald stops. A comment every few seconds tells proxies and
//! the client that the connection is alive. Each event has the request's number as its id, so a
//! client that was cut off goes on from there (`Last-Event-ID`).

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use herald_domain::id::EndpointId;
use herald_engine::{Engine, Examined, Viewing};
use http::{HeaderMap, HeaderValue, header};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::KeptRequest;
use crate::{
    error::{Refusal, Result},
    input::{EnvironmentKey, PathId},
};

/// How often something is said while nothing comes.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Watch what an endpoint gets
///
/// Server-sent events: an event `request` for each request as it is kept, with its number as the
/// event's id and the request as data. With `Last-Event-ID`, those after that number that are still
/// kept come first.
#[utoipa::path(
    get,
    path = "/v1/endpoints/{id}/live",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(
        ("id" = String, Path, description = "The endpoint's id"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event seen"),
    ),
    responses((
        status = 200,
        description = "Events, for as long as the endpoint is there",
        body = String,
        content_type = "text/event-stream",
    )),
)]
pub(crate) async fn watch_endpoint(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EndpointId>,
    headers: HeaderMap,
) -> Result<Response> {
    let after = headers.get("last-event-id").and_then(|seen| seen.to_str().ok()?.parse().ok());
    let viewing = engine.watch_endpoint(environment, id, after).await?;
    let (pieces, taken) = mpsc::channel(1);
    tokio::spawn(tell(viewing, pieces));
    let stream = [(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))];
    Ok((stream, Body::new(Pieces(taken))).into_response())
}

async fn tell(mut viewing: Viewing, pieces: mpsc::Sender<Bytes>) {
    let mut piece = Bytes::from_static(b": watching\n\n");
    while pieces.send(piece).await.is_ok() {
        let next = tokio::select! {
            next = tokio::time::timeout(HEARTBEAT, viewing.next()) => next,
            () = pieces.closed() => return,
        };
        piece = match next {
            Ok(Ok(Some(requests))) => requests.into_iter().map(event).collect::<String>().into(),
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

fn event(examined: Examined) -> String {
    let number = examined.request.number;
    // One line: JSON has its line breaks escaped.
    let data = serde_json::to_string(&KeptRequest::from(examined))
        .expect("a request is maps, texts and numbers");
    format!("id: {number}\nevent: request\ndata: {data}\n\n")
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
