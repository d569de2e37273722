//! `migrate` and `backup`.

use std::{fmt::Display, path::Path};

use anyhow::{Context as _, bail};
use tokio::runtime::Runtime;

use crate::{
    config::{Config, Database},
    keys::secret_key_file,
    terminal::say,
};

/// Brings the database's schema up to date.
pub(crate) fn migrate(config: &Config) -> anyhow::Result<()> {
    match &config.database {
        Database::Sqlite(file) => {
            existing(file)?;
            let name = file.display();
            let migrated = herald_store_sqlite::migrate(file);
            let versions = migrated.with_context(|| format!("{name} cannot be migrated"))?;
            tell_versions(name, versions);
        }
        Database::Postgres(url) => {
            let migrated = one_thread()?.block_on(herald_store_postgres::migrate(url.reveal()));
            let versions = migrated.with_context(|| format!("{url} cannot be migrated"))?;
            tell_versions(url, versions);
        }
    }
    Ok(())
}

fn tell_versions<V: Display + PartialEq>(name: impl Display, (before, after): (V, V)) {
    if before == after {
        say(&format!("{name} is up to date: schema version {after}"));
    } else {
        say(&format!("{name} was brought from schema version {before} to {after}"));
    }
}

/// Writes a consistent copy of the database, while Herald may be running.
pub(crate) fn backup(config: &Config, to: &Path) -> anyhow::Result<()> {
    let Database::Sqlite(file) = &config.database else {
        bail!(
            "`herald backup` copies an SQLite file, and {} is PostgreSQL's: pg_dump writes a \
             consistent copy of a database, pg_basebackup one of the whole server; keep secret.key \
             too, apart from it",
            config.database
        );
    };
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

/// For a command that asks a server and ends.
pub(crate) fn one_thread() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// SQLite would make a file that is not there, and the wrong path would look like success.
pub(crate) fn existing(file: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        file.exists(),
        "there is no database at {} (database_url); `herald serve` makes one",
        file.display()
    );
    Ok(())
}
