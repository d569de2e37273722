//! `database_url`: which backend, and where it is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::SecretText;

/// The folder of Herald's files where the database is not a file itself.
const FOLDER: &str = "herald-data";

/// Where everything is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// The embedded default: one file.
    Sqlite(PathBuf),
    /// One database for any number of nodes.
    Postgres(PostgresUrl),
}

/// A URL that may have a password in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostgresUrl {
    url: SecretText,
    /// Without the password.
    shown: String,
}

impl Database {
    /// The folder of Herald's files.
    pub(crate) fn folder(&self) -> &Path {
        match self.file().map(Path::parent) {
            Some(Some(folder)) if !folder.as_os_str().is_empty() => folder,
            Some(_) => Path::new("."),
            None => Path::new(FOLDER),
        }
    }

    /// The file, if the database is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(file) => Some(file),
            Self::Postgres(_) => None,
        }
    }

    pub(super) fn parse(url: &str) -> Result<Self, String> {
        // Nothing of it is repeated: there may be a password in it.
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err("has no scheme: write sqlite:PATH or postgres://…".into());
        };
        match scheme {
            "sqlite" => sqlite(rest),
            "postgres" | "postgresql" => postgres(url),
            _ => Err("has an unknown scheme: write sqlite:PATH or postgres://…".into()),
        }
    }
}

fn sqlite(rest: &str) -> Result<Database, String> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path.ends_with('/') {
        return Err("names no file: write sqlite:PATH, for example \
             sqlite:herald-data/herald.db"
            .into());
    }
    if path.starts_with(':') {
        return Err("asks for a database in memory, which would lose what was accepted: write \
             sqlite:PATH"
            .into());
    }
    if path.contains('?') {
        return Err("takes no parameters after `?`: write sqlite:PATH".into());
    }
    Ok(Database::Sqlite(path.into()))
}

fn postgres(url: &str) -> Result<Database, String> {
    let shown = herald_store_postgres::shown_url(url)?;
    Ok(Database::Postgres(PostgresUrl { url: SecretText::new(url), shown }))
}

impl PostgresUrl {
    /// With the password, for whoever connects.
    pub(crate) fn reveal(&self) -> &str {
        self.url.reveal()
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}
