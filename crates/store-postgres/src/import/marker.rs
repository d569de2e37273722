//! How far a copy into this database has come: a table that is there from its beginning to its end.

use herald_store::{
    StoreError,
    transfer::{Chunk, Sum, TABLES},
};
use tokio_postgres::Row;

use super::condition;
use crate::{
    codec::{array, count, signed},
    failure::{Failed, Outcome},
    transaction::Tx,
};

/// How far the copy of a table has come.
#[derive(Clone)]
pub(super) struct Progress {
    pub table: String,
    /// In the words of who reads the source; `None` before the first row.
    pub done_to: Option<String>,
    /// What is here.
    pub sum: Sum,
}

impl Progress {
    /// After these rows.
    pub(super) fn and(&self, chunk: &Chunk) -> Self {
        let mut after = Self { done_to: Some(chunk.done_to.clone()), ..self.clone() };
        after.sum.add_all(chunk.sum);
        after
    }
}

const IS_THERE: &str = "SELECT to_regclass('transfer') IS NOT NULL";

const CREATE: &str = "
    CREATE TABLE transfer (
        table_name text PRIMARY KEY,
        done_to    text,
        rows       bigint NOT NULL,
        checksum   bytea NOT NULL,
        source     bytea NOT NULL -- the state of what is copied
    );
    COMMENT ON TABLE transfer IS 'herald migrate-to has begun to fill this database, and has not ended'";

/// Why nobody can be a node of this database, if a copy has not ended.
pub(crate) async fn refusal(tx: &Tx) -> Outcome<Option<String>> {
    let unfinished: bool = tx.query_one(IS_THERE, &[]).await?.try_get(0)?;
    Ok(unfinished.then(|| {
        "`herald migrate-to` has begun to fill this database, and has not ended: run it again, with \
         the configuration and the URL that it was begun with, and it goes on where it was; or drop \
         the database, and begin anew with an empty one"
            .to_owned()
    }))
}

/// Begins a copy of a source, or finds out how far it has come.
pub(super) async fn begin(tx: &Tx, source: Sum) -> Outcome<Vec<Progress>> {
    // Who wants to be a node waits for this, and finds the marker then.
    tx.batch("LOCK TABLE node IN EXCLUSIVE MODE").await?;
    if refusal(tx).await?.is_none() {
        refuse_unless_empty(tx).await?;
        tx.batch(CREATE).await?;
    }
    let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let sql = "INSERT INTO transfer (table_name, rows, checksum, source)
               SELECT name, 0, $2, $3 FROM unnest($1::text[]) AS name ON CONFLICT DO NOTHING";
    let (nothing, source) = (Sum::default().digest(), source.digest());
    tx.execute(sql, &[&names, &&nothing[..], &&source[..]]).await?;
    // What a process that was killed has sent may still be under way: its end is waited for.
    let sql = "SELECT table_name, done_to, rows, checksum, source FROM transfer FOR UPDATE";
    let rows = tx.query(sql, &[]).await?;
    for row in &rows {
        if row.try_get::<_, &[u8]>("source")? != source {
            return Err(refuse(
                "is being filled from another file, or Herald has worked on the file since: drop \
                 the database, and begin anew with an empty one",
            ));
        }
    }
    rows.iter().map(progress).collect()
}

fn progress(row: &Row) -> Outcome<Progress> {
    Ok(Progress {
        table: row.try_get("table_name")?,
        done_to: row.try_get("done_to")?,
        sum: Sum::of(count(row, "rows")?, &array(row, "checksum")?),
    })
}

async fn refuse_unless_empty(tx: &Tx) -> Outcome<()> {
    let nodes = "SELECT EXISTS (SELECT 1 FROM node WHERE until > clock_timestamp())";
    if tx.query_one(nodes, &[]).await?.try_get(0)? {
        return Err(refuse("has a Herald that works on it: stop it first, and give an empty one"));
    }
    for table in TABLES {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {}{})", table.name, condition(table));
        if tx.query_one(&sql, &[]).await?.try_get(0)? {
            let what = format!("is not empty (table {}): give an empty one", table.name);
            return Err(refuse(&what));
        }
    }
    Ok(())
}

fn refuse(what: &str) -> Failed {
    Failed::Store(StoreError::Unavailable(format!("the database {what}")))
}

/// Notes that the copy of a table has come from here to there.
pub(super) async fn advance(tx: &Tx, from: &Progress, to: &Progress) -> Outcome<()> {
    let sql = "UPDATE transfer SET done_to = $3, rows = $4, checksum = $5
               WHERE table_name = $1 AND done_to IS NOT DISTINCT FROM $2";
    let (rows, checksum) = (signed(to.sum.rows), to.sum.digest());
    let advanced =
        tx.execute(sql, &[&from.table, &from.done_to, &to.done_to, &rows, &&checksum[..]]).await?;
    if advanced == 1 { Ok(()) } else { Err(refuse("is being filled by another process")) }
}

/// The copy has ended.
pub(super) async fn remove(tx: &Tx) -> Outcome<()> {
    tx.batch("DROP TABLE transfer").await
}
