//! Why a store could not do what it was asked.

/// A store's answer.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store could not do what it was asked. Nothing of the intent happened.
///
/// The texts are for the log, never for a client.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, the database is gone or locked: it may work again later. New work is
    /// answered 503; work under way goes on.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be read back. Neighbouring rows still can.
    #[error("the store holds what it cannot read: {0}")]
    Corrupt(String),
    /// A defect of Herald.
    #[error("the store failed: {0}")]
    Internal(String),
}
