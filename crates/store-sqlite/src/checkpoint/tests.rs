//! When the log has been moved, and when it only looks as if.

use super::*;

/// A database with something in its log, and two connections to it.
fn with_a_log(folder: &tempfile::TempDir) -> [Connection; 2] {
    let path = folder.path().join("test.db");
    let writer = Connection::open(&path).unwrap();
    writer.pragma_update(None, "journal_mode", "wal").unwrap();
    writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    writer.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)").unwrap();
    writer.busy_timeout(Duration::ZERO).unwrap();
    [writer, Connection::open(&path).unwrap()]
}

#[test]
fn a_log_that_a_reader_keeps_from_being_moved_is_not_taken_for_moved() {
    let folder = tempfile::tempdir().unwrap();
    let [writer, reader] = with_a_log(&folder);
    reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    let refused = truncate_log(&writer);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    reader.execute_batch("COMMIT").unwrap();
    truncate_log(&writer).unwrap();
    let log = fs::metadata(folder.path().join("test.db-wal")).unwrap();
    assert_eq!(log.len(), 0);
}

#[test]
fn a_log_that_readers_keep_from_restarting_is_waited_for_once_it_is_very_long() {
    assert_eq!(patience(LOG_SIZE), Duration::ZERO);
    assert_eq!(patience(VERY_LONG), PATIENCE);
    let folder = tempfile::tempdir().unwrap();
    let [writer, reader] = with_a_log(&folder);
    reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    assert!(!restart_log(&writer, Duration::ZERO).unwrap());
    let waiting = std::thread::spawn(move || restart_log(&writer, Duration::from_secs(60)));
    reader.execute_batch("COMMIT").unwrap();
    assert!(waiting.join().unwrap().unwrap());
}
