//! The listening side: connections, their limits, and stopping without cutting anyone off.
//!
//! One task a connection; an idle one costs a task, a timer and one read buffer, so ten thousand
//! of them are cheap. A head has a time in which to arrive, which also ends idle connections; a
//! body has one too (`input::body`), and an answer one in which to be taken. hyper answers what is
//! not HTTP by itself.

use std::{io, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};

/// Largest head of a request, bytes; also the largest piece of a body that is read at once.
const HEAD: usize = 64 * 1024;

/// Accepting failed for want of something (file descriptors, memory): how long to let it pass.
const BREATH: Duration = Duration::from_millis(100);

/// How long a server waits for its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// From the connection, or from the end of the last request, to the end of the next head.
    pub head: Duration,
    /// Without any of a waiting answer being taken by the client. Kept by the kernel
    /// (`TCP_USER_TIMEOUT`), on Linux only.
    pub stall: Duration,
    /// From the signal to stop until connections that are still open are dropped.
    pub farewell: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            farewell: Duration::from_secs(35),
        }
    }
}

/// Serves until `shutdown`; then accepts nothing more, lets every request under way be answered,
/// and returns when all connections are closed or the time for that is over.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    serve_within(ServerLimits::default(), listener, router, shutdown).await;
}

/// [`serve`] with other limits than the usual ones.
pub async fn serve_within(
    limits: ServerLimits,
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    tokio::select! {
        () = shutdown => {}
        () = accept(&listener, &router, limits, &graceful) => {}
    }
    drop(listener);
    if tokio::time::timeout(limits.farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were still open and are dropped");
    }
}

/// Accepts connections for ever.
async fn accept(
    listener: &TcpListener,
    router: &Router,
    limits: ServerLimits,
    graceful: &GracefulShutdown,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, router.clone(), limits, graceful.watcher()));
            }
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "connections cannot be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Serves one connection to its end. A client that misbehaves ends its own.
async fn connection(stream: TcpStream, router: Router, limits: ServerLimits, watcher: Watcher) {
    if let Err(error) = prepare(&stream, limits) {
        tracing::debug!(%error, "a connection cannot be prepared");
    }
    // Without `pipeline_flush`: with it, hyper buffers answers without a bound, and a client that
    // asks and never reads would fill the memory.
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(serving).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// An answer goes out at once, and does not wait for ever for a client that takes none of it.
fn prepare(stream: &TcpStream, limits: ServerLimits) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limits.stall))?;
    #[cfg(not(target_os = "linux"))]
    let _ = limits;
    Ok(())
}

fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
