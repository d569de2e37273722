//! Signing in to the portal: links that open it once, and the sessions that follow.
//!
//! Nobody has a password. The operator's side makes a link for an account, with a role; whoever
//! uses it first gets a session, which ends by itself. Of both only hashes are kept.

use std::{fmt, str::FromStr, time::Duration};

use crate::{
    account::{EnvironmentId, Mode},
    id::AccountId,
    time::Timestamp,
};

/// A session ends this long after it began, however much it is used.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);

/// A session that nobody used for this long has ended.
pub const SESSION_IDLE: Duration = Duration::from_secs(3600);

/// What somebody may do in the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// Sees everything of the account, changes nothing.
    Viewer = 0,
    /// Changes things too.
    Manager = 1,
}

impl Role {
    /// The word in the API and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Manager => "manager",
        }
    }

    /// The role with this number, as a store kept it.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Viewer),
            1 => Some(Self::Manager),
            _ => None,
        }
    }

    /// Whether it may change anything.
    pub const fn may_change(self) -> bool {
        matches!(self, Self::Manager)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Viewer, Self::Manager].into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

/// A link that opens the portal once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortalLink {
    /// SHA-256 of its token, which has ≥ 128 random bits.
    pub hash: [u8; 32],
    /// Whose portal it opens, and on which environment it lands.
    pub environment: EnvironmentId,
    /// What whoever uses it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

impl PortalLink {
    /// Whether it still opens the portal, if nobody has used it yet.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// A session that is about to begin by using a link, which says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// SHA-256 of its token, which has ≥ 128 random bits.
    pub hash: [u8; 32],
    /// When it begins.
    pub at: Timestamp,
}

impl NewSession {
    /// The session that begins by using this link.
    pub fn by(self, link: &PortalLink) -> Session {
        Session {
            hash: self.hash,
            account: link.environment.account,
            role: link.role,
            created_at: self.at,
            seen_at: self.at,
            expires_at: self.at.after(SESSION_LIFE),
        }
    }
}

/// Somebody's time in the portal of one account, in both its environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the token in the browser's cookie.
    pub hash: [u8; 32],
    /// Whose portal.
    pub account: AccountId,
    /// What they may do.
    pub role: Role,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they were last noted to be there.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether it has not ended by itself.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now.since(self.seen_at) < SESSION_IDLE
    }

    /// One of the account's environments.
    pub const fn environment(&self, mode: Mode) -> EnvironmentId {
        EnvironmentId { account: self.account, mode }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ObjectId;

    const BEGINNING: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn session() -> Session {
        let account = AccountId(ObjectId::from_bytes([1; 12]));
        let link = PortalLink {
            hash: [1; 32],
            environment: EnvironmentId { account, mode: Mode::Live },
            role: Role::Manager,
            created_at: BEGINNING,
            expires_at: BEGINNING.after(Duration::from_secs(60)),
        };
        assert!(link.is_open(BEGINNING.after(Duration::from_millis(59_999))));
        assert!(!link.is_open(link.expires_at));
        NewSession { hash: [2; 32], at: BEGINNING }.by(&link)
    }

    #[test]
    fn a_session_ends_after_an_hour_of_rest() {
        let session = session();
        assert!(session.is_live(BEGINNING.after(SESSION_IDLE).before(Duration::from_millis(1))));
        assert!(!session.is_live(BEGINNING.after(SESSION_IDLE)));
    }

    #[test]
    fn a_session_ends_after_twelve_hours_however_much_it_is_used() {
        let last = BEGINNING.after(SESSION_LIFE).before(Duration::from_millis(1));
        let session = Session { seen_at: last, ..session() };
        assert!(session.is_live(last));
        assert!(!session.is_live(BEGINNING.after(SESSION_LIFE)));
    }

    #[test]
    fn only_a_manager_may_change_anything() {
        assert!(Role::Manager.may_change() && !Role::Viewer.may_change());
        for role in [Role::Viewer, Role::Manager] {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(Role::from_code(role as u8), Some(role));
        }
        assert_eq!("admin".parse::<Role>(), Err(()));
        assert_eq!(Role::from_code(2), None);
    }
}
