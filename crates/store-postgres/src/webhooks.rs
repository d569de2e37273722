#![allow(unused, clippy::unimplemented)]
//! Webhooks.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::{AccountId, WebhookId},
    rotation::SecretChange,
    time::Timestamp,
    webhook::{Webhook, WebhookPatch},
};
use herald_store::{Created, Listed, Page, Result, SecretChanged, WebhookFilter, Webhooks};

use crate::PostgresStore;

#[async_trait]
impl Webhooks for PostgresStore {
    async fn create_webhook(&self, webhook: Webhook, limit: u32) -> Result<Created> {
        unimplemented!()
    }

    async fn update_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        patch: WebhookPatch,
        at: Timestamp,
    ) -> Result<Option<Webhook>> {
        unimplemented!()
    }

    async fn change_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        change: SecretChange,
        at: Timestamp,
    ) -> Result<SecretChanged> {
        unimplemented!()
    }

    async fn delete_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        at: Timestamp,
    ) -> Result<bool> {
        unimplemented!()
    }

    async fn webhook(&self, environment: EnvironmentId, id: WebhookId) -> Result<Option<Webhook>> {
        unimplemented!()
    }

    async fn list_webhooks(
        &self,
        environment: EnvironmentId,
        filter: WebhookFilter,
        page: Page,
    ) -> Result<Listed<Webhook>> {
        unimplemented!()
    }
}
