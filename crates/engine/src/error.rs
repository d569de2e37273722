//! Why a use case was not carried out: what the client is told, apart from what the log is told.

use herald_domain::problem::Problem;
use herald_store::StoreError;

/// A use case's answer.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

/// Why a use case was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The request was at fault; the problem says how, in words for the client.
    #[error("{0}")]
    Refused(#[from] Problem),
    /// It cannot be done right now and may be later (503). The text is for the log.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect (500). The text is for the log, never for the client.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            StoreError::Corrupt(reason) | StoreError::Internal(reason) => Self::Internal(reason),
        }
    }
}
