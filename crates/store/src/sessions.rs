//! Who may be in the portal: unused links, and sessions that have not ended.

use async_trait::async_trait;
use herald_domain::{
    id::AccountId,
    session::{NewSession, PortalLink, Session},
    time::Timestamp,
};

use crate::Result;

/// Who may be in the portal. Links and sessions are named by the SHA-256 of their tokens.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Keeps a link; `false` if its account does not exist.
    async fn create_link(&self, link: PortalLink) -> Result<bool>;

    /// The link with this hash, as long as nobody has used it.
    async fn link(&self, hash: [u8; 32]) -> Result<Option<PortalLink>>;

    /// Uses a link: it is gone, and the session has begun. `None`, and no session, if there is no
    /// such link, or if it is not open any more when the session begins. Of many at once, one
    /// gets the session.
    async fn use_link(&self, link: [u8; 32], session: NewSession) -> Result<Option<PortalLink>>;

    /// The session with this hash, until it is ended or removed: whether it is live is for whoever
    /// asks to judge.
    async fn session(&self, hash: [u8; 32]) -> Result<Option<Session>>;

    /// Notes that somebody was there; never an earlier time than was noted before.
    async fn note_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// Ends a session; `false` if there is none.
    async fn end_session(&self, hash: [u8; 32]) -> Result<bool>;

    /// Ends every session of an account, and removes its unused links, so that nobody comes back
    /// by one. Answers how many sessions have ended.
    async fn end_sessions(&self, account: AccountId) -> Result<usize>;

    /// Removes at most `limit` of the links and sessions that are not open or live at `now`, and
    /// answers how many: fewer than `limit` means that nothing is left.
    async fn expire_sessions(&self, now: Timestamp, limit: usize) -> Result<usize>;
}
