//! One HTTP/1.1 or HTTP/2 connection, and sending on it.
//!
//! An HTTP/1.1 connection belongs to one attempt at a time. An HTTP/2 connection is shared: an
//! attempt holds a [`Stream`] of it. Either way one rule holds: a connection on which a request
//! got no answer is not trusted with another.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::Instant,
};

use super::{failure, wire::FreshLook};

/// The largest response head, in bytes. Servers send at most 8 to 32 KiB by default.
pub const HEAD_LIMIT: usize = 64 * 1024;

/// What an HTTP/2 receiver may send unasked, in bytes: twice the body that is kept, per stream …
const STREAM_WINDOW: u32 = 32 * 1024;
/// … and for all streams of a connection, so that a connection's memory stays bounded.
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Streams on one HTTP/2 connection, if the receiver allows as many (RFC 9113 §6.5.2 advises
/// receivers to allow at least 100).
const MAX_STREAMS: usize = 100;

/// The request on its way: a body that is shared, not copied.
pub(super) type Message = Request<Full<Bytes>>;

/// Why a request got no response head.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The receiver did not begin to process it; it may be sent once more.
    Unprocessed(hyper::Error),
    /// It may have been processed.
    Failed(hyper::Error),
}

impl Unanswered {
    pub(super) fn into_error(self) -> hyper::Error {
        match self {
            Self::Unprocessed(error) | Self::Failed(error) => error,
        }
    }
}

impl From<TrySendError<Message>> for Unanswered {
    fn from(mut problem: TrySendError<Message>) -> Self {
        // hyper gives the message back only if it has not written any of it.
        let unsent = problem.take_message().is_some();
        let error = problem.into_error();
        if unsent || failure::is_unprocessed(&error) {
            Self::Unprocessed(error)
        } else {
            Self::Failed(error)
        }
    }
}

/// What an attempt holds while it uses a connection.
#[derive(Debug)]
pub(super) enum Connection {
    Http1(Http1),
    Http2(Stream),
}

impl Connection {
    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Http1(connection) => connection.address,
            Self::Http2(stream) => stream.line.address,
        }
    }

    /// Sends a message made for this connection's version, and waits for the response's head.
    pub(super) async fn send(
        &mut self,
        message: Message,
    ) -> Result<Response<Incoming>, Unanswered> {
        match self {
            Self::Http1(connection) => Ok(connection.sender.try_send_request(message).await?),
            Self::Http2(stream) => {
                let response = stream.line.sender.try_send_request(message).await?;
                stream.answered = true;
                stream.line.state.answered.notify_one();
                Ok(response)
            }
        }
    }
}

/// An HTTP/1.1 connection. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Http1 {
    sender: http1::SendRequest<Full<Bytes>>,
    look: FreshLook,
    address: SocketAddr,
    born: Instant,
}

impl Http1 {
    /// Speaks HTTP/1.1 over `io`, whose reads `look` can freshen.
    pub(super) async fn open(
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        look: FreshLook,
        address: SocketAddr,
    ) -> Result<Self, hyper::Error> {
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .max_buf_size(HEAD_LIMIT)
            .handshake(TokioIo::new(io))
            .await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%address, %error, "an HTTP/1.1 connection ended");
            }
        });
        Ok(Self { sender, look, address, born: Instant::now() })
    }

    /// Whether nothing is known that would keep the next request from being sent.
    pub(super) fn is_open(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until the last exchange is over on the wire too; `false` if the connection ended with
    /// it.
    pub(super) async fn is_reusable(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Has the socket looked at before the next request is written.
    pub(super) fn look_again(&self) {
        self.look.ask();
    }

    pub(super) fn born(&self) -> Instant {
        self.born
    }
}

/// An HTTP/2 connection, which many attempts share.
#[derive(Clone, Debug)]
pub(super) struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
    state: Arc<Http2State>,
    address: SocketAddr,
    born: Instant,
}

#[derive(Debug)]
struct Http2State {
    /// Attempts that hold a stream, or are about to open one.
    streams: AtomicUsize,
    /// How many the receiver allows.
    limit: AtomicUsize,
    /// A request got an answer, so the receiver's settings are known: they come first.
    answered: Notify,
    /// A request got no answer: no more of them here.
    retired: AtomicBool,
}

impl Http2 {
    pub(super) async fn open(
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        address: SocketAddr,
    ) -> Result<Self, hyper::Error> {
        let (sender, mut connection) = http2::Builder::new(TokioExecutor::new())
            .adaptive_window(false)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(u32::try_from(HEAD_LIMIT).unwrap_or(u32::MAX))
            .handshake(TokioIo::new(io))
            .await?;
        let state = Arc::new(Http2State {
            streams: AtomicUsize::new(0),
            limit: AtomicUsize::new(MAX_STREAMS),
            answered: Notify::new(),
            retired: AtomicBool::new(false),
        });
        let limits = state.clone();
        tokio::spawn(async move {
            let mut driven = poll_fn(|cx| {
                let allowed = connection.current_max_send_streams().min(MAX_STREAMS);
                limits.limit.store(allowed, Ordering::Relaxed);
                Pin::new(&mut connection).poll(cx)
            });
            // hyper polls this whenever a request is sent; for the first limit that would be late.
            let ended = tokio::select! {
                ended = &mut driven => ended,
                () = limits.answered.notified() => driven.await,
            };
            if let Err(error) = ended {
                tracing::debug!(%address, %error, "an HTTP/2 connection ended");
            }
        });
        Ok(Self { sender, state, address, born: Instant::now() })
    }

    /// Whether it may take new streams, now or when others have ended.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.state.retired.load(Ordering::Relaxed)
    }

    /// Whether it can take one more stream at once.
    pub(super) fn has_room(&self) -> bool {
        let limit = self.state.limit.load(Ordering::Relaxed);
        self.state.streams.load(Ordering::Relaxed) < limit
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state.streams.load(Ordering::Relaxed) == 0
    }

    pub(super) fn born(&self) -> Instant {
        self.born
    }

    /// A stream for one attempt.
    pub(super) fn stream(&self) -> Stream {
        self.state.streams.fetch_add(1, Ordering::Relaxed);
        Stream { line: self.clone(), answered: false }
    }
}

/// One attempt's part of an HTTP/2 connection.
#[derive(Debug)]
pub(super) struct Stream {
    line: Http2,
    answered: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.answered {
            self.line.state.retired.store(true, Ordering::Relaxed);
        }
        self.line.state.streams.fetch_sub(1, Ordering::Relaxed);
    }
}
