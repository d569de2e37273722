//! `migrate-to`: everything in the SQLite file, into an empty PostgreSQL database.
//!
//! One thread reads the file while what it has read before is being written. How far that has come
//! stands in the database, so an interrupted copy goes on where it was. In the end all of both is
//! read, and compared by counts and checksums: whatever has changed either of them is found. Only
//! then may Herald work on the database.

mod moved;
mod progress;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, anyhow, bail};
use herald_store::transfer::{Chunk, Sum, TABLES, Table};
use herald_store_postgres::Import;
use herald_store_sqlite::Export;
use tokio::sync::mpsc;

use crate::{
    config::{Config, Database},
    keys::{operator_key_file, secret_key_file},
    maintenance::existing,
    terminal::{complain, say},
};
pub(crate) use moved::refusal;
use progress::{Progress, grouped};

/// What to do about a copy that has not ended.
const AGAIN: &str =
    "the copy has not ended; run the same command again, and it goes on where it was";

/// Copies everything, or what is missing.
pub(crate) fn migrate_to(config: &Config, url: &str) -> anyhow::Result<()> {
    let Database::Sqlite(file) = &config.database else {
        bail!("{} is configured as the database: only an SQLite file is copied", config.database)
    };
    existing(file)?;
    let shown = herald_store_postgres::shown_url(url)
        .map_err(|problem| anyhow!("the URL of the new database {problem}"))?;
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sums = runtime.block_on(move_all(file, url, &shown))?;
    moved::leave(file, &shown)
        .context("everything was copied, and the file cannot be marked as moved")?;
    let rows = sums.iter().map(|sum| sum.rows).sum();
    say(&format!(
        "{} was copied to {shown}: {} rows in {} tables, read back and compared, in {} s\n",
        file.display(),
        grouped(rows),
        TABLES.len(),
        began.elapsed().as_secs()
    ));
    say(&table_of(&sums));
    say(&what_next(config, file));
    Ok(())
}

async fn move_all(file: &Path, url: &str, shown: &str) -> anyhow::Result<Vec<Sum>> {
    let not_copied = || format!("{} cannot be copied", file.display());
    let not_filled = || format!("{shown} cannot be filled");
    let path = file.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        let export = Export::open(&path)?;
        let counts = TABLES.iter().map(|table| export.count(table)).collect::<Result<_, _>>()?;
        Ok::<(Export, Vec<u64>), herald_store::StoreError>((export, counts))
    });
    let (export, counts) = opened.await?.with_context(not_copied)?;
    let state = export.state().with_context(not_copied)?;
    let last_event = export.last_event().with_context(not_copied)?;
    let mut import = Import::begin(url, state).await.with_context(not_filled)?;
    complain(&format!("{} rows to copy from {}", grouped(counts.iter().sum()), file.display()));
    let progress = Arc::new(Progress::of(counts));
    let telling = tokio::spawn(progress::tell(progress.clone()));
    let moved = async {
        let export = copy(export, &mut import, &progress).await.context(AGAIN)?;
        // Held to the end, so that nobody works on the file meanwhile.
        let (_export, sums) = compare(export, &import, &progress).await?;
        telling.abort();
        complain("everything is the same in both; the last steps follow");
        import.finish(last_event).await.context(AGAIN)?;
        anyhow::Ok(sums)
    };
    let moved = moved.await;
    telling.abort();
    moved.with_context(not_filled)
}

/// Copies what is not there yet.
async fn copy(export: Export, import: &mut Import, progress: &Progress) -> anyhow::Result<Export> {
    let done: Vec<_> = TABLES.iter().map(|table| import.done(table).0.map(String::from)).collect();
    let (chunks, mut read) = mpsc::channel(1);
    let reading =
        tokio::task::spawn_blocking(move || read_from(&export, done, &chunks).map(|()| export));
    while let Some((table, chunk)) = read.recv().await {
        progress.at("copying", table, import.done(table).1.rows);
        import.write(table, &chunk).await?;
        progress.at("copying", table, import.done(table).1.rows);
    }
    Ok(reading.await??)
}

/// Reads every table from where it was done to, until nobody takes any more.
fn read_from(
    export: &Export,
    done: Vec<Option<String>>,
    chunks: &mpsc::Sender<(&'static Table, Chunk)>,
) -> herald_store::Result<()> {
    for (table, mut done_to) in TABLES.iter().zip(done) {
        while let Some(chunk) = export.read(table, done_to.as_deref())? {
            done_to = Some(chunk.done_to.clone());
            if chunks.blocking_send((table, chunk)).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads all of both, and holds one against the other.
async fn compare(
    export: Export,
    import: &Import,
    progress: &Arc<Progress>,
) -> anyhow::Result<(Export, Vec<Sum>)> {
    let (sums, mut of_file) = mpsc::channel(TABLES.len());
    progress.of_file().store(0, Ordering::Relaxed);
    let told = progress.clone();
    let reading = tokio::task::spawn_blocking(move || {
        sum_up(&export, told.of_file(), &sums).map(|()| export)
    });
    let mut compared = Vec::new();
    for table in TABLES {
        progress.at("comparing", table, 0);
        let held = import.read_back(table, progress.seen()).await.context(AGAIN)?;
        let Some(expected) = of_file.recv().await else { break };
        anyhow::ensure!(
            held == expected,
            "the table {} is not the same in both: {} in the file, {} in the database; something has \
             changed one of them. Drop the database, and begin anew with an empty one",
            table.name,
            in_words(&expected),
            in_words(&held)
        );
        compared.push(held);
    }
    Ok((reading.await??, compared))
}

/// Adds up every table, and counts the rows, until nobody takes any more.
fn sum_up(export: &Export, rows: &AtomicU64, sums: &mpsc::Sender<Sum>) -> herald_store::Result<()> {
    for table in TABLES {
        let (mut sum, mut done_to) = (Sum::default(), None::<String>);
        while let Some(chunk) = export.read(table, done_to.as_deref())? {
            sum.add_all(chunk.sum);
            rows.fetch_add(chunk.sum.rows, Ordering::Relaxed);
            done_to = Some(chunk.done_to);
        }
        if sums.blocking_send(sum).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn in_words(sum: &Sum) -> String {
    format!("{} rows that add up to {}", grouped(sum.rows), shortened(sum))
}

/// The beginning of a sum's digest.
fn shortened(sum: &Sum) -> String {
    let first = sum.digest().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("{first:016x}")
}

fn table_of(sums: &[Sum]) -> String {
    let head = format!("  {:<16}{:>14}  {}", "table", "rows", "checksum");
    let rows = TABLES.iter().zip(sums).map(|(table, sum)| {
        format!("  {:<16}{:>14}  {}", table.name, grouped(sum.rows), shortened(sum))
    });
    [head].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// What there is to do before Herald is started on the new database.
fn what_next(config: &Config, file: &Path) -> String {
    let key = |name: &str, configured: bool, kept: &Path| {
        if configured { format!("{name}, as it is configured") } else { kept.display().to_string() }
    };
    let secret = key("secret_key", config.secret_key.is_some(), &secret_key_file(config));
    let operator = key("operator_key", config.operator_key.is_some(), &operator_key_file(config));
    format!(
        "
What to do next:

  1. Give the URL of the new database as database_url to every Herald that is to work on it.
  2. Give each of them the keys that there are now, as secret_key and operator_key, or as files in
     the folder herald-data of the place where it is started:
       {secret} (without it no signing secret can be read)
       {operator}
  3. `herald doctor`, then `herald serve`.
  4. Keep {} until you are content with the new database. Herald does not start on it
     any more: it would send what is pending a second time.",
        file.display()
    )
}
