//! A few connections that read: they see what is committed, and never wait for the writer.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use herald_store::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::failure::explain;

/// How many read at once. Reads are short; more would only compete for two cores.
const CONNECTIONS: usize = 4;

/// The connections, opened when first needed.
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    pub(crate) fn open(path: &Path) -> Self {
        let shared = Shared {
            path: path.to_owned(),
            idle: Mutex::default(),
            permits: Semaphore::new(CONNECTIONS),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs a read in a thread of its own, inside one transaction, so that all its queries see
    /// the same moment.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = self.shared.clone();
        let task = async {
            let _permit = self.shared.permits.acquire().await;
            tokio::task::spawn_blocking(move || shared.run(query)).await
        };
        task.await.map_err(|error| StoreError::Internal(error.to_string()))?
    }
}

impl Shared {
    fn run<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path).map_err(explain)?,
        };
        let answer = {
            let transaction = connection.transaction().map_err(explain)?;
            query(&transaction)
        };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        answer
    }
}

/// A connection that can only read.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
