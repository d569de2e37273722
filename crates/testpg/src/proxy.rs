//! A connection's bad luck: a proxy before a server that cuts connections at a chosen moment.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

/// When connections are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Instead of passing on a statement that has this text in it.
    Before(&'static str),
    /// After a statement that has this text in it was passed on; the answer never arrives.
    After(&'static str),
    /// No new connection is made, and every statement cuts its connection.
    Everything,
}

/// A proxy on a loopback address, for one server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What is to come, one after the other.
    plan: Mutex<VecDeque<Cut>>,
    cuts: AtomicUsize,
}

impl Proxy {
    /// Listens, and passes on to a server on 127.0.0.1.
    ///
    /// # Panics
    ///
    /// If it cannot listen.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.cut() == Some(Cut::Everything) {
                    continue;
                }
                tokio::spawn(pass_on(client, port, shared.clone()));
            }
        });
        Self { address, state }
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on, connections are cut like this; the first two ways happen once.
    pub fn cut(&self, cut: Cut) {
        self.cut_each([cut]);
    }

    /// The same, one way after the other.
    pub fn cut_each(&self, cuts: impl IntoIterator<Item = Cut>) {
        *self.state.plan() = cuts.into_iter().collect();
    }

    /// From now on, nothing is cut.
    pub fn heal(&self) {
        self.state.plan().clear();
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::Relaxed)
    }
}

impl State {
    fn plan(&self) -> MutexGuard<'_, VecDeque<Cut>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) -> Option<Cut> {
        self.plan().front().cloned()
    }

    /// What is done about a message: whether it is passed on, and whether the connection goes on.
    fn judge(&self, message: &[u8]) -> (bool, bool) {
        let has = |text: &str| message.windows(text.len()).any(|part| part == text.as_bytes());
        let (passed_on, goes_on) = match self.cut() {
            Some(Cut::Before(text)) if has(text) => (false, false),
            Some(Cut::After(text)) if has(text) => (true, false),
            Some(Cut::Everything) => return (false, false),
            _ => (true, true),
        };
        if !goes_on {
            self.plan().pop_front();
        }
        (passed_on, goes_on)
    }
}

async fn pass_on(client: TcpStream, port: u16, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut first = true;
    while let Ok(message) = read_message(&mut from_client, first).await {
        first = false;
        let (passed_on, goes_on) = state.judge(&message);
        if !goes_on {
            // Whatever the server answers is not heard any more.
            answers.abort();
            state.cuts.fetch_add(1, Ordering::Relaxed);
        }
        if passed_on && to_server.write_all(&message).await.is_err() {
            break;
        }
        if !goes_on {
            let _ = to_server.shutdown().await;
            break;
        }
    }
    answers.abort();
}

/// A message of the protocol: a type (but for the first one), a length, the rest.
async fn read_message(from: &mut OwnedReadHalf, first: bool) -> io::Result<Vec<u8>> {
    let mut message = vec![0; if first { 4 } else { 5 }];
    from.read_exact(&mut message).await?;
    let length = message.last_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let rest = usize::try_from(length).unwrap_or(0).saturating_sub(4);
    let begin = message.len();
    message.resize(begin + rest, 0);
    from.read_exact(&mut message[begin..]).await?;
    Ok(message)
}
