//! The embedded store: one SQLite file, one process, no other service.
//!
//! One thread writes (`writer`): whatever was asked for while the last transaction was being
//! synced becomes the next transaction, so a commit is shared by all who wait, without a timer.
//! A commit is answered only after its fsync (`synchronous=FULL`, WAL). A few connections read
//! (`readers`), never in the way of the writer. A third thread moves the log into the file
//! (`checkpoint`), so that no commit pays for it.
//!
//! Claims live in the writer's memory: there is one process, so they end with it, and what was in
//! flight is due again when the next one opens the file. That there is one process is enforced
//! (`lock`).

#![warn(missing_docs)]

mod accounts;
mod checkpoint;
mod claims;
mod codec;
mod conditions;
mod endpoints;
mod export;
mod failure;
mod fresh;
mod history;
mod lists;
mod lock;
mod maintenance;
mod manual;
mod nodes;
mod notices;
mod queue;
mod readers;
mod recording;
mod recoveries;
mod registry;
mod resources;
mod schema;
mod sessions;
mod settling;
mod spans;
mod statistics;
mod stretches;
mod tally;
mod upkeep;
mod webhooks;
mod writer;
mod writing;

use std::{path::Path, sync::Arc};

use herald_domain::id::IdSequence;
use herald_store::Result;

pub use export::Export;
pub use maintenance::{Examination, backup, examine, migrate};

/// Bytes of a page. Events of about 1 KB fill 8 KiB pages far better than 4 KiB ones.
const PAGE_SIZE: u32 = 8192;

/// The embedded store.
///
/// Dropping it ends it: what was asked for is written, the log is moved into the file. The fields
/// are dropped in their order, and only a connection that writes can move the log.
pub struct SqliteStore {
    readers: readers::Readers,
    writer: writer::Writer,
    /// Held for as long as the store is open.
    _lock: lock::FileLock,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there, brings its schema up to date. Refuses a file
    /// that another process has open, that is not Herald's, or that a newer Herald has migrated.
    pub fn open(path: &Path, ids: Arc<IdSequence>) -> Result<Self> {
        let lock = lock::FileLock::take(path)?;
        schema::prepare(path)?;
        let writer = writer::Writer::start(path, ids)?;
        let readers = readers::Readers::open(path);
        Ok(Self { writer, readers, _lock: lock })
    }
}
