//! From a destination to a connection: judge, connect, secure.
//!
//! The only place in Herald that opens sockets for customers' URLs. Each connection is judged when
//! it is dialled: a name is looked up once, all its answers are judged, and the socket is connected
//! to one of those very values. Nothing between the verdict and the SYN could change the address.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use herald_domain::{
    attempt::{ErrorClass, Failure},
    guard::{self, AnswersProblem, Host, NameVerdict, Policy, Scheme, Target},
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

use super::{
    client::{Progress, Stage},
    connection::{Http1, Http2},
    failure::{failure, forbidden, unanswered, unconnected, unresolved},
    resolve::{Resolve, ResolveError},
    tls,
    wire::{FreshLook, Wire},
};

/// Addresses of one name that are tried. Each has its share of the time that is left, so a name
/// with a hundred addresses must not leave each of them too little.
const ADDRESSES_TRIED: usize = 4;

/// What dialling needs to know.
pub(super) struct Dialler {
    pub(super) policy: Policy,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) tls: TlsConnector,
}

/// A new connection. What it speaks is agreed in the TLS handshake (ALPN).
pub(super) enum Dialled {
    Http1(Http1),
    Http2(Http2),
}

impl Dialler {
    /// A new connection to `target`, made by `deadline`. The caller ends it then; here the
    /// deadline only decides how long each of several addresses is tried.
    pub(super) async fn dial(
        &self,
        target: &Target,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Dialled, Failure> {
        progress.stage = Stage::Resolving;
        let addresses = self.addresses(target).await?;
        progress.stage = Stage::Connecting;
        let (stream, address) = connect(&addresses, target.port(), deadline, progress).await?;
        let wire = Wire::new(stream);
        let look = wire.fresh_look();
        match target.scheme() {
            Scheme::Http => open_http1(wire, look, address).await,
            Scheme::Https => {
                progress.stage = Stage::Securing;
                self.secure(wire, look, target, address).await
            }
        }
    }

    /// The addresses that may be dialled now, in the order to try them; never empty.
    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Failure> {
        if target.scheme() == Scheme::Http && !self.policy.allows_http() {
            return Err(failure(ErrorClass::Internal, "Plain http is not allowed any more."));
        }
        let refused = |reason: guard::Forbidden| forbidden(&reason, target.origin());
        match target.host() {
            // Judged already when the URL was, but perhaps under another policy.
            Host::Address(ip) => {
                guard::judge_address(&self.policy, *ip).map_err(refused)?;
                Ok(vec![*ip])
            }
            Host::Name(name) => match guard::judge_name(&self.policy, name).map_err(refused)? {
                NameVerdict::Loopback(addresses) => Ok(addresses),
                NameVerdict::Resolve => {
                    let answers = match self.resolver.resolve(name).await {
                        // The guard knows for which names "no address" must not be told.
                        Err(ResolveError::NotFound) => Vec::new(),
                        answers => answers.map_err(unresolved)?,
                    };
                    guard::judge_answers(&self.policy, name, &answers).map_err(|problem| {
                        match problem {
                            AnswersProblem::Empty => unresolved(ResolveError::NotFound),
                            AnswersProblem::Forbidden(reason) => refused(reason),
                        }
                    })
                }
            },
        }
    }

    async fn secure(
        &self,
        wire: Wire,
        look: FreshLook,
        target: &Target,
        address: SocketAddr,
    ) -> Result<Dialled, Failure> {
        let name = match target.host() {
            Host::Address(ip) => ServerName::from(*ip),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
                // A name that DNS takes and certificates cannot: with `_` at a label's end.
                failure(ErrorClass::TlsCertificate, "No certificate can be valid for this host.")
            })?,
        };
        let stream = self.tls.connect(name, wire).await.map_err(|error| tls::unsecured(&error))?;
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() == Some(b"h2") {
            let line = Http2::open(stream, address).await;
            return line.map(Dialled::Http2).map_err(|error| unanswered(&error));
        }
        open_http1(stream, look, address).await
    }
}

async fn open_http1(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    look: FreshLook,
    address: SocketAddr,
) -> Result<Dialled, Failure> {
    let connection = Http1::open(io, look, address).await;
    connection.map(Dialled::Http1).map_err(|error| unanswered(&error))
}

/// Connects to the first address that accepts. Each but the last has an equal share of the time
/// that is left, so that a silent address does not eat the time of those after it.
async fn connect(
    addresses: &[IpAddr],
    port: u16,
    deadline: Instant,
    progress: &mut Progress,
) -> Result<(TcpStream, SocketAddr), Failure> {
    let count = addresses.len().min(ADDRESSES_TRIED);
    let mut last = failure(ErrorClass::ConnectionFailed, "The receiver could not be reached.");
    for (index, ip) in addresses[..count].iter().enumerate() {
        let address = SocketAddr::new(*ip, port);
        progress.address = Some(address);
        let left = u32::try_from(count - index).unwrap_or(u32::MAX);
        let share = deadline.duration_since(Instant::now()) / left;
        last = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A request is one write, and its end must not wait for an acknowledgement.
                stream.set_nodelay(true).map_err(|error| unconnected(&error))?;
                return Ok((stream, address));
            }
            Ok(Err(error)) => unconnected(&error),
            Err(_elapsed) => unconnected(&std::io::ErrorKind::TimedOut.into()),
        };
    }
    Err(last)
}
