//! The embedded store keeps every law of the store's contract.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use herald_domain::id::IdSequence;
use herald_store::contract::Backend;
use herald_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// One database file, opened by one process after another.
struct Files {
    folder: TempDir,
    /// Each process issues ids of its own.
    processes: AtomicU8,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the database");
        Self { folder, processes: AtomicU8::new(0) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("herald.db")
    }
}

impl Backend for Files {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        let process = self.processes.fetch_add(1, Ordering::Relaxed);
        let ids = Arc::new(IdSequence::new([process; 5]));
        SqliteStore::open(&self.path(), ids).expect("the former process has let go of the file")
    }
}

herald_store::store_contract!(Files::new());
