//! What the neutral form of rows is held against.

use std::collections::BTreeSet;

use herald_store::transfer::Kind;
use herald_testpg::Database;

use super::*;

/// What is not copied: tables of nodes and migrations, and what is made anew.
const OTHER_TABLES: &[&str] = &["commit_mark", "node", "herald_schema"];
const OTHER_COLUMNS: &[(&str, &str)] = &[
    ("webhook", "changed_at"),
    ("webhook", "changed_by"),
    ("delivery", "claimed_by"),
    ("delivery", "unusual"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_is_copied_or_made_anew_on_purpose() {
    let database = Database::fresh().await;
    maintenance::migrate(&database.url()).await.unwrap();
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns
               WHERE table_schema = 'public'";
    let rows = database.connect().await.query(sql, &[]).await.unwrap();
    let kept = rows.iter().map(|row| (row.get::<_, &str>(0), row.get::<_, &str>(1)));
    let kept: Vec<_> = kept.filter(|(table, _)| !OTHER_TABLES.contains(table)).collect();
    assert!(kept.len() > 100, "{kept:?}");
    for (name, column) in &kept {
        let table = TABLES.iter().find(|table| table.name == *name);
        let table = table.unwrap_or_else(|| panic!("{name}: see herald_store::transfer"));
        let columns = columns(table);
        let copied = columns.split(", ").any(|one| one == *column);
        assert!(copied || OTHER_COLUMNS.contains(&(name, column)), "{name}.{column}");
    }
    for table in TABLES {
        for column in columns(table).split(", ") {
            assert!(kept.contains(&(table.name, column)), "{}.{column}", table.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_has_a_type_of_its_kind() {
    let database = Database::fresh().await;
    maintenance::migrate(&database.url()).await.unwrap();
    let client = database.connect().await;
    for table in TABLES {
        let sql = format!("SELECT {} FROM {}", columns(table), table.name);
        let statement = client.prepare(&sql).await.unwrap();
        for (column, found) in table.columns.iter().zip(statement.columns()) {
            let fits = match column.kind {
                Kind::Integer => found.type_().name().starts_with("int"),
                Kind::Boolean => found.type_().name() == "bool",
                Kind::Text => found.type_().name() == "text",
                Kind::Bytes => found.type_().name() == "bytea",
            };
            assert!(fits && cells::TYPES.contains(found.type_()), "{}.{column:?}", table.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_that_is_given_is_set() {
    let database = Database::fresh().await;
    maintenance::migrate(&database.url()).await.unwrap();
    let sql = "SELECT table_name::text FROM information_schema.columns
               WHERE table_schema = 'public' AND is_identity = 'YES'";
    let rows = database.connect().await.query(sql, &[]).await.unwrap();
    let given: BTreeSet<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(given, NUMBERED.iter().copied().collect());
}
