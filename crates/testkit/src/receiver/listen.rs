//! Accepting connections on loopback, with or without TLS.

use std::{future::Future, net::SocketAddr, sync::Arc};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A byte stream of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// The socket under it.
    fn socket(&self) -> SockRef<'_>;
}

impl Stream for TcpStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}

impl Stream for TlsStream<TcpStream> {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self.get_ref().0)
    }
}

/// A connection that was accepted, after its TLS handshake if there is one.
pub(super) struct Accepted {
    /// Counted from 0, in the order of arrival.
    pub(super) index: usize,
    pub(super) stream: Box<dyn Stream>,
    /// What ALPN agreed on.
    pub(super) http2: bool,
}

/// A listener on a free port of 127.0.0.1 that gives each connection to `serve`, and ends with all
/// of them when it is dropped.
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Begins to listen. `arrived` is told each connection's other end, in their order, before anything is read.
pub(super) async fn listen<F>(
    tls: Option<TlsAcceptor>,
    arrived: impl Fn(SocketAddr) + Send + 'static,
    serve: impl Fn(Accepted) -> F + Send + Sync + 'static,
) -> Listening
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    let serve = Arc::new(serve);
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        for index in 0.. {
            let Ok((stream, peer)) = listener.accept().await else { return };
            arrived(peer);
            let (tls, serve) = (tls.clone(), serve.clone());
            connections.spawn(async move {
                if let Some(accepted) = accept(index, stream, tls).await {
                    serve(accepted).await;
                }
            });
            while connections.try_join_next().is_some() {}
        }
    });
    Listening { address, task }
}

/// `None` if the client did not like the certificate.
async fn accept(index: usize, stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Accepted> {
    stream.set_nodelay(true).ok()?;
    let Some(tls) = tls else {
        return Some(Accepted { index, stream: Box::new(stream), http2: false });
    };
    let stream = tls.accept(stream).await.ok()?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Some(Accepted { index, stream: Box::new(stream), http2 })
}
