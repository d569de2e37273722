//! How to reach a webhook: its URL judged and parsed, its secret opened and made ready to sign.

use std::sync::Arc;

use herald_domain::{
    attempt::{ErrorClass, Failure},
    id::EventId,
    signature::{Signatures, Signer},
    time::Timestamp,
    webhook::Webhook,
};

use crate::{
    Sealer,
    endpoints::{Door, Doors},
    http::{Client, Destination},
};

/// How to reach a webhook, until it is changed.
#[derive(Debug)]
pub(super) struct Route {
    pub url: String,
    /// Why it cannot be tried, if so: each attempt then fails with it, on its schedule.
    pub way: Result<Way, Failure>,
}

/// Where to, and signed how.
#[derive(Debug)]
pub(super) struct Way {
    pub target: Target,
    signer: Signer,
}

/// Where a notification goes.
#[derive(Debug)]
pub(super) enum Target {
    /// To a receiver, through the guarded client.
    Receiver(Arc<Destination>),
    /// To a temporary endpoint of Herald's own, without a connection.
    Endpoint(Door),
}

impl Way {
    pub(super) fn sign(&self, event: EventId, at: Timestamp, body: &[u8]) -> Signatures {
        self.signer.sign(event, at.seconds(), body)
    }
}

/// Makes routes.
pub(super) struct Router {
    client: Client,
    sealer: Sealer,
    doors: Doors,
}

impl Router {
    pub(super) fn new(client: Client, sealer: Sealer, doors: Doors) -> Self {
        Self { client, sealer, doors }
    }

    pub(super) fn route(&self, webhook: &Webhook) -> Arc<Route> {
        Arc::new(Route { url: webhook.url.clone(), way: self.way(webhook) })
    }

    fn way(&self, webhook: &Webhook) -> Result<Way, Failure> {
        let target = match self.doors.read(webhook.environment, &webhook.url) {
            Some(door) => Target::Endpoint(door),
            None => Target::Receiver(self.client.target(&webhook.url)?),
        };
        let secret = self.sealer.open(webhook.id, &webhook.secret).map_err(|error| {
            tracing::error!(webhook = %webhook.id, %error);
            Failure {
                class: ErrorClass::Internal,
                detail: "the webhook's secret cannot be read; rotate it".to_owned(),
            }
        })?;
        Ok(Way { target, signer: Signer::new(&secret) })
    }
}
