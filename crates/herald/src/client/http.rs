//! One HTTP/1.1 request on one connection, plain or TLS.
//!
//! Whatever the developer names is dialled: it is their machine and their wish. Redirects are not
//! followed. Trusted are the system's roots (`SSL_CERT_FILE` may name others), or Mozilla's where
//! the system has none.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::{Host, Position, Url};

/// Longest wait for a connection, the name's look-up and TLS included.
const CONNECTING: Duration = Duration::from_secs(10);

/// Makes requests. The roots are read once, when the first HTTPS URL asks for them.
#[derive(Default)]
pub(super) struct Http {
    tls: std::cell::OnceCell<TlsConnector>,
}

impl Http {
    /// Sends a request to `url`, and answers the response's head, with the body yet to be read;
    /// else why there is none. `Host` is set here; the connection ends with the body.
    pub(super) async fn send(
        &self,
        url: &Url,
        mut request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<Response<Incoming>, String> {
        let target = &url[Position::BeforePath..Position::AfterQuery];
        *request.uri_mut() = target.parse().map_err(|error| format!("{target}: {error}"))?;
        let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]);
        let host = host.map_err(|error| format!("its host cannot be sent: {error}"))?;
        request.headers_mut().insert(header::HOST, host);

        let stream = timeout(CONNECTING, self.connect(url)).await;
        let stream = stream.map_err(|_| format!("no connection within {CONNECTING:?}"))??;
        let mut http1 = hyper::client::conn::http1::Builder::new();
        // As Herald itself sends them: some receivers look headers up case-sensitively.
        http1.title_case_headers(true);
        let (mut sender, connection) =
            http1.handshake(TokioIo::new(stream)).await.map_err(|error| cause(&error))?;
        // What goes wrong with the connection is told by the request that was on it.
        tokio::spawn(connection);
        let response = timeout(patience, sender.send_request(request)).await;
        let response = response.map_err(|_| format!("no answer within {patience:?}"))?;
        response.map_err(|error| cause(&error))
    }

    async fn connect(&self, url: &Url) -> Result<Stream, String> {
        let port = url.port_or_known_default().unwrap_or(80);
        let tcp = match url.host() {
            Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
            Some(Host::Ipv4(address)) => TcpStream::connect((address, port)).await,
            Some(Host::Ipv6(address)) => TcpStream::connect((address, port)).await,
            None => return Err("it has no host".into()),
        };
        let tcp = tcp.map_err(|error| error.to_string())?;
        // A request should not wait for the answer to the segment before it.
        tcp.set_nodelay(true).map_err(|error| error.to_string())?;
        if url.scheme() != "https" {
            return Ok(Stream::Plain(tcp));
        }
        let connector = self.connector()?;
        let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
        let tls = connector.connect(name, tcp).await.map_err(|error| format!("TLS: {error}"))?;
        Ok(Stream::Tls(Box::new(tls)))
    }

    fn connector(&self) -> Result<TlsConnector, String> {
        if let Some(connector) = self.tls.get() {
            return Ok(connector.clone());
        }
        let connector = connector()?;
        Ok(self.tls.get_or_init(|| connector).clone())
    }
}

fn connector() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (usable, _unusable) = roots.add_parsable_certificates(native.certs);
    if usable == 0 {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What hyper's error comes from: its own text alone says little.
pub(super) fn cause(error: &hyper::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// The bytes of a connection.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
