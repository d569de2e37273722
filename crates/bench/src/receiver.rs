//! The receiver: the other end of every webhook, the same for every row.
//!
//! It answers each POST with an empty 200 as fast as it can and notes it in the [`Ledger`]. A
//! webhook's URL ends with its slot, `/w/3`; at `/hang/3` requests are read and never answered.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    http1::{Message, Messages},
    ledger::Ledger,
    tls::Authority,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A receiver on a port of its own. Dropping it closes the port.
#[derive(Debug)]
pub(crate) struct Receiver {
    origin: String,
    connections: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Receiver {
    /// Starts to listen on loopback; with TLS, if there is an authority that vouches for it.
    pub(crate) async fn start(ledger: &Arc<Ledger>, tls: Option<&Authority>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", listener.local_addr()?);
        let acceptor = tls.map(Authority::acceptor).transpose()?;
        let connections = Arc::new(AtomicU64::new(0));
        let (ledger, accepted) = (ledger.clone(), connections.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, acceptor.clone(), ledger.clone()));
            }
        });
        Ok(Self { origin, connections, accepting })
    }

    /// How many connections were opened: many more than are needed at a time is work for nothing.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// The URL of the webhook in this slot.
    pub(crate) fn url(&self, slot: usize) -> String {
        format!("{}/w/{slot}", self.origin)
    }

    /// The URL of the webhook in this slot, if it is one that hangs.
    pub(crate) fn hanging_url(&self, slot: usize) -> String {
        format!("{}/hang/{slot}", self.origin)
    }
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>, ledger: Arc<Ledger>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match acceptor {
        None => answer_all(stream, &ledger).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer_all(stream, &ledger).await;
            }
        }
    }
}

/// Answers until the connection ends; how it ends is the sender's affair.
async fn answer_all<S: AsyncRead + AsyncWrite + Unpin>(stream: S, ledger: &Ledger) {
    let mut messages = Messages::new(stream);
    while let Ok(Some(message)) = messages.next().await {
        let answered = note(ledger, &message);
        if answered && messages.send(OK).await.is_err() {
            return;
        }
    }
}

/// Notes a request; answers whether it is to be answered.
fn note(ledger: &Ledger, request: &Message<'_>) -> bool {
    let target = std::str::from_utf8(request.second_word()).unwrap_or_default();
    if target.starts_with("/hang/") {
        return false;
    }
    let slot = target.strip_prefix("/w/").and_then(|slot| slot.parse().ok());
    // A slot that does not exist makes it a stray.
    ledger.note(slot.unwrap_or(usize::MAX), request.body);
    true
}
