//! Moving the write-ahead log into the database file, so that no commit has to.
//!
//! A thread with a connection of its own copies what it can while the writer goes on (`PASSIVE`).
//! Then little is left, and the writer does that between two transactions, after which the log
//! starts again from its beginning (`RESTART`).

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use herald_store::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};

use crate::{PAGE_SIZE, failure::explain};

/// Bytes of the log at which it is moved. A longer log makes fewer, larger moves: pages that
/// were written many times are moved once.
const LOG_SIZE: u64 = 32 << 20;

/// Bytes of the log from which on readers are waited for. Without that, a few connections that
/// read all the time could keep it from ever starting again, and it would fill the disk.
const VERY_LONG: u64 = 8 * LOG_SIZE;

/// How long the writer then waits. All of the log has been copied at that moment, so whoever
/// begins to read meanwhile does not need it: only those that are reading now are waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the log is waited for that has to be moved whole.
const GREAT_PATIENCE: Duration = Duration::from_secs(1);

/// The thread that copies, and what the writer knows of it.
pub(crate) struct Checkpoints {
    database: PathBuf,
    wake: Option<mpsc::SyncSender<()>>,
    copied: Arc<AtomicBool>,
    copying: bool,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the copying thread.
    pub(crate) fn start(database: &Path) -> Result<Self> {
        let connection = connect(database).map_err(explain)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let copied = Arc::new(AtomicBool::new(false));
        let done = copied.clone();
        let thread = std::thread::Builder::new()
            .name("herald-checkpoint".to_owned())
            .spawn(move || {
                while woken.recv().is_ok() {
                    if let Err(error) = move_log(&connection, "PASSIVE") {
                        tracing::warn!(%error, "the log could not be moved; trying again later");
                    }
                    done.store(true, Ordering::Release);
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("no checkpoint thread: {error}")))?;
        Ok(Self {
            database: database.to_owned(),
            wake: Some(wake),
            copied,
            copying: false,
            thread: Some(thread),
        })
    }

    /// Called by the writer between transactions: wakes the thread when the log is long, and
    /// restarts the log once the thread has copied it.
    pub(crate) fn follow(&mut self, writer: &Connection) {
        if self.copying {
            if self.copied.swap(false, Ordering::Acquire) {
                self.copying = false;
                // A reader may be in the way; then the log grows on, and this is tried again.
                match restart_log(writer, patience(used(writer))) {
                    Ok(true) => {}
                    Ok(false) => tracing::debug!("the log is being read; it restarts later"),
                    Err(error) => tracing::warn!(%error, "the log could not be restarted"),
                }
            }
        } else if used(writer) >= LOG_SIZE {
            self.copying = self.wake.as_ref().is_some_and(|wake| wake.try_send(()).is_ok());
        }
    }

    /// Refuses to go on with a file that nobody will find again.
    pub(crate) fn file_is_still_there(&self) -> Result<()> {
        if fs::exists(&self.database).unwrap_or(true) {
            return Ok(());
        }
        let path = self.database.display();
        Err(StoreError::Unavailable(format!(
            "{path} was deleted while it was open; stop Herald and restore a backup"
        )))
    }
}

/// Bytes of the log in use. Its file keeps its size when the log restarts, so SQLite is asked.
fn used(writer: &Connection) -> u64 {
    let frames = writer
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
        .and_then(|mut pragma| pragma.query_row([], |row| row.get::<_, i64>(1)));
    u64::try_from(frames.unwrap_or(0)).unwrap_or(0) * u64::from(PAGE_SIZE)
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// How long a restart of a log of so many bytes may hold up the writer.
fn patience(used: u64) -> Duration {
    if used < VERY_LONG { Duration::ZERO } else { PATIENCE }
}

/// Has the log start again from its beginning, after what is left of it was moved. Whether it
/// does: somebody who still reads from it after `patience` keeps it from that.
fn restart_log(writer: &Connection, patience: Duration) -> rusqlite::Result<bool> {
    waiting_for_readers(writer, patience, || move_log(writer, "RESTART"))
}

/// Moves the whole log into the file and empties it: the file was synced when this succeeds.
pub(crate) fn truncate_log(connection: &Connection) -> Result<()> {
    let moved =
        waiting_for_readers(connection, GREAT_PATIENCE, || move_log(connection, "TRUNCATE"));
    if moved.map_err(explain)? {
        return Ok(());
    }
    Err(StoreError::Unavailable("the log is in use, and was not moved into the file".to_owned()))
}

/// Lets SQLite wait during `work`, on a connection that otherwise waits for nobody.
fn waiting_for_readers<T>(
    writer: &Connection,
    patience: Duration,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    writer.busy_timeout(patience)?;
    let outcome = work();
    writer.busy_timeout(Duration::ZERO)?;
    outcome
}

/// Moves the log; whether all that `mode` asks for was done. What is in the way is no error to
/// SQLite: it says so in the first column.
fn move_log(connection: &Connection, mode: &str) -> rusqlite::Result<bool> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    connection.prepare_cached(&sql)?.query_row([], |row| Ok(row.get::<_, i64>(0)? == 0))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
