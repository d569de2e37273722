//! Reading everything in the file, to be written into another backend ([`herald_store::transfer`]).
//!
//! The file is not changed, but for its schema, which is brought up to date; and nobody else works on
//! it meanwhile. What a row says only by its number is written out: names of types, URLs. What a crash
//! has left fresh is due, as it would be when Herald starts. What helps this backend's lists alone
//! (words, stretches) is left out.

use std::path::Path;

use herald_store::{
    Result, StoreError,
    transfer::{Chunk, Column, Kind, Sum, Table, Value},
};
use rusqlite::{
    Connection, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use crate::{failure::explain, lock::FileLock, maintenance, readers, schema};

/// Rows of a chunk at most.
const ROWS: usize = 5_000;

/// Bytes of a chunk, about, at most; but a row is never cut.
const BYTES: usize = 8 << 20;

/// A file, while everything in it is read.
pub struct Export {
    connection: Connection,
    /// Held for as long as it is read.
    _lock: FileLock,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}

impl Export {
    /// Opens a file, and brings its schema up to date. Refuses one that Herald has open, one that is
    /// not Herald's, and one whose books do not balance.
    pub fn open(path: &Path) -> Result<Self> {
        let lock = FileLock::take(path)?;
        schema::prepare(path)?;
        let connection = readers::connect(path).map_err(explain)?;
        let books = maintenance::books(&connection, schema::VERSION)?;
        if books != (0, 0) {
            return Err(StoreError::Corrupt(format!(
                "{}: the books do not balance; `herald doctor` says more",
                path.display()
            )));
        }
        Ok(Self { connection, _lock: lock })
    }

    /// What tells whether the file is as it was when it was asked last: a Herald that works on it
    /// notes the time in it.
    pub fn state(&self) -> Result<Sum> {
        let mut state = Sum::default();
        for sql in [
            "SELECT name, value FROM meta",
            "SELECT name, value FROM agreed",
            "SELECT id, created_at FROM account",
            "SELECT min(seq), max(seq) FROM event",
        ] {
            let mut query = self.connection.prepare(sql).map_err(explain)?;
            let mut rows = query.query([]).map_err(explain)?;
            while let Some(row) = rows.next().map_err(explain)? {
                let value = |index| row.get_ref(index).map_err(explain).and_then(as_it_is);
                state.add(&[value(0)?, value(1)?]);
            }
        }
        Ok(state)
    }

    /// The largest number that an event has, or ever had.
    pub fn last_event(&self) -> Result<i64> {
        let sql = "SELECT max(coalesce((SELECT max(seq) FROM event), 0),
                       coalesce((SELECT value FROM meta WHERE name = 'last_expired'), 0))";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(explain)
    }

    /// How many rows a table has.
    pub fn count(&self, table: &Table) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", source(table)?.from);
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(explain)?;
        Ok(count.unsigned_abs())
    }

    /// The rows of a table that follow where the reading was done to; `None`, if none do.
    pub fn read(&self, table: &'static Table, done_to: Option<&str>) -> Result<Option<Chunk>> {
        let source = source(table)?;
        let after: Vec<Value> = done_to.map_or(Ok(Vec::new()), place)?;
        let sql = source.query(table, !after.is_empty());
        let mut query = self.connection.prepare_cached(&sql).map_err(explain)?;
        let after = params_from_iter(after.iter().map(Parameter));
        let mut rows = query.query(after).map_err(explain)?;
        let width = table.columns.len();
        let (mut chunk, mut bytes, mut last) = (Chunk::default(), 0, Vec::new());
        while chunk.rows.len() < ROWS
            && bytes < BYTES
            && let Some(row) = rows.next().map_err(explain)?
        {
            let value = |index| row.get_ref(index).map_err(explain);
            let columns = table.columns.iter().enumerate();
            let values: Vec<Value> = columns
                .map(|(index, column)| neutral(value(index)?, table, column))
                .collect::<Result<_>>()?;
            last = (width..width + source.key.len())
                .map(|index| as_it_is(value(index)?))
                .collect::<Result<_>>()?;
            bytes += values.iter().map(Value::size).sum::<usize>();
            chunk.add(values);
        }
        if chunk.rows.is_empty() {
            return Ok(None);
        }
        chunk.done_to = serde_json::to_string(&last)
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok(Some(chunk))
    }
}

/// Where a table's rows come from.
struct Source {
    table: &'static str,
    /// What follows FROM; the row is `x`.
    from: &'static str,
    /// By what they are read in order, and found again.
    key: &'static [&'static str],
    /// Columns that are not kept under their names.
    made: &'static [(&'static str, &'static str)],
}

impl Source {
    fn query(&self, table: &Table, goes_on: bool) -> String {
        let columns = table.columns.iter().map(|column| {
            let made = self.made.iter().find(|(name, _)| *name == column.name);
            made.map_or_else(|| format!("x.{}", column.name), |(_, made)| (*made).to_owned())
        });
        let key = self.key.join(", ");
        let places = vec!["?"; self.key.len()].join(", ");
        let after = if goes_on { format!("WHERE ({key}) > ({places})") } else { String::new() };
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("SELECT {columns}, {key} FROM {} {after} ORDER BY {key}", self.from)
    }
}

fn source(table: &Table) -> Result<&'static Source> {
    let found = SOURCES.iter().find(|source| source.table == table.name);
    found.ok_or_else(|| StoreError::Internal(format!("no source of {}", table.name)))
}

/// A table whose rows are kept as they are.
const fn plain(table: &'static str, from: &'static str, key: &'static [&'static str]) -> Source {
    Source { table, from, key, made: &[] }
}

/// Each table's source. What is looked up is joined so that a row without it is not lost.
const SOURCES: &[Source] = &[
    plain("account", "account AS x", &["x.num"]),
    Source {
        table: "environment",
        from: "(SELECT num * 2 AS env FROM account UNION ALL SELECT num * 2 + 1 FROM account) AS x",
        key: &["x.env"],
        made: &[("version", "0")],
    },
    plain("api_key", "api_key AS x", &["x.id"]),
    // What else is in it is this backend's own.
    plain("meta", "(SELECT * FROM meta WHERE name = 'time') AS x", &["x.name"]),
    plain("agreed", "agreed AS x", &["x.name"]),
    plain("webhook", "webhook AS x", &["x.num"]),
    plain("portal_link", "portal_link AS x", &["x.hash"]),
    plain("portal_session", "portal_session AS x", &["x.hash"]),
    plain("endpoint", "endpoint AS x", &["x.num"]),
    plain("kept_request", "kept_request AS x", &["x.endpoint", "x.number"]),
    plain("recovery", "recovery AS x", &["x.num"]),
    plain("notice", "notice AS x", &["x.num"]),
    plain("tally", "tally AS x", &["x.webhook"]),
    Source {
        table: "event_tally",
        from: "event_tally AS x LEFT JOIN event_type AS t ON t.num = x.type",
        key: &["x.env", "x.type"],
        made: &[("type", "t.name"), ("resource", "t.resource")],
    },
    Source {
        table: "attempt_tally",
        from: "attempt_tally AS x LEFT JOIN webhook AS w ON w.num = x.webhook",
        key: &["x.webhook", "x.hour", "x.class"],
        made: &[("env", "w.env")],
    },
    plain("resource_tally", "resource_tally AS x", &["x.env", "x.kind", "x.word"]),
    plain("idempotency", "idempotency AS x", &["x.env", "x.key"]),
    plain("resource", "resource AS x", &["x.num"]),
    Source {
        table: "image",
        from: "image AS x LEFT JOIN resource AS r ON r.num = x.document",
        key: &["x.document", "x.side"],
        made: &[("env", "r.env")],
    },
    Source {
        table: "event",
        from: "event AS x LEFT JOIN event_type AS t ON t.num = x.type",
        key: &["x.seq"],
        made: &[("type", "t.name"), ("resource", "t.resource")],
    },
    Source {
        table: "delivery",
        from: "delivery AS x LEFT JOIN event_type AS t ON t.num = x.type",
        key: &["x.env", "x.seq", "x.webhook"],
        made: &[("type", "t.name"), ("due_at", DUE_AT)],
    },
    Source {
        table: "attempt",
        from: "attempt AS x LEFT JOIN destination AS u ON u.num = x.url",
        key: &["x.env", "x.seq", "x.webhook", "x.number"],
        made: &[("url", "u.url")],
    },
    Source {
        table: "manual_attempt",
        from: "manual_attempt AS x LEFT JOIN destination AS u ON u.num = x.url",
        key: &["x.env", "x.seq", "x.webhook", "x.number"],
        made: &[("url", "u.url")],
    },
];

/// Whoever held the fresh ones is gone.
const DUE_AT: &str = "CASE WHEN x.state = 0 THEN coalesce(x.due_at, x.created_at) END";

/// A value of a column.
fn neutral(value: ValueRef<'_>, table: &Table, column: &Column) -> Result<Value> {
    let found = match (column.kind, value) {
        (_, ValueRef::Null) => Value::Absent,
        (Kind::Integer, ValueRef::Integer(number)) => Value::Integer(number),
        (Kind::Boolean, ValueRef::Integer(number @ (0 | 1))) => Value::Boolean(number == 1),
        (Kind::Text, ValueRef::Text(text)) => Value::text(utf8(text)?),
        (Kind::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.to_vec()),
        (kind, other) => {
            let (table, column, found) = (table.name, column.name, other.data_type());
            let what = format!("{found} in {table}.{column}, which is {kind:?}");
            return Err(StoreError::Corrupt(what));
        }
    };
    Ok(found)
}

/// A value by which a row is found again.
fn as_it_is(value: ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(utf8(text)?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Null | ValueRef::Real(_) => Value::Absent,
    })
}

fn utf8(text: &[u8]) -> Result<&str> {
    std::str::from_utf8(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// What [`Export::read`] has said of where it was done to.
fn place(done_to: &str) -> Result<Vec<Value>> {
    let unknown = |error| StoreError::Corrupt(format!("where the reading was done to: {error}"));
    serde_json::from_str(done_to).map_err(unknown)
}

struct Parameter<'a>(&'a Value);

impl rusqlite::ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Absent => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Boolean(truth) => ValueRef::Integer(i64::from(*truth)),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests;
