//! `migrate` and `backup`.

use std::path::Path;

use anyhow::Context as _;

use crate::{
    config::{Config, Database},
    keys::secret_key_file,
    terminal::say,
};

/// Brings the database's schema up to date.
pub(crate) fn migrate(config: &Config) -> anyhow::Result<()> {
    let Database::Sqlite(file) = &config.database;
    existing(file)?;
    let (before, after) = herald_store_sqlite::migrate(file)
        .with_context(|| format!("{} cannot be migrated", file.display()))?;
    let file = file.display();
    if before == after {
        say(&format!("{file} is up to date: schema version {after}"));
    } else {
        say(&format!("{file} was brought from schema version {before} to {after}"));
    }
    Ok(())
}

/// Writes a consistent copy of the database, while Herald may be running.
pub(crate) fn backup(config: &Config, to: &Path) -> anyhow::Result<()> {
    let Database::Sqlite(file) = &config.database;
    existing(file)?;
    herald_store_sqlite::backup(file, to)
        .with_context(|| format!("{} cannot be backed up", file.display()))?;
    let bytes = std::fs::metadata(to).map_or(0, |metadata| metadata.len());
    say(&format!("{} was copied to {} ({bytes} bytes)", file.display(), to.display()));
    if config.secret_key.is_none() {
        say(&format!(
            "keep a copy of {} too, apart from it: the signing secrets are sealed with that key",
            secret_key_file(config).display()
        ));
    }
    Ok(())
}

/// SQLite would make a file that is not there, and the wrong path would look like success.
fn existing(file: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        file.exists(),
        "there is no database at {} (database_url); `herald serve` makes one",
        file.display()
    );
    Ok(())
}
