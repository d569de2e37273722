//! Transactions: each is one task of its own, so that nobody who hangs up drops it halfway, and
//! each is committed only after the database has answered everything in it.
//!
//! What two transactions do to each other's rows may make the database refuse one: it is run again
//! (so a piece of work is a function, and takes what it needs by reference). If the connection is
//! lost before the commit was sent, nothing has happened, and it is run again too. If it is lost
//! while the commit is under way, nobody knows. So a transaction leaves a mark (`commit_mark`), and
//! whoever wants to know puts down the same mark: if it is there, the transaction is committed; if it
//! was not, it never will be, since it could not put its own down any more. (A mark says whose it is,
//! since who asks may not be answered either, and ask again. Asking by
//! `pg_xact_status` would not do: after a crash numbers of transactions are given again.) Only when the
//! database does not answer for [`PATIENCE`] is the outcome left open ([`Ended::Unknown`]).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use deadpool_postgres::Object;
use herald_store::{Result, StoreError};
use postgres_types::{ToSql, Type};
use tokio_postgres::{CopyInSink, Row, RowStream};

use crate::{
    PostgresStore, Shared,
    connecting::{Pool, RoundTrips},
    failure::{Failed, Outcome},
};

/// How long the database is asked what became of a commit.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long until it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a transaction is run that others got in the way of.
const TRIES: u32 = 10;

/// How often one is run whose connection was lost before the commit.
const CONNECTIONS: u32 = 3;

/// What a transaction begins with.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// What a transaction begins with that only reads: it sees one moment.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The mark of a transaction.
const MARK: &str = "INSERT INTO commit_mark (id) VALUES ($1)";

/// The same mark, put down by who wants to know; answers whether it is from who asked. It writes in any
/// case, and so is not answered before a standby has it that has to have the transaction too.
const ASK: &str = "INSERT INTO commit_mark AS m (id, asked) VALUES ($1, true)
                   ON CONFLICT (id) DO UPDATE SET asked = m.asked RETURNING asked";

/// A parameter of a statement.
pub(crate) type Value<'a> = &'a (dyn ToSql + Sync);

/// A connection, inside of a transaction or for single statements that read. Statements asked for at
/// the same time (`join!`) are sent at once; they are carried out in their order if all of them were
/// prepared before.
#[derive(Clone)]
pub(crate) struct Tx(Arc<Connection>);

struct Connection {
    /// There until it is dropped.
    object: Option<Object>,
    /// A transaction was begun and has not ended.
    open: AtomicBool,
    /// Statements that are not answered yet.
    asked: AtomicUsize,
    round_trips: RoundTrips,
    longest_pause: Duration,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let ended = !self.open.load(Ordering::Acquire);
        if let Some(object) = self.object.take().filter(|_| !ended) {
            // Not to be used again: the server ends the transaction with the connection.
            drop(Object::take(object));
        }
    }
}

impl Tx {
    pub(crate) async fn connect(pool: &Pool) -> Outcome<Self> {
        Ok(Self(Arc::new(Connection {
            object: Some(pool.get().await?),
            open: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            round_trips: pool.round_trips().clone(),
            longest_pause: pool.longest_pause(),
        })))
    }

    /// Rows.
    pub(crate) async fn query(&self, sql: &str, values: &[Value<'_>]) -> Outcome<Vec<Row>> {
        let statement = self.object().prepare_cached(sql).await?;
        self.heed(self.asking(self.object().query(&statement, values)).await)
    }

    /// At most one row.
    pub(crate) async fn query_opt(&self, sql: &str, values: &[Value<'_>]) -> Outcome<Option<Row>> {
        let statement = self.object().prepare_cached(sql).await?;
        self.heed(self.asking(self.object().query_opt(&statement, values)).await)
    }

    /// Exactly one row.
    pub(crate) async fn query_one(&self, sql: &str, values: &[Value<'_>]) -> Outcome<Row> {
        let statement = self.object().prepare_cached(sql).await?;
        self.heed(self.asking(self.object().query_one(&statement, values)).await)
    }

    /// How many rows were changed.
    pub(crate) async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Outcome<u64> {
        let statement = self.object().prepare_cached(sql).await?;
        self.heed(self.asking(self.object().execute(&statement, values)).await)
    }

    /// Counts a round trip; statements that are asked for at the same time share one.
    async fn asking<T>(&self, question: impl Future<Output = T>) -> T {
        if self.0.asked.fetch_add(1, Ordering::Relaxed) == 0 {
            self.0.round_trips.count();
        }
        let answer = question.await;
        self.0.asked.fetch_sub(1, Ordering::Relaxed);
        answer
    }

    /// What was prepared on this connection before a migration is prepared anew after it.
    fn heed<T>(&self, answer: std::result::Result<T, tokio_postgres::Error>) -> Outcome<T> {
        answer.map_err(Failed::from).inspect_err(|failed| {
            if failed.is_old_plan() {
                self.object().statement_cache.clear();
            }
        })
    }

    /// Prepares statements, so that they are carried out in the order in which they are asked for.
    pub(crate) async fn prepare(&self, statements: &[&str]) -> Outcome<()> {
        for sql in statements {
            self.object().prepare_cached(sql).await?;
        }
        Ok(())
    }

    /// The types of the columns of a query.
    pub(crate) async fn types(&self, sql: &str) -> Outcome<Vec<Type>> {
        let statement = self.object().prepare_cached(sql).await?;
        Ok(statement.columns().iter().map(|column| column.type_().clone()).collect())
    }

    /// Rows as they come, so that not all of them are in memory at once.
    pub(crate) async fn stream(&self, sql: &str) -> Outcome<RowStream> {
        let statement = self.object().prepare_cached(sql).await?;
        let values: [Value<'_>; 0] = [];
        Ok(self.object().query_raw(&statement, values).await?)
    }

    /// Where the rows of a `COPY … FROM STDIN` go.
    pub(crate) async fn copy_in(&self, sql: &str) -> Outcome<CopyInSink<Bytes>> {
        Ok(self.object().copy_in(sql).await?)
    }

    /// Statements without parameters.
    pub(crate) async fn batch(&self, sql: &str) -> Outcome<()> {
        Ok(self.asking(self.object().batch_execute(sql)).await?)
    }

    fn object(&self) -> &Object {
        self.0.object.as_ref().expect("it is taken only when it is dropped")
    }

    /// Begins a transaction, and puts its mark down, if it is to have one.
    async fn begin(&self, mark: Option<&Mark>) -> Outcome<()> {
        let Some(mark) = mark else {
            self.0.open.store(true, Ordering::Release);
            return self.batch(&self.beginning(BEGIN)).await;
        };
        let statement = self.object().prepare_cached(MARK).await?;
        self.0.open.store(true, Ordering::Release);
        let values: &[Value<'_>] = &[&&mark[..]];
        let begin = self.beginning(BEGIN);
        let (began, marked) = tokio::join!(
            self.asking(self.object().batch_execute(&begin)),
            self.asking(self.object().execute(&statement, values))
        );
        began?;
        marked?;
        Ok(())
    }

    /// A node that is halted in the middle of a transaction must not keep its locks, nor what it sees
    /// from being cleared away: the server ends it, and others can take over.
    fn beginning(&self, how: &str) -> String {
        let pause = self.0.longest_pause.as_millis();
        format!("{how}; SET LOCAL idle_in_transaction_session_timeout = '{pause}ms'")
    }

    async fn end(&self, how: &str) -> Outcome<()> {
        self.batch(how).await?;
        self.0.open.store(false, Ordering::Release);
        Ok(())
    }
}

/// What a transaction is looked for by.
pub(crate) type Mark = [u8; 12];

/// How a transaction ended.
pub(crate) enum Ended<T> {
    /// It is committed, or it is as if it had never begun.
    Known(Result<T>),
    /// Whether it is committed cannot be found out. With what it would have answered, and how to ask
    /// later, if it left a mark.
    Unknown(T, Option<Mark>),
}

/// What came of one try.
enum Tried<T> {
    Ended(Ended<T>),
    Undone(Failed),
}

impl PostgresStore {
    /// Runs a piece of work in ONE transaction, in a task of its own, until the database has
    /// committed or refused it. The work gets what is given by reference, since it may be run again.
    pub(crate) async fn write<A, T, F>(
        &self,
        given: A,
        work: impl Fn(Tx, Arc<A>) -> F + Send + Sync + 'static,
    ) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let shared = self.shared.clone();
        let given = Arc::new(given);
        in_a_task(async move {
            match transact_marked(&shared, |tx| work(tx, given.clone())).await {
                Ended::Known(result) => result,
                Ended::Unknown(..) => Err(unknown_outcome()),
            }
        })
        .await
    }

    /// Runs a piece of work whose statements all see the same moment, in a task of its own.
    pub(crate) async fn read<A, T, F>(
        &self,
        given: A,
        work: impl Fn(Tx, Arc<A>) -> F + Send + Sync + 'static,
    ) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        self.look_up(given, move |tx, given| {
            let reading = work(tx.clone(), given);
            async move {
                tx.0.open.store(true, Ordering::Release);
                tx.batch(&tx.beginning(BEGIN_READING)).await?;
                let found = reading.await;
                if !found.as_ref().is_err_and(Failed::is_lost_connection) {
                    tx.end("ROLLBACK").await?;
                }
                found
            }
        })
        .await
    }

    /// Runs a piece of work that is a single statement, and only reads; in a task of its own.
    pub(crate) async fn look_up<A, T, F>(
        &self,
        given: A,
        work: impl Fn(Tx, Arc<A>) -> F + Send + Sync + 'static,
    ) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let pool = self.shared.pools.reads.clone();
        let given = Arc::new(given);
        in_a_task(async move {
            let mut tries = 0;
            loop {
                tries += 1;
                let found = match Tx::connect(&pool).await {
                    Ok(tx) => work(tx, given.clone()).await,
                    Err(failed) => return Err(failed.into()),
                };
                match found {
                    Err(failed) if failed.is_lost_connection() && tries < CONNECTIONS => {}
                    Err(failed) if failed.is_old_plan() && tries < TRIES => {}
                    found => return Ok(found?),
                }
            }
        })
        .await
    }
}

/// In a task of its own, which is not dropped with whoever waits for it.
pub(crate) async fn in_a_task<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.map_err(|error| StoreError::Internal(error.to_string()))?
}

pub(crate) fn unknown_outcome() -> StoreError {
    let what = "the connection was lost during a commit, and the database has not said what became \
                of it";
    StoreError::Unavailable(what.to_owned())
}

/// Runs a piece of work in one transaction, until the database has committed or refused it. For what
/// may be done again: if the commit is not answered, the outcome is left open.
pub(crate) async fn transact<T, F>(pool: &Pool, work: impl Fn(Tx) -> F) -> Ended<T>
where
    F: Future<Output = Outcome<T>>,
{
    run(pool, || None, work).await
}

/// The same, with a mark: the outcome is found out.
pub(crate) async fn transact_marked<T, F>(shared: &Shared, work: impl Fn(Tx) -> F) -> Ended<T>
where
    F: Future<Output = Outcome<T>>,
{
    let mark = || Some(*shared.ids.next(shared.time.now()).as_bytes());
    run(&shared.pools.writes, mark, work).await
}

async fn run<T, F>(pool: &Pool, mark: impl Fn() -> Option<Mark>, work: impl Fn(Tx) -> F) -> Ended<T>
where
    F: Future<Output = Outcome<T>>,
{
    let (mut tries, mut connections) = (0, 0);
    loop {
        let failed = match try_once(pool, mark(), &work).await {
            Tried::Ended(ended) => return ended,
            Tried::Undone(failed) => failed,
        };
        tries += u32::from(failed.is_clash());
        connections += u32::from(failed.is_lost_connection());
        let again = (failed.is_clash() && tries < TRIES)
            || (failed.is_lost_connection() && connections < CONNECTIONS);
        if !again {
            return Ended::Known(Err(failed.into()));
        }
        tracing::debug!(error = ?failed, "a transaction is run again");
        tokio::time::sleep(PAUSE * tries.min(4) / 4).await;
    }
}

async fn try_once<T, F>(pool: &Pool, mark: Option<Mark>, work: impl Fn(Tx) -> F) -> Tried<T>
where
    F: Future<Output = Outcome<T>>,
{
    let begun = async {
        let tx = Tx::connect(pool).await?;
        tx.begin(mark.as_ref()).await?;
        Ok(tx)
    };
    let tx = match begun.await {
        Ok(begun) => begun,
        Err(failed) => return Tried::Undone(failed),
    };
    let value = match work(tx.clone()).await {
        Ok(value) => value,
        Err(failed) => {
            if !failed.is_lost_connection() {
                // If this fails, the connection is not used again, and the server does the same.
                let _ = tx.end("ROLLBACK").await;
            }
            return Tried::Undone(failed);
        }
    };
    let failed = match tx.end("COMMIT").await {
        Ok(()) => return Tried::Ended(Ended::Known(Ok(value))),
        Err(failed) => failed,
    };
    if !failed.leaves_a_commit_open() {
        return Tried::Undone(failed);
    }
    let fate = match mark {
        Some(mark) => fate(pool, &mark).await,
        None => None,
    };
    match fate {
        Some(true) => Tried::Ended(Ended::Known(Ok(value))),
        Some(false) => Tried::Undone(failed),
        None => Tried::Ended(Ended::Unknown(value, mark)),
    }
}

/// The same, however long it takes until the database is there.
pub(crate) async fn fate_in_the_end(pool: &Pool, mark: &Mark) -> bool {
    loop {
        if let Some(is_committed) = fate(pool, mark).await {
            return is_committed;
        }
    }
}

/// What became of a transaction whose commit was not answered: whether it is committed.
async fn fate(pool: &Pool, mark: &Mark) -> Option<bool> {
    tracing::warn!(
        "the connection to the database was lost during a commit; asking what became of it"
    );
    let asked_since = Instant::now();
    // Not under a timeout: that would drop a question halfway.
    while asked_since.elapsed() < PATIENCE {
        // If the server is still busy with it, this waits for its end.
        let asked = async {
            let row = Tx::connect(pool).await?.query_one(ASK, &[&&mark[..]]).await?;
            Outcome::Ok(row.try_get::<_, bool>("asked")?)
        };
        match asked.await {
            Ok(asked) => return Some(!asked),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    None
}
