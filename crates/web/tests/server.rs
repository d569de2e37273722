//! The listening side, over real connections: who is waited for, who is not, and how it stops.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, routing::get};
use bytes::Bytes;
use herald_web::{ServerLimits, serve_within};
use hyper::body::{Body, Frame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
};

/// Nothing in these tests takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

const SHORT: ServerLimits = all(Duration::from_millis(100));
const LONG: ServerLimits = all(PATIENCE);

const fn all(limit: Duration) -> ServerLimits {
    ServerLimits { head: limit, stall: limit, farewell: limit }
}

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn server(limits: ServerLimits, router: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        serve_within(limits, listener, router, async { drop(stopped.await) }).await;
    });
    Server { address, stop, serving }
}

fn greeting() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

/// Everything that comes until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // A reset is an end too.
    let _ = tokio::time::timeout(PATIENCE, reading).await.expect("the connection stayed open");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_let_go() {
    let server = server(SHORT, greeting()).await;
    let mut slow = connect(&server).await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").await.unwrap();
    assert!(!rest(slow).await.contains("hello"));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_let_go_before_and_after_a_request() {
    let server = server(SHORT, greeting()).await;
    assert_eq!(rest(connect(&server).await).await, "");
    let mut idle = connect(&server).await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(rest(idle).await.ends_with("hello"));
}

/// A body without an end, that tells when it is dropped.
struct Endless {
    _dropped: oneshot::Sender<()>,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 8 * 1024])))))
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_never_takes_its_answer_is_let_go() {
    let (dropped, let_go) = oneshot::channel();
    let body = Arc::new(Mutex::new(Some(Endless { _dropped: dropped })));
    let endless = move || {
        let body = body.lock().unwrap().take();
        async { axum::body::Body::new(body.unwrap()) }
    };
    let limits = ServerLimits { head: PATIENCE, ..SHORT };
    let server = server(limits, Router::new().route("/", get(endless))).await;
    let mut client = connect(&server).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let outcome = tokio::time::timeout(PATIENCE, let_go).await;
    assert!(outcome.expect("the answer was held for ever").is_err());
}

#[tokio::test]
async fn what_is_not_http_ends_its_own_connection_only() {
    let server = server(LONG, greeting()).await;
    for nonsense in [&b"\x16\x03\x01\x02\0"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let mut stream = connect(&server).await;
        stream.write_all(nonsense).await.unwrap();
        stream.shutdown().await.unwrap();
        assert!(!rest(stream).await.contains("200 OK"));
    }
    let mut endless = connect(&server).await;
    endless.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    // The server may close before it has read all of it.
    let _ = endless.write_all("X-Filler: y\r\n".repeat(20_000).as_bytes()).await;
    assert!(!rest(endless).await.contains("200 OK"));
    let mut fine = connect(&server).await;
    fine.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(fine).await.ends_with("hello"));
}

#[tokio::test]
async fn stopping_answers_what_is_under_way_and_accepts_nothing_more() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (entering, leaving) = (entered.clone(), leave.clone());
    let slow = move || async move {
        entering.notify_one();
        leaving.notified().await;
        "done"
    };
    let server = server(LONG, Router::new().route("/", get(slow))).await;
    let mut client = connect(&server).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    entered.notified().await;
    let address = server.address;
    server.stop.send(()).unwrap();
    // Refused as soon as the listener is gone; until then the attempt is repeated.
    let gone = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    assert!(!server.serving.is_finished());
    leave.notify_one();
    assert!(rest(client).await.ends_with("done"));
    tokio::time::timeout(PATIENCE, server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn stopping_closes_idle_connections_and_does_not_wait_for_ever() {
    let never = || async { std::future::pending::<&'static str>().await };
    let server = server(SHORT, greeting().route("/never", get(never))).await;
    let mut stuck = connect(&server).await;
    stuck.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let idle = connect(&server).await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server.serving).await.unwrap().unwrap();
    assert_eq!(rest(idle).await, "");
}
