//! The temporary endpoint and the webhook on it, from making to taking back.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::{
    client::{
        api::Api,
        failure::Failure,
        output::{self, field, pairs},
    },
    config::SecretText,
};

/// Longest wait for one deletion: whoever pressed Ctrl-C wants to go.
const TAKING_BACK: Duration = Duration::from_secs(10);

const DESCRIPTION: &str = "made by `herald listen`; deleted when it ends";

/// What is there because this command runs.
#[derive(Debug, Default)]
pub(super) struct Session {
    endpoint: Option<Endpoint>,
    webhook: Option<Webhook>,
}

#[derive(Debug)]
struct Endpoint {
    id: String,
    url: String,
    expires: String,
}

#[derive(Debug)]
struct Webhook {
    id: String,
    secret: SecretText,
}

impl Session {
    /// Makes the endpoint; answers its id.
    pub(super) async fn make_endpoint(&mut self, api: &Api) -> Result<String, Failure> {
        let answer = api.post(&["v1", "endpoints"], &json!({ "description": DESCRIPTION })).await?;
        let made = answer.value()?;
        let endpoint = Endpoint {
            id: field(&made, "id"),
            url: field(&made, "url"),
            expires: field(&made, "expiresAt"),
        };
        let id = endpoint.id.clone();
        self.endpoint = Some(endpoint);
        Ok(id)
    }

    /// Makes the webhook on the endpoint.
    pub(super) async fn make_webhook(
        &mut self,
        api: &Api,
        events: &[String],
    ) -> Result<(), Failure> {
        let url = self.endpoint.as_ref().map(|endpoint| &endpoint.url);
        let new =
            json!({ "url": url, "enabled": true, "events": events, "description": DESCRIPTION });
        let made = api.post(&["v1", "webhooks"], &new).await?.value()?;
        let secret = SecretText::new(field(&made, "secret"));
        self.webhook = Some(Webhook { id: field(&made, "id"), secret });
        Ok(())
    }

    /// The webhook's secret.
    pub(super) fn secret(&self) -> Option<&str> {
        self.webhook.as_ref().map(|webhook| webhook.secret.reveal())
    }

    /// What was made, for the developer: the local program needs the secret to verify.
    pub(super) fn told(&self) -> String {
        let mut told = Vec::new();
        if let Some(endpoint) = &self.endpoint {
            told.push(("endpoint", endpoint.url.clone()));
        }
        if let Some(webhook) = &self.webhook {
            told.push(("webhook", webhook.id.clone()));
            told.push(("signing secret", webhook.secret.reveal().to_owned()));
        }
        pairs(&told)
    }

    /// Deletes the webhook, then the endpoint. Answers what is left, if that did not work.
    pub(super) async fn take_back(&mut self, api: &Api) -> Option<String> {
        let mut why = None;
        if let Some(webhook) = &self.webhook {
            match delete(api, &["v1", "webhooks", &webhook.id]).await {
                Ok(()) => self.webhook = None,
                Err(problem) => why = Some(problem),
            }
        }
        // An endpoint that is gone before its webhook would make the webhook fail.
        if let (Some(endpoint), None) = (&self.endpoint, &self.webhook) {
            match delete(api, &["v1", "endpoints", &endpoint.id]).await {
                Ok(()) => self.endpoint = None,
                Err(problem) => why = Some(problem),
            }
        }
        why.and_then(|why| self.left(&why))
    }

    /// What is left, and what to do about it.
    pub(super) fn left(&self, why: &str) -> Option<String> {
        let mut left = Vec::new();
        if let Some(webhook) = &self.webhook {
            left.push(format!("a webhook is left: `herald webhooks delete {}`", webhook.id));
        }
        if let Some(Endpoint { id, expires, .. }) = &self.endpoint {
            left.push(format!("the endpoint {id} is left, and goes by itself at {expires}"));
        }
        (!left.is_empty()).then(|| format!("{} ({})", left.join("; "), output::plain(why)))
    }
}

/// Deletes it, or finds it gone.
async fn delete(api: &Api, path: &[&str]) -> Result<(), String> {
    match timeout(TAKING_BACK, api.delete(path)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(failure)) if failure.is_not_found() => Ok(()),
        Ok(Err(failure)) => Err(failure.to_string()),
        Err(_) => Err(format!("no answer within {TAKING_BACK:?}")),
    }
}
