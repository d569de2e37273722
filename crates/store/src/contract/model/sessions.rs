//! The model's links and sessions.

use async_trait::async_trait;
use herald_domain::{
    id::AccountId,
    session::{NewSession, PortalLink, Session},
    time::Timestamp,
};

use super::Model;
use crate::{Result, Sessions};

#[async_trait]
impl Sessions for Model {
    async fn create_link(&self, link: PortalLink) -> Result<bool> {
        let mut data = self.data();
        let known = data.accounts.iter().any(|account| account.id == link.environment.account);
        data.links.extend(known.then_some(link));
        Ok(known)
    }

    async fn link(&self, hash: [u8; 32]) -> Result<Option<PortalLink>> {
        Ok(self.data().links.iter().find(|link| link.hash == hash).copied())
    }

    async fn use_link(&self, link: [u8; 32], session: NewSession) -> Result<Option<PortalLink>> {
        let mut data = self.data();
        let opens = |found: &PortalLink| found.hash == link && found.is_open(session.at);
        let Some(place) = data.links.iter().position(opens) else { return Ok(None) };
        let used = data.links.remove(place);
        data.sessions.push(session.by(&used));
        Ok(Some(used))
    }

    async fn session(&self, hash: [u8; 32]) -> Result<Option<Session>> {
        Ok(self.data().sessions.iter().find(|session| session.hash == hash).copied())
    }

    async fn note_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()> {
        let mut data = self.data();
        for session in data.sessions.iter_mut().filter(|session| session.hash == hash) {
            session.seen_at = session.seen_at.max(at);
        }
        Ok(())
    }

    async fn end_session(&self, hash: [u8; 32]) -> Result<bool> {
        let mut data = self.data();
        let before = data.sessions.len();
        data.sessions.retain(|session| session.hash != hash);
        Ok(data.sessions.len() < before)
    }

    async fn end_sessions(&self, account: AccountId) -> Result<usize> {
        let mut data = self.data();
        let before = data.sessions.len();
        data.links.retain(|link| link.environment.account != account);
        data.sessions.retain(|session| session.account != account);
        Ok(before - data.sessions.len())
    }

    async fn expire_sessions(&self, now: Timestamp, limit: usize) -> Result<usize> {
        let mut data = self.data();
        let mut removed = 0;
        let mut stays = |is_over: bool| {
            let stays = !is_over || removed == limit;
            removed += usize::from(!stays);
            stays
        };
        data.links.retain(|link| stays(!link.is_open(now)));
        data.sessions.retain(|session| stays(!session.is_live(now)));
        Ok(removed)
    }
}
