//! Webhooks, as people configure them.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    rotation::{RotationRunning, SecretChange},
    time::Timestamp,
    webhook::{Webhook, WebhookPatch},
};

use crate::{Listed, Page, Result, TimeRange};

/// Which webhooks of an environment; all conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookFilter {
    /// Only (not) enabled ones.
    pub enabled: Option<bool>,
    /// Only this exact URL.
    pub url: Option<String>,
    /// Only those whose list of events has this name in it.
    pub event: Option<String>,
    /// When they were made.
    pub created: TimeRange,
    /// When they last changed.
    pub updated: TimeRange,
}

/// What came of making a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there.
    Created,
    /// The environment has as many as it may have.
    LimitReached,
    /// There is no such account.
    UnknownAccount,
}

/// What came of changing a webhook's secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretChanged {
    /// It is changed; the webhook as it is now.
    Changed(Box<Webhook>),
    /// Another rotation runs.
    Running(RotationRunning),
    /// There is no such webhook.
    UnknownWebhook,
}

/// Webhooks, as people configure them. An event recorded after one of these returned sees what
/// it did: no cache is older than the commit.
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// Makes a webhook, if its environment then has at most `limit`.
    async fn create_webhook(&self, webhook: Webhook, limit: u32) -> Result<Created>;

    /// Applies a patch; answers the webhook as it is then. `None` if there is none. Its
    /// deliveries stay as they are.
    async fn update_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        patch: WebhookPatch,
        at: Timestamp,
    ) -> Result<Option<Webhook>>;

    /// Changes its secrets ([`Webhook::with_secrets`]). Its deliveries stay as they are. A secret
    /// whose rotation is over is kept no longer than until [`crate::Upkeep::end_rotations`].
    async fn change_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        change: SecretChange,
        at: Timestamp,
    ) -> Result<SecretChanged>;

    /// Deletes it: from now on nothing matches it, and nothing of it can be claimed. What is
    /// pending or held is cancelled by [`crate::Upkeep::cancel_orphans`], some at a time.
    /// `false` if there is none.
    async fn delete_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        at: Timestamp,
    ) -> Result<bool>;

    /// The webhook with this id in this environment.
    async fn webhook(&self, environment: EnvironmentId, id: WebhookId) -> Result<Option<Webhook>>;

    /// A page of the environment's webhooks, newest first.
    async fn list_webhooks(
        &self,
        environment: EnvironmentId,
        filter: WebhookFilter,
        page: Page,
    ) -> Result<Listed<Webhook>>;
}
