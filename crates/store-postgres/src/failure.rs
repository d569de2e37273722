//! From PostgreSQL's errors to the store's.

use herald_store::StoreError;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// What a piece of work answers inside a transaction.
pub(crate) type Outcome<T> = Result<T, Failed>;

/// Why a piece of work did not come to its end.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The database said so, or was not there to say anything.
    Sql(tokio_postgres::Error),
    /// The pool had no connection to give.
    Pool(deadpool_postgres::PoolError),
    /// Another transaction was faster; run again, this one sees what it did.
    Overtaken,
    /// What was read makes no sense, or the store cannot do it.
    Store(StoreError),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<deadpool_postgres::PoolError> for Failed {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => Self::Sql(error),
            other => Self::Pool(other),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failed {
    /// What is stored cannot be what was written.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Corrupt(what.into()))
    }

    /// Whether a statement was prepared before a newer node's migration added columns to what it
    /// reads: it has to be prepared again.
    pub(crate) fn is_old_plan(&self) -> bool {
        match self {
            Self::Sql(error) => error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED),
            Self::Pool(_) | Self::Overtaken | Self::Store(_) => false,
        }
    }

    /// Whether two transactions got in each other's way, so that this one may simply be run again.
    pub(crate) fn is_clash(&self) -> bool {
        // The last is what statements are told that were sent together with one that clashed.
        let clashes = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::IN_FAILED_SQL_TRANSACTION,
        ];
        matches!(self, Self::Overtaken)
            || self.is_old_plan()
            || self.state().is_some_and(|state| clashes.contains(state))
    }

    /// Whether the connection is of no more use.
    pub(crate) fn is_lost_connection(&self) -> bool {
        match self {
            Self::Sql(error) => match error.code() {
                Some(state) => is_of_the_connection(state),
                None => !is_of_a_value(error),
            },
            Self::Pool(_) | Self::Overtaken | Self::Store(_) => false,
        }
    }

    /// Whether a commit that was answered so may have been done all the same: the server has not said
    /// that it was not, or it was about to end.
    pub(crate) fn leaves_a_commit_open(&self) -> bool {
        let severity = match self {
            Self::Sql(error) => error.as_db_error().and_then(DbError::parsed_severity),
            Self::Pool(_) | Self::Overtaken | Self::Store(_) => None,
        };
        self.is_lost_connection() || matches!(severity, Some(Severity::Fatal | Severity::Panic))
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Sql(error) => error.code(),
            Self::Pool(_) | Self::Overtaken | Self::Store(_) => None,
        }
    }
}

/// Errors that the driver makes of values, not of the wire.
fn is_of_a_value(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.starts_with("error deserializing")
        || text.starts_with("error serializing")
        || text.starts_with("invalid column")
        || text.starts_with("query returned")
}

/// The server ends the connection, or will not have one now.
fn is_of_the_connection(state: &SqlState) -> bool {
    let code = state.code();
    code.starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            // It has become a standby: another server is the primary.
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(state)
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Store(error) => error,
            Failed::Pool(error) => Self::Unavailable(error.to_string()),
            Failed::Overtaken => {
                Self::Unavailable("other nodes were faster each time it was tried".to_owned())
            }
            Failed::Sql(error) => explain(&error),
        }
    }
}

/// What PostgreSQL's error means to Herald.
fn explain(error: &tokio_postgres::Error) -> StoreError {
    let text = in_words(error);
    let Some(state) = error.code() else {
        return if is_of_a_value(error) {
            StoreError::Corrupt(text)
        } else {
            StoreError::Unavailable(text)
        };
    };
    let code = state.code();
    // Resources are short; an operator steps in; the disk fails; the server may only be read.
    let passing = ["53", "57", "58"].iter().any(|class| code.starts_with(class))
        || is_of_the_connection(state)
        || [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(state)
        || code.starts_with("28");
    let damage = [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED];
    if passing {
        StoreError::Unavailable(text)
    } else if damage.contains(state) {
        StoreError::Corrupt(text)
    } else {
        StoreError::Internal(text)
    }
}

const UNKNOWN_AUTHORITY: &str = "add the authority of the server's certificate to the system's, or name \
                                 its file in SSL_CERT_FILE (sslmode=disable only on a network that \
                                 nobody else is on)";

const STANDBY: &str = "the PostgreSQL server is a standby, or lets nobody write; give the primary in \
                       database_url";

/// The error and what it comes from; never a value, which may be a secret.
fn in_words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) if source.to_string().contains("peer certificate") => {
                format!("{error}: {source}; {UNKNOWN_AUTHORITY}")
            }
            // As the driver says it of a server that may only be read.
            Some(source) if source.to_string().contains("does not allow writes") => {
                STANDBY.to_owned()
            }
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
