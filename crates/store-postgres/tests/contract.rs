//! The store for several nodes keeps every law of the store's contract.

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

/// One database, opened by one process after another.
struct Databases {
    database: OnceCell<Database>,
    /// Each process issues ids of its own.
    processes: AtomicU8,
}

impl Databases {
    fn new() -> Self {
        Self { database: OnceCell::new(), processes: AtomicU8::new(0) }
    }
}

impl Backend for Databases {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        let database = self.database.get_or_init(Database::fresh).await;
        let process = self.processes.fetch_add(1, Ordering::Relaxed);
        if process > 0 {
            // The process before is gone, and as much time has passed as others wait for it.
            let end = "UPDATE node SET until = clock_timestamp()";
            database.connect().await.batch_execute(end).await.expect("the lease ends");
        }
        let ids = Arc::new(IdSequence::new([process; 5]));
        // No heartbeat comes within a test: it would renew a lease that is to have ended.
        let lease = Duration::from_secs(3600);
        let options = Options { lease, ..Options::new(database.url()) };
        PostgresStore::open(options, ids).await.expect("the database is there")
    }
}

herald_store::store_contract!(Databases::new());
