//! Whether the server can be trusted with what it commits.

use herald_store::{Result, StoreError};

use crate::{connecting::Pool, failure::Outcome, transaction::Tx};

/// The oldest server that Herald works with.
const OLDEST: i32 = 130_000;

/// What the server says of itself.
pub(crate) struct Settings {
    version: i32,
    fsync: String,
    synchronous_commit: String,
    full_page_writes: String,
}

/// Refuses a server that would lose what it has committed; warns of one that might.
pub(crate) async fn check(pool: &Pool) -> Result<()> {
    let settings = async { ask(&Tx::connect(pool).await?).await };
    let settings = settings.await.map_err(StoreError::from)?;
    if let Some(reason) = refusal(&settings) {
        return Err(StoreError::Unavailable(reason));
    }
    if let Some(doubt) = doubt(&settings) {
        tracing::warn!("{doubt}");
    }
    Ok(())
}

/// Why the server cannot be trusted with what it commits.
pub(crate) fn refusal(settings: &Settings) -> Option<String> {
    let what = if settings.version < OLDEST {
        let (version, oldest) = (settings.version / 10_000, OLDEST / 10_000);
        format!("is version {version}; Herald needs {oldest} or later")
    } else if settings.fsync != "on" {
        "has fsync=off: a crash would lose what was accepted, or the whole database; set fsync=on \
         and restart it"
            .to_owned()
    } else if settings.synchronous_commit == "off" {
        "has synchronous_commit=off: a crash would lose what was accepted; set it to on, for the \
         server, the database or the user that Herald connects as"
            .to_owned()
    } else {
        return None;
    };
    Some(format!("the PostgreSQL server {what}"))
}

/// What may cost data one day, if the machine is not as it should be.
pub(crate) fn doubt(settings: &Settings) -> Option<&'static str> {
    (settings.full_page_writes != "on").then_some(
        "the PostgreSQL server has full_page_writes=off: unless its file system never tears a page, \
         a crash can damage the database",
    )
}

pub(crate) async fn ask(tx: &Tx) -> Outcome<Settings> {
    let sql = "SELECT current_setting('server_version_num')::integer AS version,
                   current_setting('fsync') AS fsync,
                   current_setting('synchronous_commit') AS synchronous_commit,
                   current_setting('full_page_writes') AS full_page_writes";
    let row = tx.query_one(sql, &[]).await?;
    Ok(Settings {
        version: row.try_get("version")?,
        fsync: row.try_get("fsync")?,
        synchronous_commit: row.try_get("synchronous_commit")?,
        full_page_writes: row.try_get("full_page_writes")?,
    })
}
