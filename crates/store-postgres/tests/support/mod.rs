//! One database, and the nodes that open it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use herald_domain::id::IdSequence;
use herald_store::contract::Backend;
use herald_store_postgres::{Options, PostgresStore};
use herald_testpg::Database;
use tokio::sync::OnceCell;

/// No heartbeat comes within a test that does not ask for one: it would renew a lease that is to have
/// ended.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// A database, made when it is first opened.
#[derive(Clone, Default)]
pub(crate) struct Nodes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    database: OnceCell<Database>,
    /// Each process issues ids of its own.
    opened: AtomicU8,
}

#[allow(dead_code, reason = "the contract needs less than the tests of nodes")]
impl Nodes {
    /// On this database.
    pub(crate) fn on(database: Database) -> Self {
        Self(Arc::new(Inner { database: database.into(), opened: AtomicU8::new(0) }))
    }

    /// The database.
    pub(crate) async fn database(&self) -> &Database {
        self.0.database.get_or_init(Database::fresh).await
    }

    /// Another node.
    pub(crate) async fn node(&self, lease: Duration) -> PostgresStore {
        let url = self.database().await.url();
        self.open_at(Options { lease, ..Options::new(url) }).await
    }

    /// Another node, with these options.
    pub(crate) async fn open_at(&self, options: Options) -> PostgresStore {
        let number = self.0.opened.fetch_add(1, Ordering::Relaxed);
        let ids = Arc::new(IdSequence::new([number; 5]));
        PostgresStore::open(options, ids).await.expect("the database is there")
    }

    /// So much time has passed for every lease that a node that starts takes over at once.
    pub(crate) async fn end_leases(&self) {
        self.run("UPDATE node SET until = clock_timestamp() - interval '1 hour'").await;
    }

    /// Statements on a connection of their own.
    pub(crate) async fn run(&self, sql: &str) {
        let client = self.database().await.connect().await;
        client.batch_execute(sql).await.expect(sql);
    }

    /// The only value of a query, a whole number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let client = self.database().await.connect().await;
        let sql = format!("SELECT ({sql})::bigint");
        client.query_one(&sql, &[]).await.expect(&sql).get(0)
    }
}

impl Backend for Nodes {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        if self.0.opened.load(Ordering::Relaxed) > 0 {
            self.end_leases().await;
        }
        self.node(LONG).await
    }
}
