//! The watermark of fresh deliveries: those that are pending and in no index of what is due, since
//! the process that accepted them holds them (see [`crate::claims`]).

use rusqlite::{Connection, OptionalExtension, params};

/// Notes, in this transaction, that no event before `sequence` has a fresh delivery.
pub(crate) fn note(connection: &Connection, sequence: u64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (name, value) VALUES ('fresh_from', ?1)
               ON CONFLICT DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute([sequence.cast_signed()]).map(|_| ())
}

/// Makes every fresh delivery due: whoever held them is gone. Reads only what was accepted after
/// the watermark, which is some seconds of traffic. Then none is fresh before the `next` event.
pub(crate) fn make_all_due(connection: &Connection, next: u64) -> rusqlite::Result<()> {
    let noted: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE name = 'fresh_from'", [], |row| row.get(0))
        .optional()?;
    let Some(from) = noted else { return Ok(()) };
    let transaction = connection.unchecked_transaction()?;
    let environments: Vec<i64> = transaction
        .prepare("SELECT DISTINCT env FROM event WHERE seq >= ?1")?
        .query_map([from], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for env in environments {
        transaction.execute(
            "UPDATE delivery SET due_at = created_at
             WHERE env = ?1 AND seq >= ?2 AND state = 0 AND due_at IS NULL",
            params![env, from],
        )?;
    }
    note(&transaction, next)?;
    transaction.commit()
}
