#![allow(unused, clippy::unimplemented)]
//! Links into the portal, and sessions in it.

use async_trait::async_trait;
use herald_domain::{
    id::AccountId,
    session::{NewSession, PortalLink, Role, SESSION_IDLE, Session},
    time::Timestamp,
};
use herald_store::{Result, Sessions};

use crate::PostgresStore;

#[async_trait]
impl Sessions for PostgresStore {
    async fn create_link(&self, link: PortalLink) -> Result<bool> {
        unimplemented!()
    }

    async fn link(&self, hash: [u8; 32]) -> Result<Option<PortalLink>> {
        unimplemented!()
    }

    async fn use_link(&self, link: [u8; 32], session: NewSession) -> Result<Option<PortalLink>> {
        unimplemented!()
    }

    async fn session(&self, hash: [u8; 32]) -> Result<Option<Session>> {
        unimplemented!()
    }

    async fn note_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()> {
        unimplemented!()
    }

    async fn end_session(&self, hash: [u8; 32]) -> Result<bool> {
        unimplemented!()
    }

    async fn end_sessions(&self, account: AccountId) -> Result<usize> {
        unimplemented!()
    }

    async fn expire_sessions(&self, now: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }
}
