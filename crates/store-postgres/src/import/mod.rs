//! Writing everything that another backend holds into an empty database
//! ([`herald_store::transfer`]).
//!
//! How far that has come stands in a table of its own (`marker`), written in the transaction that
//! writes the rows: interrupted anywhere, it goes on where it was. While that table is there nobody
//! becomes a node of the database. It goes when everything has been read back, is what it should be,
//! and the books balance.
//!
//! Numbers stay what they were. What this backend keeps beside the neutral form is made here: the
//! words that find a resource; and what is counted is counted in the first node's slot.

mod cells;
mod marker;

use std::{
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::StreamExt as _;
use herald_store::{
    Result, StoreError,
    transfer::{Chunk, Row, Sum, TABLES, Table, Value},
};
use postgres_types::ToSql;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use uuid::Uuid;

use crate::{
    connecting::{Pool, Target},
    failure::{Failed, Outcome},
    maintenance, schema, server,
    transaction::{Ended, Tx, transact, unknown_outcome},
};
use cells::{Cell, Read};
use marker::Progress;
pub(crate) use marker::refusal;

/// Whose numbers are set behind the largest that is there.
const NUMBERED: &[&str] = &["account", "webhook", "resource", "endpoint", "recovery", "notice"];

/// A database that is being filled.
pub struct Import {
    pool: Pool,
    progress: Vec<Progress>,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

impl Import {
    /// Begins to fill an empty database, or goes on with one that was begun from the same source in
    /// the same state.
    pub async fn begin(url: &str, source: Sum) -> Result<Self> {
        let pool = Target::parse(url)?.pool(2)?;
        server::check(&pool).await?;
        schema::prepare(&pool).await?;
        let begun = transact(&pool, |tx| async move { marker::begin(&tx, source).await });
        let progress = known(begun.await)?;
        Ok(Self { pool, progress })
    }

    /// Where the reading of a table was done to, if some of it is here already; and what is here.
    pub fn done(&self, table: &Table) -> (Option<&str>, Sum) {
        let progress = self.progress.iter().find(|progress| progress.table == table.name);
        progress.map_or((None, Sum::default()), |one| (one.done_to.as_deref(), one.sum))
    }

    /// Writes rows of a table that follow what is here.
    pub async fn write(&mut self, table: &'static Table, chunk: &Chunk) -> Result<()> {
        let unknown = || StoreError::Internal(format!("{} is not copied", table.name));
        let progress = self.progress.iter_mut().find(|progress| progress.table == table.name);
        let before = progress.ok_or_else(unknown)?;
        let after = before.and(chunk);
        let (from, to) = (&*before, &after);
        let written = transact(&self.pool, |tx| async move {
            marker::advance(&tx, from, to).await?;
            copy(&tx, table, &chunk.rows).await
        });
        known(written.await)?;
        *before = after;
        Ok(())
    }

    /// What is here of a table, read back; `seen` counts its rows meanwhile.
    pub async fn read_back(&self, table: &Table, seen: &AtomicU64) -> Result<Sum> {
        let read = async { read_back(&Tx::connect(&self.pool).await?, table, seen).await };
        Ok(read.await?)
    }

    /// Ends it, after everything was read back and found to be what it should be: new numbers are
    /// larger than all that are here and than the source's `last_event`. Refuses books that do not
    /// balance. From then on nodes may work on the database.
    pub async fn finish(self, last_event: i64) -> Result<()> {
        let finished = transact(&self.pool, |tx| async move {
            maintenance::check_books(&tx).await?;
            set_numbers(&tx, last_event).await?;
            marker::remove(&tx).await
        });
        known(finished.await)?;
        // Not in a transaction, and no loss if it does not work: PostgreSQL does it by itself later.
        let tidied = async { Tx::connect(&self.pool).await?.batch(&analyze()).await };
        if let Err(error) = tidied.await {
            tracing::warn!(?error, "the new tables could not be analysed yet");
        }
        Ok(())
    }
}

fn known<T>(ended: Ended<T>) -> Result<T> {
    match ended {
        Ended::Known(result) => result,
        Ended::Unknown(..) => Err(unknown_outcome()),
    }
}

/// What a table has beside the neutral form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Added {
    Nothing,
    /// Which node's count it is.
    Slot,
    /// What finds a resource.
    Words,
}

fn added(table: &Table) -> Added {
    match table.name {
        "tally" | "event_tally" | "attempt_tally" | "resource_tally" => Added::Slot,
        "resource" => Added::Words,
        _ => Added::Nothing,
    }
}

/// The columns of a table's rows, with what is added to them.
fn columns(table: &Table) -> String {
    let names = table.columns.iter().map(|column| column.name);
    let added = match added(table) {
        Added::Nothing => None,
        Added::Slot => Some("slot"),
        Added::Words => Some("words"),
    };
    names.chain(added).collect::<Vec<_>>().join(", ")
}

/// Which rows of a table are copied, if not all.
fn condition(table: &Table) -> &'static str {
    if table.name == "meta" { " WHERE name = 'time'" } else { "" }
}

async fn copy(tx: &Tx, table: &Table, rows: &[Row]) -> Outcome<()> {
    let columns = columns(table);
    let types = tx.types(&format!("SELECT {columns} FROM {}", table.name)).await?;
    let sink = tx.copy_in(&format!("COPY {} ({columns}) FROM STDIN BINARY", table.name)).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    let added = added(table);
    for row in rows {
        let cells: Vec<_> = row.iter().map(Cell).collect();
        let words = if added == Added::Words { words(table, row) } else { Vec::new() };
        let mut values: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(cells.len() + 1);
        values.extend(cells.iter().map(|cell| cell as &(dyn ToSql + Sync)));
        match added {
            Added::Nothing => {}
            Added::Slot => values.push(&0_i32),
            Added::Words => values.push(&words),
        }
        writer.as_mut().write(&values).await?;
    }
    writer.finish().await?;
    Ok(())
}

async fn read_back(tx: &Tx, table: &Table, seen: &AtomicU64) -> Outcome<Sum> {
    tx.batch("SET statement_timeout = 0").await?;
    let sql = format!("SELECT {} FROM {}{}", columns(table), table.name, condition(table));
    let mut rows = pin!(tx.stream(&sql).await?);
    let mut sum = Sum::default();
    while let Some(row) = rows.next().await {
        let row = row?;
        let values = (0..table.columns.len()).map(|index| Ok(row.try_get::<_, Read>(index)?.0));
        let values: Row = values.collect::<Outcome<_>>()?;
        if added(table) == Added::Words {
            let kept: Vec<Uuid> = row.try_get("words")?;
            if kept != words(table, &values) {
                return Err(Failed::corrupt("a resource is not found by its own attributes"));
            }
        }
        sum.add(&values);
        seen.store(sum.rows, Ordering::Relaxed);
    }
    Ok(sum)
}

/// The words that find a resource; none, if it cannot be read.
fn words(table: &Table, row: &[Value]) -> Vec<Uuid> {
    let value = |name| {
        let index = table.columns.iter().position(|column| column.name == name)?;
        row.get(index)
    };
    let (Some(Value::Integer(env)), Some(Value::Integer(kind)), Some(Value::Bytes(body))) =
        (value("env"), value("kind"), value("body"))
    else {
        return Vec::new();
    };
    let kind = u8::try_from(*kind).unwrap_or(u8::MAX);
    crate::writing::words_of_stored(*env, kind, body)
}

/// New numbers are larger than all that are here.
async fn set_numbers(tx: &Tx, last_event: i64) -> Outcome<()> {
    let sql = "SELECT setval('event_number', greatest($1, last_value)) FROM event_number";
    tx.query_one(sql, &[&last_event]).await?;
    for table in NUMBERED {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'num'), max(num))
             FROM {table} HAVING max(num) > 0"
        );
        tx.query_opt(&sql, &[]).await?;
    }
    Ok(())
}

/// So that the first lists are as quick as the later ones.
fn analyze() -> String {
    let tables: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    format!("VACUUM (ANALYZE) {}", tables.join(", "))
}

#[cfg(test)]
mod tests;
