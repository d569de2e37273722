//! Webhooks: what the receiver's developer configures.
//!
//! Every change goes to the store first and then to the dispatcher, which forgets what it knew of
//! the webhook and claims anew; so a retry uses the URL and the secret of its own time, and
//! editing neither shortens nor resets nor drops what is scheduled (promise 4).

use herald_domain::{
    account::EnvironmentId,
    guard::judge_url,
    id::WebhookId,
    problem::Problem,
    signature::Secret,
    webhook::{Subscription, Webhook, WebhookPatch},
};
use herald_store::{Created, Listed, Page, WebhookFilter};

use crate::{
    Engine, EngineError, Result, accounts::unknown_account, keys::random_secret,
    notices::refuse_if_configured,
};

/// Longest description, characters.
const DESCRIPTION_LENGTH: usize = 1_000;

/// What it takes to make a webhook.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// What its owner says of it.
    pub description: Option<String>,
    /// Where notifications are POSTed.
    pub url: String,
    /// Whether they flow at once.
    pub enabled: bool,
    /// Event types, or `*`.
    pub events: Vec<String>,
}

/// What an update changes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChanges {
    /// A new description; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// A new URL.
    pub url: Option<String>,
    /// Start or stop the flow.
    pub enabled: Option<bool>,
    /// New event types.
    pub events: Option<Vec<String>>,
}

impl Engine {
    /// Makes a webhook; its secret is to be shown once.
    pub async fn create_webhook(
        &self,
        environment: EnvironmentId,
        new: NewWebhook,
    ) -> Result<(Webhook, Secret)> {
        self.check_url(environment, &new.url).await?;
        check_description(new.description.as_deref())?;
        let events = Subscription::new(&self.catalogue, new.events)?;
        let now = self.clock.now();
        let id = WebhookId(self.ids.next(now));
        let secret = random_secret(&*self.chance);
        let webhook = Webhook {
            id,
            environment,
            description: new.description,
            url: new.url,
            enabled: new.enabled,
            events,
            secret: self.sealer.seal(id, &secret, &*self.chance),
            rotation: None,
            disabled: None,
            failing: None,
            created_at: now,
            updated_at: now,
        };
        let limit = self.settings.webhooks_per_environment;
        match self.store.create_webhook(webhook.clone(), limit).await? {
            Created::Created => Ok((webhook, secret)),
            Created::LimitReached => {
                let message = format!(
                    "this environment has {limit} webhooks, which is the most it may have; \
                     delete one first"
                );
                Err(Problem::malformed(message).into())
            }
            Created::UnknownAccount => Err(unknown_account(environment.account).into()),
        }
    }

    /// Changes a webhook. What was in flight is recorded; what is scheduled stays scheduled.
    pub async fn update_webhook(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        changes: WebhookChanges,
    ) -> Result<Webhook> {
        if changes.description.is_some() || changes.url.is_some() || changes.events.is_some() {
            refuse_if_configured(id)?;
        }
        if let Some(url) = &changes.url {
            self.check_url(environment, url).await?;
        }
        check_description(changes.description.as_ref().and_then(Option::as_deref))?;
        let events =
            changes.events.map(|names| Subscription::new(&self.catalogue, names)).transpose()?;
        let patch = WebhookPatch {
            description: changes.description,
            url: changes.url,
            enabled: changes.enabled,
            events,
        };
        let now = self.clock.now();
        let store = self.store.clone();
        let updating = async move { store.update_webhook(environment, id, patch, now).await };
        let updated = self.change_and_forget(id, updating).await?;
        Ok(updated.ok_or_else(|| unknown_webhook(id))?.as_of(now))
    }

    /// Deletes a webhook; what is pending or held for it is cancelled.
    pub async fn delete_webhook(&self, environment: EnvironmentId, id: WebhookId) -> Result<()> {
        refuse_if_configured(id)?;
        let (store, tidy, now) = (self.store.clone(), self.tidy.clone(), self.clock.now());
        let deleting = async move {
            let deleted = store.delete_webhook(environment, id, now).await;
            if matches!(deleted, Ok(true)) {
                tidy.notify_one();
            }
            deleted
        };
        if !self.change_and_forget(id, deleting).await? {
            return Err(unknown_webhook(id).into());
        }
        Ok(())
    }

    /// Changes a webhook, and has the dispatcher forget what it knew of it, in a task of its own: a
    /// client that hangs up after the commit must not leave a dispatcher behind that goes on as if
    /// nothing had been changed.
    pub(crate) async fn change_and_forget<T: Send + 'static>(
        &self,
        id: WebhookId,
        change: impl Future<Output = herald_store::Result<T>> + Send + 'static,
    ) -> Result<T> {
        let dispatcher = self.dispatcher.clone();
        let changing = tokio::spawn(async move {
            let changed = change.await;
            dispatcher.forget(id);
            changed
        });
        Ok(changing.await.map_err(|error| EngineError::Internal(error.to_string()))??)
    }

    /// The webhook with this id.
    pub async fn webhook(&self, environment: EnvironmentId, id: WebhookId) -> Result<Webhook> {
        let webhook = self.store.webhook(environment, id).await?;
        Ok(webhook.ok_or_else(|| unknown_webhook(id))?.as_of(self.clock.now()))
    }

    /// A page of the environment's webhooks, newest first.
    pub async fn list_webhooks(
        &self,
        environment: EnvironmentId,
        filter: WebhookFilter,
        page: Page,
    ) -> Result<Listed<Webhook>> {
        let listed = self.store.list_webhooks(environment, filter, page).await?;
        let now = self.clock.now();
        Ok(listed.map(|webhook| webhook.as_of(now)))
    }

    /// Whether a webhook may have this URL: the guard's verdict, or a temporary endpoint of the
    /// same environment, which is reached without a connection and so need not be HTTPS or public.
    pub(crate) async fn check_url(&self, environment: EnvironmentId, url: &str) -> Result<()> {
        if let Some(door) = self.inbox.doors.read(environment, url) {
            return match self.inbox.find(&door).await? {
                Some(_) => Ok(()),
                None => Err(no_such_endpoint().into()),
            };
        }
        match judge_url(&self.settings.client.policy, url) {
            Ok(_) => Ok(()),
            Err(problem) => Err(Problem::invalid("url", problem.to_string()).into()),
        }
    }
}

pub(crate) fn check_description(description: Option<&str>) -> Result<(), Problem> {
    if description.is_some_and(|text| text.chars().count() > DESCRIPTION_LENGTH) {
        let message = format!("'description' should have at most {DESCRIPTION_LENGTH} characters");
        return Err(Problem::invalid("description", message));
    }
    Ok(())
}

fn no_such_endpoint() -> Problem {
    let message = "'url' should be a temporary endpoint of this environment that has not expired";
    Problem::invalid("url", message)
}

pub(crate) fn unknown_webhook(id: WebhookId) -> Problem {
    Problem::not_found("webhook", &id.to_string())
}
