//! The one thread that writes, and its natural group commit.
//!
//! A job is a closure that is run inside a transaction; it answers only after the commit. While
//! one transaction is being synced, the next jobs queue up; they all become the next transaction.
//! If a job fails, the transaction is rolled back and its jobs are run again one by one, so a bad
//! one hurts nobody else. Jobs are therefore `FnMut`, and may run twice.
//!
//! After a failed commit nobody knows what the disk holds. Nothing is acknowledged again until
//! the file was opened anew and its log moved into it, with a sync that succeeded.
//!
//! The answers of a transaction are handed to the runtime together ([`Answers`]): waking a task
//! from a thread outside costs a system call, and there are hundreds to wake.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use herald_domain::id::IdSequence;
use herald_store::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::{
    checkpoint::Checkpoints, claims::Claims, failure::explain, fresh, registry::Registry,
    tally::Tallies,
};

/// Jobs of one transaction at most: bounds how long the first of them waits.
const MOST_JOBS: usize = 1_024;

/// What a job works with: the open transaction, and what the writer knows.
pub(crate) struct Session<'a> {
    /// Inside the transaction.
    pub connection: &'a Connection,
    /// Environments, webhooks and names, as of this transaction.
    pub registry: &'a mut Registry,
    /// Who holds which delivery.
    pub claims: &'a mut Claims,
    /// What this transaction changes in the books.
    pub tallies: &'a mut Tallies,
    /// The number of the next event.
    pub next_sequence: &'a mut u64,
    /// Fresh deliveries of events before this one have been so for some seconds.
    pub lingering_before: &'a mut u64,
    /// Issues the ids of deliveries.
    pub ids: &'a IdSequence,
}

/// A job: run in a transaction, perhaps twice; answered once.
trait Job: Send {
    fn run(&mut self, session: &mut Session<'_>) -> Result<()>;
    fn answer(self: Box<Self>, outcome: Result<()>);
}

struct Typed<T, F> {
    work: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnMut(&mut Session<'_>) -> Result<T> + Send> Job for Typed<T, F> {
    fn run(&mut self, session: &mut Session<'_>) -> Result<()> {
        self.result = Some((self.work)(session)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        let Self { result, reply, .. } = *self;
        let missing = || StoreError::Internal("a committed job has no result".to_owned());
        // Who asked may have gone; what was done stays done.
        let _ = reply.send(outcome.and_then(|()| result.ok_or_else(missing)));
    }
}

/// Hands answers over to the runtime, those of a transaction together.
struct Answers(tokio::sync::mpsc::UnboundedSender<Vec<Answered>>);

/// A job, and what came of its transaction.
type Answered = (Box<dyn Job>, Result<()>);

impl Answers {
    /// Answers in a task of the runtime that opens the store. It ends with the writer.
    fn start() -> Self {
        let (answers, mut given) = tokio::sync::mpsc::unbounded_channel::<Vec<_>>();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                while let Some(answered) = given.recv().await {
                    give(answered);
                }
            });
        }
        Self(answers)
    }

    fn send(&self, answered: Vec<Answered>) {
        // The runtime is gone, or the store was opened without one.
        if let Err(unsent) = self.0.send(answered) {
            give(unsent.0);
        }
    }
}

fn give(answered: Vec<Answered>) {
    for (job, outcome) in answered {
        job.answer(outcome);
    }
}

/// The handle of the writing thread. Dropping it ends the thread after its last transaction.
pub(crate) struct Writer {
    jobs: Option<mpsc::SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the file for writing and starts the thread.
    pub(crate) fn start(path: &Path, ids: Arc<IdSequence>) -> Result<Self> {
        // Twice a transaction: one that is being written, one that gathers. Beyond it, whoever
        // asks waits, and with it the client.
        let (jobs, queue) = mpsc::sync_channel(2 * MOST_JOBS);
        let mut session = WriterThread::open(path, ids)?;
        let thread = std::thread::Builder::new()
            .name("herald-writer".to_owned())
            .spawn(move || session.work_off(&queue))
            .map_err(|error| StoreError::Unavailable(format!("no writer thread: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction and answers after its commit.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Session<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError::Unavailable("the writer has stopped".to_owned());
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        let mut job: Box<dyn Job> = Box::new(Typed { work, result: None, reply });
        loop {
            match jobs.try_send(job) {
                Ok(()) => break,
                Err(mpsc::TrySendError::Full(back)) => job = back,
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(gone()),
            }
            // A full queue empties with the next transaction, a millisecond or so away.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

struct WriterThread {
    path: PathBuf,
    connection: Connection,
    registry: Registry,
    claims: Claims,
    tallies: Tallies,
    next_sequence: u64,
    lingering_before: u64,
    /// The watermark in the file: the first event that may have a fresh delivery.
    fresh_from: Option<u64>,
    ids: Arc<IdSequence>,
    checkpoints: Checkpoints,
    answers: Answers,
    /// Jobs of this round, with what came of them.
    answered: Vec<Answered>,
    /// A commit failed: the disk has to prove itself first.
    suspect: bool,
}

impl WriterThread {
    fn open(path: &Path, ids: Arc<IdSequence>) -> Result<Self> {
        let connection = connect(path).map_err(explain)?;
        let next_sequence = next_sequence(&connection).map_err(explain)?;
        fresh::make_all_due(&connection, next_sequence).map_err(explain)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            registry: Registry::default(),
            claims: Claims::default(),
            tallies: Tallies::default(),
            next_sequence,
            lingering_before: 0,
            fresh_from: None,
            ids,
            checkpoints: Checkpoints::start(path)?,
            answers: Answers::start(),
            answered: Vec::new(),
            suspect: false,
        })
    }

    fn work_off(&mut self, queue: &mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::new();
        while let Ok(first) = queue.recv() {
            batch.push(first);
            batch.extend(queue.try_iter().take(MOST_JOBS - 1));
            self.commit_together(&mut batch);
            self.answers.send(std::mem::take(&mut self.answered));
            self.checkpoints.follow(&self.connection);
        }
        if let Err(error) = crate::checkpoint::truncate_log(&self.connection) {
            tracing::debug!(%error, "the log is left to the next start");
        }
    }

    /// One transaction for all; if that fails, one for each.
    fn commit_together(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        if let Err(error) = self.prove_the_disk() {
            self.answer(batch.drain(..), &Err(error));
            return;
        }
        match self.transact(batch) {
            Ok(()) => self.answer(batch.drain(..), &Ok(())),
            Err(_) if batch.len() > 1 && !self.suspect => {
                for job in batch.drain(..) {
                    let mut alone = [job];
                    let outcome = self.prove_the_disk().and_then(|()| self.transact(&mut alone));
                    self.answer(alone, &outcome);
                }
            }
            Err(error) => self.answer(batch.drain(..), &Err(error)),
        }
    }

    fn answer(&mut self, jobs: impl IntoIterator<Item = Box<dyn Job>>, outcome: &Result<()>) {
        self.answered.extend(jobs.into_iter().map(|job| (job, outcome.clone())));
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<()> {
        self.execute("BEGIN IMMEDIATE")?;
        let first_sequence = self.next_sequence;
        let outcome = self.run_all(jobs).and_then(|()| {
            self.execute("COMMIT").inspect_err(|error| {
                tracing::error!(%error, "a commit failed");
                self.suspect = true;
            })
        });
        if outcome.is_ok() {
            self.claims.keep();
            return Ok(());
        }
        // What the writer remembers must not be ahead of the file.
        let _ = self.execute("ROLLBACK");
        self.next_sequence = first_sequence;
        self.fresh_from = None;
        self.registry = Registry::default();
        self.tallies = Tallies::default();
        self.claims.undo();
        outcome
    }

    fn run_all(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<()> {
        // Before the jobs number any event: whatever they add is behind the watermark.
        let fresh_from = self.claims.first_fresh().unwrap_or(self.next_sequence);
        let mut session = Session {
            connection: &self.connection,
            registry: &mut self.registry,
            claims: &mut self.claims,
            tallies: &mut self.tallies,
            next_sequence: &mut self.next_sequence,
            lingering_before: &mut self.lingering_before,
            ids: &self.ids,
        };
        for job in jobs {
            job.run(&mut session)?;
        }
        if self.next_sequence > fresh_from && self.fresh_from != Some(fresh_from) {
            fresh::note(&self.connection, fresh_from).map_err(explain)?;
            self.fresh_from = Some(fresh_from);
        }
        self.tallies.write(&self.connection)
    }

    fn execute(&self, sql: &str) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(explain)?;
        statement.raw_execute().map(|_| ()).map_err(explain)
    }

    /// After a failed commit: open anew, and move the log into the file with a sync that
    /// succeeds. Pages whose sync failed may be marked clean by the system without being on the
    /// disk; written into the file again, they are.
    fn prove_the_disk(&mut self) -> Result<()> {
        self.checkpoints.file_is_still_there()?;
        if !self.suspect {
            return Ok(());
        }
        let connection = connect(&self.path).map_err(explain)?;
        crate::schema::identify(&connection, &self.path)?;
        crate::checkpoint::truncate_log(&connection)?;
        self.next_sequence = next_sequence(&connection).map_err(explain)?;
        self.connection = connection;
        self.suspect = false;
        tracing::info!("the database was opened anew after a failed commit");
        Ok(())
    }
}

fn next_sequence(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT 1 + max(
                   coalesce((SELECT max(seq) FROM event), 0),
                   coalesce((SELECT value FROM meta WHERE name = 'last_expired'), 0)) AS next";
    connection.query_row(sql, [], |row| crate::codec::count(row, "next"))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // Nobody else writes, and restarting the log must not wait for a reader.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Kibibytes: index pages of the queue are written all over; 32 MiB hold those in use.
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}
