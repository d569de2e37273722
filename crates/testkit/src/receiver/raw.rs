//! A receiver that plays bytes, and can break every rule there is.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::interval,
};

use super::{
    gate::Gate,
    listen::{Accepted, Listening, Stream, listen},
};
use crate::tls::Identity;

/// A test that waits longer than this waits for something that will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One thing to do on a connection. Bytes that arrive are noted in every step that waits.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads one whole HTTP/1.1 request.
    ReadRequest,
    /// Reads until these bytes have come, counted from the connection's beginning.
    ReadUntil(&'static [u8]),
    /// Writes.
    Write(Vec<u8>),
    /// Writes one byte at each tick: slowness is the fault, so this is the one place for a timer.
    Drip(Vec<u8>, Duration),
    /// Writes the same again and again, as fast as it goes, until the client closes.
    Flood(Vec<u8>),
    /// Waits for the test.
    Wait(Gate),
    /// Tells the test that it has come this far.
    Open(Gate),
    /// Reads on without ever answering, until the client closes.
    Hang,
    /// Ends at once with a RST instead of a FIN. What the client wrote and nobody read is lost.
    Reset,
}

/// What came on one connection.
#[derive(Clone, Debug)]
pub struct RawConnection {
    /// The client's end of it.
    pub peer: SocketAddr,
    /// Every byte, after TLS if there is TLS.
    pub bytes: Vec<u8>,
    /// Whether the steps are over, because they came to their end or the client closed.
    pub over: bool,
}

type Log = watch::Sender<Vec<RawConnection>>;

/// A receiver that plays bytes.
pub struct RawReceiver {
    listening: Listening,
    scheme: &'static str,
    log: Arc<Log>,
}

impl std::fmt::Debug for RawReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawReceiver").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl RawReceiver {
    /// Without TLS. `script` is given each connection's index and says what happens on it; at the
    /// end of the steps the connection is closed.
    pub async fn start(script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::listen("http", None, script).await
    }

    /// Within TLS, where `protocol` (`h2`, `http/1.1`) is agreed on. Steps begin after the
    /// handshake, and [`Step::Reset`] closes without a TLS alert.
    pub async fn start_tls(
        identity: &Identity,
        protocol: &str,
        script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::listen("https", Some(identity.acceptor(&[protocol])), script).await
    }

    async fn listen(
        scheme: &'static str,
        tls: Option<tokio_rustls::TlsAcceptor>,
        script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let log = Arc::new(Log::new(Vec::new()));
        let counter = log.clone();
        let arrived = move |peer| {
            let connection = RawConnection { peer, bytes: Vec::new(), over: false };
            counter.send_modify(|all| all.push(connection));
        };
        let notes = log.clone();
        let serve = move |accepted: Accepted| {
            let steps = script(accepted.index);
            play(accepted, steps, notes.clone())
        };
        Self { listening: listen(tls, arrived, serve).await, scheme, log }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// The URL of `path` (with its slash) by address.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address())
    }

    /// What came on each connection so far.
    pub fn noted(&self) -> Vec<RawConnection> {
        self.log.borrow().clone()
    }

    /// How many connections there were, exactly. Connections are accepted in their order, so once
    /// one that is made here has been accepted, all that came before it have been counted.
    ///
    /// Call it at the end: the connection that is made here is noted as well.
    pub async fn connections(&self) -> usize {
        let marker = TcpStream::connect(self.address()).await.expect("it listens");
        let marker = marker.local_addr().expect("a connected socket has an address");
        let place = |all: &Vec<RawConnection>| all.iter().position(|one| one.peer == marker);
        place(&self.wait(|all| place(all).is_some()).await).expect("it was waited for")
    }

    /// Waits until connection `index` is over, and returns what came on it.
    pub async fn wait_for_end(&self, index: usize) -> RawConnection {
        let over = |all: &Vec<RawConnection>| all.get(index).is_some_and(|one| one.over);
        self.wait(over).await.swap_remove(index)
    }

    async fn wait(&self, is_so: impl FnMut(&Vec<RawConnection>) -> bool) -> Vec<RawConnection> {
        let mut log = self.log.subscribe();
        let Ok(log) = tokio::time::timeout(PATIENCE, log.wait_for(is_so)).await else {
            panic!("it did not come to that: {:?}", self.noted());
        };
        log.expect("the sender lives as long as the receiver").clone()
    }
}

struct Play {
    index: usize,
    stream: Box<dyn Stream>,
    log: Arc<Log>,
    buffer: Vec<u8>,
    /// Bytes of earlier requests, which [`Step::ReadRequest`] passes over.
    consumed: usize,
}

async fn play(accepted: Accepted, steps: Vec<Step>, log: Arc<Log>) {
    let Accepted { index, stream, .. } = accepted;
    let mut play =
        Play { index, stream, log: log.clone(), buffer: vec![0; 16 * 1024], consumed: 0 };
    for step in steps {
        if play.step(step).await.is_none() {
            break;
        }
    }
    drop(play);
    log.send_modify(|all| all[index].over = true);
}

impl Play {
    /// `None` once the client has closed.
    async fn step(&mut self, step: Step) -> Option<()> {
        match step {
            Step::ReadRequest => {
                while !self.has_request() {
                    self.read().await?;
                }
            }
            Step::ReadUntil(needle) => {
                while !self.log.borrow()[self.index]
                    .bytes
                    .windows(needle.len())
                    .any(|w| w == needle)
                {
                    self.read().await?;
                }
            }
            Step::Write(bytes) => self.write(&bytes).await?,
            Step::Drip(bytes, tick) => {
                let mut ticks = interval(tick);
                for byte in bytes {
                    ticks.tick().await;
                    self.write(&[byte]).await?;
                }
            }
            Step::Flood(bytes) => loop {
                self.write(&bytes).await?;
            },
            Step::Wait(gate) => gate.passed().await,
            Step::Open(gate) => gate.open(),
            Step::Hang => loop {
                self.read().await?;
            },
            Step::Reset => {
                self.stream.socket().set_linger(Some(Duration::ZERO)).ok()?;
                return None;
            }
        }
        Some(())
    }

    async fn read(&mut self) -> Option<()> {
        let count = self.stream.read(&mut self.buffer).await.ok().filter(|count| *count > 0)?;
        let (read, index) = (&self.buffer[..count], self.index);
        self.log.send_modify(|all| all[index].bytes.extend_from_slice(read));
        Some(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()?;
        self.stream.flush().await.ok()
    }

    /// Whether a whole request lies behind those that were read before; then it is passed over.
    fn has_request(&mut self) -> bool {
        let log = self.log.borrow();
        let bytes = &log[self.index].bytes[self.consumed..];
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
        let body: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let whole = bytes.len() >= end + 4 + body;
        if whole {
            self.consumed += end + 4 + body;
        }
        whole
    }
}
