//! A fleet: processes on one database, called `a`, `b` and so on, that can be taken away and put
//! back one by one.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use herald_testpg::Database;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Command,
};

use crate::support::{
    eventually,
    program::Server,
    world::{Keys, Running, World},
};

/// `node_lease` of nearly all tests.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// What a takeover may take beyond the lease: noticing and claiming, on a busy machine.
pub(crate) const NOTICING: Duration = Duration::from_secs(3);

/// Where a node answers, or nothing while it is away.
type Address = Option<SocketAddr>;

/// How the command of each node differs from the others': by its place in the fleet.
type Change = Box<dyn Fn(usize, &mut Command)>;

/// Processes on one database.
pub(crate) struct Fleet {
    nodes: Vec<Option<Running>>,
    addresses: Addresses,
    change: Change,
    pub(crate) keys: Keys,
    pub(crate) world: World,
    pub(crate) database: Database,
}

/// Where the nodes answer now: one that is started again answers elsewhere. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses(Arc<Mutex<Vec<Address>>>);

impl Addresses {
    /// Where somebody answers, starting with a node that was chosen; nowhere, if nobody does.
    pub(crate) fn from(&self, first: usize) -> Address {
        let addresses = self.all();
        let places = 0..addresses.len();
        places.into_iter().find_map(|more| addresses[(first + more) % addresses.len()])
    }

    fn all(&self) -> MutexGuard<'_, Vec<Address>> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

impl Fleet {
    /// Three nodes, with more variables than the usual ones.
    pub(crate) async fn with(more: &[(&'static str, &str)]) -> Self {
        Self::on(Database::fresh().await, more, 3, |_, _| ()).await
    }

    /// So many nodes on this database, each with a command of its own.
    pub(crate) async fn on(
        database: Database,
        more: &[(&'static str, &str)],
        count: usize,
        change: impl Fn(usize, &mut Command) + 'static,
    ) -> Self {
        let (url, lease) = (database.url(), format!("{}s", LEASE.as_secs()));
        let usual = [("HERALD_DATABASE_URL", url.as_str()), ("HERALD_NODE_LEASE", lease.as_str())];
        let world = World::with(&[&usual, more].concat()).await;
        let first = world.first_start_as(|command| prepared(command, 0, &change)).await;
        let keys = first.keys.clone();
        let addresses = Addresses::default();
        let change = Box::new(change);
        let mut fleet = Self { nodes: Vec::new(), addresses, change, keys, world, database };
        fleet.put(0, first);
        for place in 1..count {
            fleet.begin(place).await;
        }
        fleet
    }

    /// Starts a node that is not there.
    pub(crate) async fn begin(&mut self, place: usize) {
        let command = prepared(self.world.herald(&["serve"]), place, &self.change);
        let server = Server::start(command).await;
        self.put(place, Running { server, keys: self.keys.clone() });
    }

    fn put(&mut self, place: usize, running: Running) {
        let mut addresses = self.addresses.all();
        if addresses.len() <= place {
            addresses.resize(place + 1, None);
            self.nodes.resize_with(place + 1, || None);
        }
        addresses[place] = Some(running.server.address);
        self.nodes[place] = Some(running);
    }

    /// Takes a node out, to end it: nobody is sent there any more.
    pub(crate) fn take(&mut self, place: usize) -> Server {
        self.addresses.all()[place] = None;
        self.nodes[place].take().expect("it is there").server
    }

    pub(crate) fn node(&self, place: usize) -> &Running {
        self.nodes[place].as_ref().expect("it is there")
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// How many there are, those that are away included.
    pub(crate) fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Publishes so many events at one node, with one request.
    pub(crate) async fn publish(&self, place: usize, event_type: &str, count: usize) {
        let event = |number| {
            json!({
                "accountId": self.keys.account,
                "environment": "test",
                "type": event_type,
                "resource": { "id": format!("client-{number}") },
            })
        };
        let events: Vec<_> = (0..count).map(event).collect();
        let batch = json!({ "events": events });
        self.node(place).operator().post("/operator/v1/events/batch", &batch).await.good();
    }

    /// What a node measures of itself.
    pub(crate) async fn metrics(&self, place: usize) -> Metrics {
        let answer = ask(self.node(place).server.address, "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        Metrics(answer)
    }

    /// Waits until a node has nothing in hand: nothing waits in its memory, or is in flight, or has
    /// ended and is not recorded.
    pub(crate) async fn is_quiet(&self, place: usize) {
        eventually("a node has nothing in hand", async || {
            let metrics = self.metrics(place).await;
            let hand = ["herald_attempts_in_hand", "herald_deliveries_in_memory"];
            (hand.iter().all(|series| metrics.sum(series) == 0)).then_some(())
        })
        .await;
    }

    /// Waits until so much waits in a node's memory, at least, behind what it has in flight.
    pub(crate) async fn has_waiting(&self, place: usize, count: usize) {
        eventually("deliveries wait in the memory of a node", async || {
            let waiting = self.metrics(place).await.sum("herald_deliveries_in_memory");
            (waiting >= count as u64).then_some(())
        })
        .await;
    }

    /// Waits until each node that is there has renewed its lease so often that it knows of all the
    /// others, and acts on it: it looks around with every other heartbeat.
    pub(crate) async fn know_each_other(&self) {
        const RENEWALS: usize = 4;
        let client = self.database.connect().await;
        let present = self.nodes.iter().flatten().count();
        let sql = "SELECT string_agg(lease || ' ' || until, ',' ORDER BY lease) FROM node";
        let mut last = vec![String::new(); present];
        let mut renewed = vec![0; present];
        eventually("the nodes know each other", async || {
            let row = client.query_one(sql, &[]).await.expect("the database answers");
            let leases: String = row.get(0);
            let leases: Vec<_> = leases.split(',').map(ToOwned::to_owned).collect();
            if leases.len() != present {
                return None;
            }
            for (place, lease) in leases.into_iter().enumerate() {
                renewed[place] += usize::from(lease != last[place]);
                last[place] = lease;
            }
            renewed.iter().all(|times| *times > RENEWALS).then_some(())
        })
        .await;
    }

    /// Waits until nothing is pending, as each node sees it; then so many deliveries are delivered, by
    /// every account there is of it, and the books balance.
    pub(crate) async fn has_delivered(&self, deliveries: usize) {
        let deliveries = deliveries as u64;
        for place in (0..self.size()).filter(|place| self.nodes[*place].is_some()) {
            let states = ["delivered", "pending", "exhausted", "held", "cancelled"];
            let books = async || {
                let metrics = self.metrics(place).await;
                states.map(|state| metrics.of(&format!("herald_deliveries{{state=\"{state}\"}}")))
            };
            eventually("nothing is pending", async || (books().await[1] == 0).then_some(())).await;
            assert_eq!(books().await, [deliveries, 0, 0, 0, 0], "{states:?}");
        }
        assert_eq!(self.node(0).api().count("delivered").await, deliveries);
        let examined = herald_store_postgres::examine(&self.database.url()).await;
        let content = examined.expect("it can be examined").content.expect("there are tables");
        assert_eq!((content.unbalanced, content.miscounted), (0, 0), "the books balance");
    }
}

fn prepared(mut command: Command, place: usize, change: &dyn Fn(usize, &mut Command)) -> Command {
    command.env("HERALD_NODE_NAME", name(place));
    change(place, &mut command);
    command
}

/// What the node at this place is called.
pub(crate) fn name(place: usize) -> &'static str {
    ["a", "b", "c"][place]
}

/// What a node answers to a request that needs no key, head and body.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    answer
}

/// What a node measures of itself.
#[derive(Debug)]
pub(crate) struct Metrics(String);

impl Metrics {
    /// The value of one series; 0 if there is none yet.
    pub(crate) fn of(&self, series: &str) -> u64 {
        self.lines(series).find_map(|rest| rest.strip_prefix(' ')?.parse().ok()).unwrap_or(0)
    }

    /// The sum over the labels of a name.
    pub(crate) fn sum(&self, name: &str) -> u64 {
        let values = self.lines(name).filter(|rest| rest.starts_with([' ', '{']));
        values.filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    fn lines<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.lines().filter_map(move |line| line.strip_prefix(prefix))
    }
}
