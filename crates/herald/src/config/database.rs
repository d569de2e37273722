//! `database_url`: which backend, and where it is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where everything is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// The embedded default: one file.
    Sqlite(PathBuf),
}

impl Database {
    /// The folder of Herald's files.
    pub(crate) fn folder(&self) -> &Path {
        let Self::Sqlite(file) = self;
        match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(format!("has no scheme in {url:?}: write sqlite:PATH"));
        };
        match scheme {
            "sqlite" => sqlite(rest),
            // Not repeated: the URL may have a password in it.
            "postgres" | "postgresql" => Err("names PostgreSQL, which is not built in yet; this \
                 version supports sqlite:PATH, for example sqlite:herald-data/herald.db"
                .into()),
            other => {
                Err(format!("has the unknown scheme {other:?}: this version supports sqlite:PATH"))
            }
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

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Sqlite(path) = self;
        write!(f, "sqlite:{}", path.display())
    }
}
