//! The store for several nodes: one PostgreSQL database, any number of processes.
//!
//! Every intent is one transaction (`transaction`), in a task of its own. What is hot is done for
//! many at once: records that came while the last commit was under way share the next one
//! (`recording`), so do settlements (`settling`); their statements take arrays.
//!
//! A node holds what it has claimed under a lease (`node`), which it renews by heartbeats, by the
//! database's clock. Whoever notices that another's lease has ended removes it, and takes over. Each
//! claimed row names the lease it is claimed under, and the update that settles it asks for it: what
//! a node does too late changes nothing.
//!
//! Nodes tell each other what they have to know at once by NOTIFY (`signals`); what is not heard is
//! found by looking around, every other second.

#![warn(missing_docs)]

mod accounts;
mod codec;
mod conditions;
mod connecting;
mod endpoints;
mod failure;
mod heartbeat;
mod history;
mod import;
mod lists;
mod maintenance;
mod manual;
mod node;
mod notices;
mod queue;
mod recording;
mod recoveries;
mod registry;
mod resources;
mod schema;
mod server;
mod sessions;
mod settling;
mod shown;
mod signals;
mod statistics;
mod tally;
mod time;
mod transaction;
mod upkeep;
mod url;
mod webhooks;
mod writing;

use std::{sync::Arc, time::Duration};

use herald_domain::id::IdSequence;
use herald_store::Result;
use tokio::sync::watch;

pub use import::Import;
pub use maintenance::{Content, Examination, NodeSeen, examine, migrate, shown_url};
pub use time::DatabaseTime;

use connecting::{Pool, Target};
use node::Node;
use recording::Recorder;
use registry::Registry;
use signals::Signals;
use upkeep::Expiry;

/// A node that was silent for so long is not waited for by one that starts.
const LONG_AGO: Duration = Duration::from_secs(600);

/// How a node uses the database.
#[derive(Clone)]
pub struct Options {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    /// Connections at most, beside two that each node has anyway.
    pub connections: usize,
    /// What other nodes and people see of this one.
    pub name: String,
    /// Whether it dispatches. One that does not leaves what it accepts to the others.
    pub dispatches: bool,
    /// How long others wait for a node that is silent, before they take over.
    pub lease: Duration,
}

impl Options {
    /// As many connections as a small node needs, a lease of ten seconds.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 16,
            name: String::new(),
            dispatches: true,
            lease: Duration::from_secs(10),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A node's part of the store.
///
/// Dropping it stops its heartbeats, as the end of its process would: others take over when its
/// lease has ended. [`herald_store::Nodes::leave`] ends it in order.
pub struct PostgresStore {
    shared: Arc<Shared>,
    recorder: Recorder,
    /// Records what writes resources.
    writer: Recorder,
    /// Dropped with the store: then what runs beside it ends.
    _alive: watch::Sender<()>,
}

/// What the store's tasks share.
struct Shared {
    pools: Pools,
    ids: Arc<IdSequence>,
    registry: Registry,
    node: Node,
    signals: Signals,
    time: DatabaseTime,
    expiry: Expiry,
}

/// Connections: those that write do not wait for those that read.
struct Pools {
    writes: Pool,
    reads: Pool,
    /// One, for what must not wait.
    beats: Pool,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Joins the nodes of a database, and brings its schema up to date. Refuses a server that would
    /// lose what it has committed, a schema that is newer than this program can work with, and a
    /// database that is being filled from another ([`Import`]).
    pub async fn open(options: Options, ids: Arc<IdSequence>) -> Result<Self> {
        let target = Target::parse(&options.url)?.with_lease(options.lease);
        let connections = options.connections.max(4);
        let pools = Pools {
            writes: target.pool(connections - connections / 3)?,
            reads: target.pool(connections / 3)?,
            beats: target.pool(1)?,
        };
        server::check(&pools.writes).await?;
        schema::prepare(&pools.writes).await?;
        let time = DatabaseTime::default();
        let node = Node::join(&pools.writes, &options, &time).await?;
        let (alive, ends) = watch::channel(());
        let shared = Arc::new(Shared {
            pools,
            ids,
            registry: Registry::default(),
            node,
            signals: Signals::default(),
            time,
            expiry: Expiry::default(),
        });
        // From others it takes over when it has been there for as long as a lease: the database may
        // have been away from all of them.
        heartbeat::take_over(&shared, LONG_AGO).await;
        tokio::spawn(heartbeat::beat(shared.clone(), ends.clone()));
        tokio::spawn(signals::listen(shared.clone(), target, ends.clone()));
        tokio::spawn(signals::tell(shared.clone(), ends));
        let recorder = Recorder::start(shared.clone());
        let writer = Recorder::start_writing(shared.clone());
        Ok(Self { shared, recorder, writer, _alive: alive })
    }

    /// The database's clock, by which every node goes.
    pub fn time(&self) -> DatabaseTime {
        self.shared.time.clone()
    }
}
