//! The schema and its migrations.
//!
//! # To change the schema
//!
//! 1. Add `NNNN_what.sql` beside this file; never edit one that was released.
//! 2. Append it to [`MIGRATIONS`]. Each runs in one transaction with its version number, so a
//!    crash in the middle leaves the version before it.

use std::path::Path;

use herald_store::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};

use crate::{PAGE_SIZE, failure::explain};

/// "HRLD": marks the file as Herald's.
const APPLICATION_ID: i32 = 0x4852_4c44;

/// Every migration, in order; the schema's version is how many have been applied.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_begin.sql"),
    include_str!("0002_resources.sql"),
    include_str!("0003_statistics.sql"),
    include_str!("0004_sessions.sql"),
    include_str!("0005_endpoints.sql"),
    include_str!("0006_secret_rotation.sql"),
    include_str!("0007_manual_attempts.sql"),
    include_str!("0008_recoveries.sql"),
    include_str!("0009_notices.sql"),
    include_str!("0010_stretches.sql"),
    include_str!("0011_test_events.sql"),
    include_str!("0012_agreed.sql"),
];

/// The first version that has resources.
pub(crate) const WITH_RESOURCES: usize = 2;

/// The first version that has stretches.
pub(crate) const WITH_STRETCHES: usize = 10;

/// The version that this program brings a file to.
pub(crate) const VERSION: usize = MIGRATIONS.len();

/// Makes the file if it is not there, and brings its schema up to date. Answers the versions
/// before and after.
pub(crate) fn prepare(path: &Path) -> Result<(usize, usize)> {
    let mut connection = connect(path)?;
    let found = identify(&connection, path)?;
    let setting = |name: &str, value: &str| {
        connection
            .pragma_update_and_check(None, name, value, |row| {
                row.get::<_, rusqlite::types::Value>(0)
            })
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(rusqlite::types::Value::Null),
                other => Err(other),
            })
            .map_err(explain)
    };
    if found == 0 {
        setting("page_size", &PAGE_SIZE.to_string())?;
    }
    setting("journal_mode", "wal")?;
    setting("synchronous", "full")?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        let transaction = connection.transaction().map_err(explain)?;
        transaction.execute_batch(migration).map_err(explain)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(explain)?;
        let version = i64::try_from(index + 1).unwrap_or(i64::MAX);
        transaction.pragma_update(None, "user_version", version).map_err(explain)?;
        transaction.commit().map_err(explain)?;
    }
    Ok((found, VERSION))
}

/// The version of the schema in the file; refuses a file that is not Herald's, or is too new.
pub(crate) fn identify(connection: &Connection, path: &Path) -> Result<usize> {
    let pragma = |name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(|error| {
            let text = explain(error).to_string();
            StoreError::Unavailable(format!("{}: {text}", path.display()))
        })
    };
    let version = usize::try_from(pragma("user_version")?).unwrap_or(usize::MAX);
    let application = pragma("application_id")?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(explain)?;
    let empty = tables == 0 && application == 0 && version == 0;
    if !empty && application != APPLICATION_ID {
        return Err(StoreError::Unavailable(format!(
            "{}: this SQLite file is not Herald's; give another path in database_url",
            path.display()
        )));
    }
    if version > VERSION {
        return Err(StoreError::Unavailable(format!(
            "{}: schema version {version} is newer than this program's {VERSION}; \
             run the newer Herald, or restore a backup made before its migration",
            path.display()
        )));
    }
    Ok(version)
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| {
        StoreError::Unavailable(format!("{}: {}", path.display(), explain(error)))
    })?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(explain)?;
    Ok(connection)
}
