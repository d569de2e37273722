//! Bare signed POSTs: what Herald's deliveries would cost if there were nothing else.
//!
//! The same library, the same eight headers, the same two signatures as a delivery of Herald's, on
//! connections that stay open. L0 and the L1 server are made of this.

use std::{
    net::SocketAddr,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use herald_domain::{
    id::EventId,
    signature::{Secret, Signer, notification_headers},
};
use http::{HeaderName, HeaderValue, Method, Request, Uri, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::tls;

/// The secret of webhooks that are not Herald's.
const SECRET: &str = "abcdefghijklmnopqrstuvwxyz012345";

/// Where signed POSTs go.
#[derive(Clone)]
pub(crate) struct Destination {
    address: SocketAddr,
    host: HeaderValue,
    path: Uri,
    signer: Signer,
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Destination").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Destination {
    /// A webhook's URL, with an address for its host; with the authority that an `https` one is
    /// vouched for by.
    pub(crate) fn new(url: &str, authority: Option<&Path>) -> Result<Self> {
        let url: Uri = url.parse()?;
        let host = url.authority().context("a webhook's URL has a host")?.as_str();
        let secret = Secret::new(SECRET)?;
        Ok(Self {
            address: host.parse()?,
            host: HeaderValue::from_str(host)?,
            path: url.path().parse()?,
            signer: Signer::new(&secret),
            tls: authority.map(tls::connector).transpose()?,
        })
    }
}

/// One connection that posts.
#[derive(Debug)]
pub(crate) struct Poster {
    destination: Destination,
    sender: http1::SendRequest<Full<Bytes>>,
}

impl Poster {
    pub(crate) async fn connect(destination: &Destination) -> Result<Self> {
        let stream = TcpStream::connect(destination.address).await?;
        stream.set_nodelay(true)?;
        let sender = match &destination.tls {
            None => handshake(stream).await?,
            Some(connector) => {
                let name = ServerName::from(destination.address.ip());
                handshake(connector.connect(name, stream).await?).await?
            }
        };
        Ok(Self { destination: destination.clone(), sender })
    }

    /// Signs and posts one event, and waits for its acknowledgement.
    pub(crate) async fn post(&mut self, event: EventId, body: Bytes) -> Result<()> {
        self.sender.ready().await?;
        let response = self.sender.send_request(self.request(event, body)?).await?;
        ensure!(response.status().is_success(), "the receiver answered {}", response.status());
        response.into_body().collect().await?;
        Ok(())
    }

    fn request(&self, event: EventId, body: Bytes) -> Result<Request<Full<Bytes>>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let signatures = self.destination.signer.sign(event, i64::try_from(now)?, &body);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.destination.path.clone();
        request.headers_mut().insert(HOST, self.destination.host.clone());
        for (name, value) in notification_headers(event, &signatures) {
            request
                .headers_mut()
                .insert(HeaderName::try_from(name)?, HeaderValue::from_str(&value)?);
        }
        Ok(request)
    }
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<http1::SendRequest<Full<Bytes>>> {
    let mut builder = http1::Builder::new();
    let (sender, connection) =
        builder.title_case_headers(true).handshake(TokioIo::new(stream)).await?;
    // How it ends is seen by whoever posts on it.
    tokio::spawn(connection);
    Ok(sender)
}
