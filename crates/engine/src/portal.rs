//! Signing in to the portal: links that are used once, and sessions.
//!
//! A token is 32 random alphanumerics (190 bits), and only its SHA-256 is kept, as of an API key.
//! What a page's forms carry against forgery is derived from the session's token, which only the
//! browser has: nothing that is stored makes one, and one session's is no other's.

use std::time::Duration;

use herald_domain::{
    account::EnvironmentId,
    id::AccountId,
    session::{NewSession, PortalLink, Role, Session},
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    Engine, Result,
    accounts::unknown_account,
    keys::{hash, random_text},
};

/// A session is noted to be used at most so often, so that looking at pages does not write.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// Sets what is derived from a token apart from the hash that is stored of it.
const FORMS: &[u8] = b"herald: forms of the session ";

/// What opens a link or a session. Its text is for the address or the cookie, never for the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// The token as somebody presented it.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

/// A new link, to be handed over once.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// Where it leads.
    pub url: String,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Their session.
    pub session: Session,
    /// What the forms of their pages carry: 64 hex digits.
    pub form_token: String,
}

impl SignedIn {
    fn new(session: Session, token: &Token) -> Self {
        let digest = Sha256::new().chain_update(FORMS).chain_update(token.reveal()).finalize();
        let digit =
            |four: u8| char::from_digit(four.into(), 16).expect("four bits are a hex digit");
        let form_token =
            digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        Self { session, form_token }
    }

    /// Whether a form was on a page of this session. Takes as long for every wrong token.
    pub fn owns_form(&self, presented: &str) -> bool {
        self.form_token.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl Engine {
    /// What time it is, for pages that say how long ago something was.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes a link that opens the portal once, within `life` from now.
    pub async fn create_portal_link(
        &self,
        environment: EnvironmentId,
        role: Role,
        life: Duration,
    ) -> Result<NewLink> {
        let token = Token(random_text(&*self.chance));
        let now = self.clock.now();
        let expires_at = now.after(life);
        let link =
            PortalLink { hash: token.hash(), environment, role, created_at: now, expires_at };
        if !self.store.create_link(link).await? {
            return Err(unknown_account(environment.account).into());
        }
        let base = self.settings.public_url.trim_end_matches('/');
        Ok(NewLink { url: format!("{base}/portal/link/{}", token.reveal()), expires_at })
    }

    /// The link with this token, if it would open the portal now. It is not used by being asked
    /// for.
    pub async fn portal_link(&self, token: &Token) -> Result<Option<PortalLink>> {
        let now = self.clock.now();
        Ok(self.store.link(token.hash()).await?.filter(|link| link.is_open(now)))
    }

    /// Uses a link: it opens nothing afterwards, and a session begins. `None` if it was used
    /// before, is over, or never was.
    pub async fn sign_in(&self, link: &Token) -> Result<Option<(Token, PortalLink)>> {
        let token = Token(random_text(&*self.chance));
        let session = NewSession { hash: token.hash(), at: self.clock.now() };
        let used = self.store.use_link(link.hash(), session).await?;
        Ok(used.map(|link| (token, link)))
    }

    /// Who has this session, if it has not ended. Asking keeps it from ending by rest.
    pub async fn signed_in(&self, token: &Token) -> Result<Option<SignedIn>> {
        let signed_in = self.still_signed_in(token).await?;
        if let Some(SignedIn { session, .. }) = &signed_in {
            let now = self.clock.now();
            if now.since(session.seen_at) >= NOTED_EVERY {
                self.store.note_session(session.hash, now).await?;
            }
        }
        Ok(signed_in)
    }

    /// Who has this session, if it has not ended. Unlike [`Engine::signed_in`], the question does not
    /// count as using it: an open page may ask for as long as it likes.
    pub async fn still_signed_in(&self, token: &Token) -> Result<Option<SignedIn>> {
        let now = self.clock.now();
        let session = self.store.session(token.hash()).await?;
        let live = session.filter(|session| session.is_live(now));
        Ok(live.map(|session| SignedIn::new(session, token)))
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &Session) -> Result<()> {
        self.store.end_session(session.hash).await?;
        Ok(())
    }

    /// Ends every session of an account, and makes its unused links open nothing. Answers how many
    /// sessions have ended.
    pub async fn end_sessions(&self, account: AccountId) -> Result<usize> {
        self.account(account).await?;
        Ok(self.store.end_sessions(account).await?)
    }
}
