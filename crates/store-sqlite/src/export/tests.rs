//! What the neutral form of rows is held against.

use std::sync::Arc;

use herald_domain::{
    account::Account,
    id::{AccountId, IdSequence},
    time::Timestamp,
};
use herald_store::{Accounts as _, NewAccount, transfer::TABLES};
use tempfile::TempDir;

use super::*;
use crate::SqliteStore;

/// What is this backend's own, and stays behind.
const LEFT_BEHIND: &[&str] =
    &["event_type", "destination", "event_stretch", "delivery_stretch", "resource_word"];

/// A new file.
async fn file(accounts: usize) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("herald.db");
    let ids = Arc::new(IdSequence::new([7; 5]));
    let store = SqliteStore::open(&path, ids.clone()).unwrap();
    for number in 0..accounts {
        let created_at = Timestamp::from_millis(i64::try_from(number).expect("few"));
        let id = AccountId(ids.next(created_at));
        let account = Account { id, name: format!("a\0{number}"), created_at };
        assert!(store.create_account(NewAccount { account, keys: Vec::new() }).await.unwrap());
    }
    (folder, path)
}

fn table(name: &str) -> &'static Table {
    TABLES.iter().find(|table| table.name == name).unwrap()
}

/// Statements on a connection of their own.
fn run(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn every_table_and_column_is_copied_or_left_behind_on_purpose() {
    let (_folder, path) = file(0).await;
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
               WHERE t.schema = 'main' AND t.type <> 'shadow' AND t.name NOT LIKE 'sqlite%'";
    let mut query = connection.prepare(sql).unwrap();
    let kept = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let kept: Vec<(String, String)> = kept.map(Result::unwrap).collect();
    assert!(kept.len() > 100, "{kept:?}");
    for (name, column) in kept {
        if LEFT_BEHIND.contains(&name.as_str()) {
            continue;
        }
        let copied = TABLES.iter().find(|table| table.name == name);
        let copied = copied.is_some_and(|table| table.columns.iter().any(|c| c.name == column));
        assert!(copied, "{name}.{column}: see herald_store::transfer");
    }
}

#[tokio::test]
async fn every_table_can_be_read() {
    let (_folder, path) = file(1).await;
    let export = Export::open(&path).unwrap();
    for table in TABLES {
        let rows = export.read(table, None).unwrap().map_or(0, |chunk| chunk.rows.len() as u64);
        assert_eq!(export.count(table).unwrap(), rows, "{}", table.name);
    }
    assert_eq!(export.count(super::tests::table("environment")).unwrap(), 2);
}

#[tokio::test]
async fn reading_goes_on_where_it_was() {
    let (_folder, path) = file(3).await;
    run(
        &path,
        "WITH RECURSIVE series (value) AS (
             SELECT 1 UNION ALL SELECT value + 1 FROM series WHERE value < 12345)
         INSERT INTO idempotency
         SELECT value % 3, 'key' || char(value % 7) || value, x'00', x'', value FROM series",
    );
    let export = Export::open(&path).unwrap();
    let (mut sum, mut chunks, mut done_to) = (Sum::default(), 0, None::<String>);
    let mut keys = std::collections::BTreeSet::new();
    while let Some(chunk) = export.read(table("idempotency"), done_to.as_deref()).unwrap() {
        assert!(chunk.rows.len() <= ROWS);
        keys.extend(chunk.rows.iter().map(|row| format!("{:?}", &row[..2])));
        sum.add_all(chunk.sum);
        chunks += 1;
        done_to = Some(chunk.done_to);
    }
    assert_eq!((keys.len(), sum.rows, chunks), (12_345, 12_345, 3));
    assert!(keys.iter().all(|key| !key.contains("\\0")), "no U+0000 is left");
}

#[tokio::test]
async fn a_file_that_is_open_or_does_not_balance_is_refused() {
    let (_folder, path) = file(1).await;
    let first = Export::open(&path).unwrap();
    let refused = Export::open(&path).unwrap_err().to_string();
    assert!(refused.contains("another Herald"), "{refused}");
    drop(first);
    run(&path, "INSERT INTO tally (webhook, env, accepted, held) VALUES (1, 2, 1, 1)");
    let refused = Export::open(&path).unwrap_err().to_string();
    assert!(refused.contains("do not balance"), "{refused}");
}

#[tokio::test]
async fn a_file_on_which_herald_has_worked_is_another() {
    let (_folder, path) = file(1).await;
    let before = Export::open(&path).unwrap().state().unwrap();
    assert_eq!(Export::open(&path).unwrap().state().unwrap(), before);
    run(&path, "INSERT INTO meta VALUES ('time', 7)");
    assert_ne!(Export::open(&path).unwrap().state().unwrap(), before);
}
