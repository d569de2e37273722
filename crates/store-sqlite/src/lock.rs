//! One process to a file: an advisory lock on a file beside the database, held while it is open.
//! The system lets go of it when the process ends, however it ends.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use herald_store::{Result, StoreError};

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of this database, or says who may have it.
    pub(crate) fn take(database: &Path) -> Result<Self> {
        let path = beside(database, ".lock");
        let refuse =
            |problem: String| StoreError::Unavailable(format!("{}: {problem}", path.display()));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| refuse(format!("cannot open the lock file: {error}")))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(refuse(
                "another Herald has this database open; one process to a file: stop it first, \
                 or give this one a database_url of its own"
                    .to_owned(),
            )),
            Err(TryLockError::Error(error)) => Err(refuse(format!("cannot lock: {error}"))),
        }
    }
}

/// The database's path with this suffix.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(suffix);
    path.into()
}
