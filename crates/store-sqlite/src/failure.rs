//! From SQLite's errors to the store's.

use herald_store::StoreError;
use rusqlite::{Error, ErrorCode};

/// What SQLite's error means to Herald.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
pub(crate) fn explain(error: Error) -> StoreError {
    let text = error.to_string();
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory => StoreError::Unavailable(text),
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(text),
            _ => StoreError::Internal(text),
        },
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt(text),
        _ => StoreError::Internal(text),
    }
}
