//! Accepting events: the hot path. What was asked for while the last commit was under way is the next
//! transaction, so a commit is shared by all who wait, without a timer.
//!
//! However many records of events share a transaction, it goes to the database as often: it begins, asks
//! for what it has to know (the versions of the environments' webhooks, the keys that were used before,
//! numbers), inserts its rows, adds to the books table after table, commits.
//!
//! Records that write resources may have to wait for rows that others write, so they are recorded
//! apart from the others, fewer at a time ([`MOST_WRITING`]). What they need of rows that are there is
//! locked for all of them at once, in one order; each that conflicts is undone alone. What takes long, or
//! locks more than others need, is recorded by itself ([`is_for_itself`]).

mod insert;
mod plan;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use herald_store::{DeliveryKey, Record, Recorded, Recording, Result, Signal, StoreError, Write};
use tokio::sync::{mpsc, oneshot};

use crate::{
    PostgresStore, Shared,
    failure::Outcome,
    heartbeat,
    node::Work,
    queue,
    tally::Tallies,
    transaction::{Ended, Tx, in_a_task, transact_marked, unknown_outcome},
    writing,
};
use insert::Rows;
use plan::Known;

/// Records of one transaction at most.
const MOST: usize = 512;

/// The same, of those that write resources. Each may be a subtransaction, of which the server keeps 64
/// at hand.
const MOST_WRITING: usize = 48;

/// Writes of one record that are too many for others to wait for.
const MANY_WRITES: usize = 16;

/// How long somebody waits for a record. If it is recorded after all, and the same is asked for with
/// the same `Idempotency-Key`, that is found; what was claimed with it is due again.
const PATIENCE: Duration = Duration::from_secs(30);

const SLOW: &str = "the database has not answered for 30 s, and whether this is recorded is not known; \
                    repeat it with the same Idempotency-Key";

/// A record that somebody waits for.
struct Asked {
    record: Record,
    answer: oneshot::Sender<Result<Recorded>>,
}

/// Gathers records, and records them together.
pub(crate) struct Recorder(mpsc::UnboundedSender<Asked>);

impl Recorder {
    /// One for events.
    pub(crate) fn start(shared: Arc<Shared>) -> Self {
        Self::start_with(shared, MOST)
    }

    /// One for records that write resources.
    pub(crate) fn start_writing(shared: Arc<Shared>) -> Self {
        Self::start_with(shared, MOST_WRITING)
    }

    /// Works for as long as it is there.
    fn start_with(shared: Arc<Shared>, most: usize) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut asked = Vec::new();
            while receiver.recv_many(&mut asked, most).await > 0 {
                record_together(&shared, std::mem::take(&mut asked)).await;
            }
        });
        Self(sender)
    }

    async fn record(&self, record: Record) -> Result<Recorded> {
        let (answer, answered) = oneshot::channel();
        let gone = || StoreError::Internal("the recorder has ended".to_owned());
        self.0.send(Asked { record, answer }).map_err(|_| gone())?;
        let slow = |_| StoreError::Unavailable(SLOW.to_owned());
        tokio::time::timeout(PATIENCE, answered).await.map_err(slow)?.map_err(|_| gone())?
    }
}

#[async_trait]
impl Recording for PostgresStore {
    async fn record(&self, record: Record) -> Result<Recorded> {
        if is_for_itself(&record) {
            let shared = self.shared.clone();
            return in_a_task(async move { record_alone(&shared, record).await }).await;
        }
        let recorder = if record.writes.is_empty() { &self.recorder } else { &self.writer };
        recorder.record(record).await
    }
}

/// Whether others do not wait with a record: each write of many is a statement, and who deletes a client
/// waits for everybody who relies on it.
fn is_for_itself(record: &Record) -> bool {
    let deletes = record.writes.iter().any(|write| matches!(write, Write::Delete(_)));
    deletes || record.writes.len() > MANY_WRITES
}

/// One transaction for all; if that fails, one for each.
async fn record_together(shared: &Arc<Shared>, asked: Vec<Asked>) {
    let (records, answers): (Vec<_>, Vec<_>) =
        asked.into_iter().map(|Asked { record, answer }| (record, answer)).unzip();
    match record_in_one(shared, records.clone()).await {
        Ok(recorded) => {
            for (answer, recorded) in answers.into_iter().zip(recorded) {
                // Whoever has hung up: what is claimed for it is due again with the others that linger.
                let _ = answer.send(Ok(recorded));
            }
        }
        Err(error) if records.len() == 1 || matches!(error, StoreError::Unavailable(_)) => {
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
        }
        Err(_) => {
            for (answer, record) in answers.into_iter().zip(records) {
                let _ = answer.send(record_alone(shared, record).await);
            }
        }
    }
}

async fn record_alone(shared: &Arc<Shared>, record: Record) -> Result<Recorded> {
    let mut recorded = record_in_one(shared, vec![record]).await?;
    recorded.pop().ok_or_else(|| StoreError::Internal("a record without an answer".to_owned()))
}

async fn record_in_one(shared: &Arc<Shared>, records: Vec<Record>) -> Result<Vec<Recorded>> {
    let records: Arc<[Record]> = records.into();
    let all = |recorded: &Vec<Recorded>| recorded.iter().flat_map(claims).collect();
    numbered(shared, all, |tx| {
        let (shared, records) = (shared.clone(), records.clone());
        async move { record_all(&tx, &shared, &records).await }
    })
    .await
}

/// A transaction that may record: `None` is its answer to a lease that is gone. `claims` says what was
/// claimed with it, to be given back if nobody can know whether it was committed.
pub(crate) async fn numbered<T, F>(
    shared: &Arc<Shared>,
    claims: impl Fn(&T) -> Vec<DeliveryKey>,
    work: impl Fn(Tx) -> F,
) -> Result<T>
where
    F: Future<Output = Outcome<Option<T>>>,
{
    for _ in 0..2 {
        let numbering = shared.node.begin_numbering();
        let value = match transact_marked(shared, &work).await {
            Ended::Known(known) => {
                shared.node.end_numbering(numbering);
                known?
            }
            Ended::Unknown(None, _) => None,
            Ended::Unknown(Some(value), mark) => {
                let (shared, doubtful) = (shared.clone(), claims(&value));
                tokio::spawn(async move {
                    queue::give_back(&shared, mark, doubtful).await;
                    shared.node.end_numbering(numbering);
                });
                return Err(unknown_outcome());
            }
        };
        if let Some(value) = value {
            return Ok(value);
        }
        heartbeat::renew(shared).await?;
    }
    Err(StoreError::Unavailable("this node loses its lease again and again".to_owned()))
}

/// What a record has claimed.
pub(crate) fn claims(recorded: &Recorded) -> Vec<DeliveryKey> {
    match recorded {
        Recorded::Accepted { claimed, .. } => claimed.iter().map(|one| one.key).collect(),
        _ => Vec::new(),
    }
}

/// Records all of these in the given transaction; `None` if this node's lease is gone.
pub(crate) async fn record_all(
    tx: &Tx,
    shared: &Arc<Shared>,
    records: &[Record],
) -> Outcome<Option<Vec<Recorded>>> {
    let Some(mut known) = Known::read(tx, shared, records).await? else { return Ok(None) };
    let writes: Vec<(i64, &[Write])> =
        records.iter().filter_map(|record| Some((known.env(record)?, &*record.writes))).collect();
    writing::lock(tx, &writes).await?;
    let mut tallies = Tallies::default();
    let mut rows = Rows::default();
    let mut recorded = Vec::with_capacity(records.len());
    for record in records {
        let planned = match known.plan(record)? {
            Ok(planned) => planned,
            Err(refused) => {
                recorded.push(refused);
                continue;
            }
        };
        if !write(tx, planned.environment.env, record, &mut tallies).await? {
            recorded.push(Recorded::Conflict);
            continue;
        }
        known.remember(record, &planned);
        recorded.push(rows.add(shared, record, &planned, &mut tallies)?);
    }
    rows.insert(tx).await?;
    let writes = records.iter().any(|record| !record.writes.is_empty());
    let work = if writes { Work::Writing } else { Work::Recording };
    tallies.write(tx, shared.node.slot(work)).await?;
    if !shared.node.dispatches() {
        // Told before the commit, at most some milliseconds: who looks too early looks again.
        rows.webhooks().for_each(|webhook| shared.signals.tell(Signal::Due(webhook)));
    }
    Ok(Some(recorded))
}

/// Carries out what a record does to resources; `false`, and nothing is done, if it conflicts.
async fn write(tx: &Tx, env: i64, record: &Record, tallies: &mut Tallies) -> Outcome<bool> {
    if record.writes.is_empty() {
        return Ok(true);
    }
    let mut of_writes = Tallies::default();
    let is_written = if writing::is_all_or_nothing(&record.writes) {
        writing::write(tx, env, &record.writes, &mut of_writes).await?
    } else {
        tx.batch("SAVEPOINT writes").await?;
        let is_written = writing::write(tx, env, &record.writes, &mut of_writes).await?;
        let end = if is_written { "RELEASE writes" } else { "ROLLBACK TO writes; RELEASE writes" };
        tx.batch(end).await?;
        is_written
    };
    if is_written {
        tallies.add(of_writes);
    }
    Ok(is_written)
}
