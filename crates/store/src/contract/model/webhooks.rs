//! The model's webhooks.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    rotation::SecretChange,
    time::Timestamp,
    webhook::{Webhook, WebhookPatch},
};

use super::{Model, WebhookRow, paged};
use crate::{Created, Listed, Page, Result, SecretChanged, WebhookFilter, Webhooks};

#[async_trait]
impl Webhooks for Model {
    async fn create_webhook(&self, webhook: Webhook, limit: u32) -> Result<Created> {
        let mut data = self.data();
        let environment = webhook.environment;
        if !data.accounts.iter().any(|account| account.id == environment.account) {
            return Ok(Created::UnknownAccount);
        }
        let others = data.webhooks.iter().filter(|row| in_environment(row, environment));
        if others.count() >= limit as usize {
            return Ok(Created::LimitReached);
        }
        data.webhooks.push(WebhookRow {
            webhook,
            deleted: false,
            succeeded_at: None,
            mark: None,
            warned_at: None,
        });
        Ok(Created::Created)
    }

    async fn update_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        patch: WebhookPatch,
        at: Timestamp,
    ) -> Result<Option<Webhook>> {
        let mut data = self.data();
        let found = data.webhook_mut(id).filter(|row| row.webhook.environment == environment);
        let Some(row) = found else { return Ok(None) };
        row.webhook = row.webhook.clone().patched(&patch, at);
        Ok(data.webhook(id).map(|row| data.shown(row)))
    }

    async fn change_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        change: SecretChange,
        at: Timestamp,
    ) -> Result<SecretChanged> {
        let mut data = self.data();
        let found = data.webhook_mut(id).filter(|row| row.webhook.environment == environment);
        let Some(row) = found else { return Ok(SecretChanged::UnknownWebhook) };
        match row.webhook.clone().with_secrets(&change, at) {
            Err(running) => return Ok(SecretChanged::Running(running)),
            Ok(changed) => row.webhook = changed,
        }
        let shown = data.webhook(id).map(|row| data.shown(row));
        Ok(shown.map_or(SecretChanged::UnknownWebhook, |one| SecretChanged::Changed(one.into())))
    }

    async fn delete_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        _: Timestamp,
    ) -> Result<bool> {
        let mut data = self.data();
        let found = data.webhook_mut(id).filter(|row| row.webhook.environment == environment);
        Ok(found.map(|row| row.deleted = true).is_some())
    }

    async fn webhook(&self, environment: EnvironmentId, id: WebhookId) -> Result<Option<Webhook>> {
        let data = self.data();
        let found = data.webhook(id).map(|row| data.shown(row));
        Ok(found.filter(|webhook| webhook.environment == environment))
    }

    async fn list_webhooks(
        &self,
        environment: EnvironmentId,
        filter: WebhookFilter,
        page: Page,
    ) -> Result<Listed<Webhook>> {
        let data = self.data();
        let rows = data.webhooks.iter().filter(|row| in_environment(row, environment));
        let kept = rows.filter(|row| keeps(&filter, &row.webhook));
        Ok(paged(kept.map(|row| data.shown(row)).collect(), page))
    }
}

fn in_environment(row: &WebhookRow, environment: EnvironmentId) -> bool {
    row.webhook.environment == environment && !row.deleted
}

fn keeps(filter: &WebhookFilter, webhook: &Webhook) -> bool {
    filter.enabled.is_none_or(|enabled| enabled == webhook.enabled)
        && filter.url.as_ref().is_none_or(|url| *url == webhook.url)
        && filter.event.as_ref().is_none_or(|event| webhook.events.names().contains(event))
        && filter.created.contains(webhook.created_at)
        && filter.updated.contains(webhook.updated_at)
}
