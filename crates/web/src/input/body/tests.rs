//! Bodies that are too large, too slow, cut off or compressed.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::IntoResponse;
use hyper::body::{Frame, SizeHint};

use super::*;

type Chunk = io::Result<&'static [u8]>;

/// A body that yields these chunks and then ends, or stalls.
struct Scripted {
    chunks: VecDeque<Chunk>,
    stalls: bool,
    announced: u64,
}

impl HttpBody for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.chunks.pop_front() {
            None if self.stalls => Poll::Pending,
            chunk => Poll::Ready(chunk.map(|chunk| Ok(Frame::data(Bytes::from_static(chunk?))))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced);
        hint
    }
}

/// What a handler with room for eight bytes answers.
async fn outcome(chunks: impl Into<VecDeque<Chunk>>, stalls: bool, announced: u64) -> u16 {
    let body = Scripted { chunks: chunks.into(), stalls, announced };
    status_of(Request::new(axum::body::Body::new(body))).await
}

async fn status_of(request: Request) -> u16 {
    match Body::<8>::from_request(request, &()).await {
        Ok(_) => 200,
        Err(refusal) => refusal.into_response().status().as_u16(),
    }
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_limit_and_not_beyond() {
    assert_eq!(outcome([Ok(&b"1234"[..]), Ok(b"5678")], false, 0).await, 200);
    assert_eq!(outcome([Ok(&b"1234"[..]), Ok(b"56789")], false, 0).await, 413);
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_unread() {
    assert_eq!(outcome([], true, 9).await, 413);
    assert_eq!(outcome([], true, u64::MAX).await, 413);
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_the_clients_fault() {
    let cut_off = || Err(io::ErrorKind::UnexpectedEof.into());
    assert_eq!(outcome([Ok(&b"1"[..]), cut_off()], false, 0).await, 400);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up_at_the_deadline() {
    let began = tokio::time::Instant::now();
    assert_eq!(outcome([Ok(&b"1"[..])], true, 0).await, 408);
    assert!(began.elapsed() >= DEADLINE && began.elapsed() < DEADLINE * 2);
}

#[tokio::test]
async fn a_compressed_body_is_refused_whatever_the_compression() {
    for (encoding, status) in
        [("gzip", 415), ("BR", 415), ("identity", 200), ("identity, gzip", 415), ("", 415)]
    {
        let request = Request::post("/").header(header::CONTENT_ENCODING, encoding);
        assert_eq!(status_of(request.body("{}".into()).unwrap()).await, status, "{encoding:?}");
    }
}
